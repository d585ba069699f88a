//! The `sanmon` program: reads the settings, starts the planes, waits to be told to stop.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use sanmon::app::Surroundings;
use sanmon::cli::{self, CliError, Request};
use sanmon::settings::Settings;
use sanmon::{App, VERSION, log, notice};
use sanmon_shared::clock::Clock;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads for what is not a request: following, reports, commits. Requests have workers of their
/// own.
const BACKGROUND_THREADS: usize = 2;

/// A mistake in flags, environment or settings file; clap uses the same.
const WRONG_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let request = match cli::parse(std::env::args_os(), &environment) {
        Ok(request) => request,
        Err(CliError::Flags(error)) => error.exit(),
        Err(error @ CliError::Settings(_)) => return refuse(&error, WRONG_SETTINGS),
    };
    let done = match request {
        Request::Version => print(&format!("sanmon {VERSION}")),
        Request::Openapi => sanmon::openapi().and_then(|text| print(&text)),
        Request::Check(settings) => print(&settings.to_string()),
        Request::Run(settings) => run(&settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}"), 1),
    }
}

fn refuse(error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    // Where stderr is gone, the status has to do.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(status)
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("cannot write to standard output")
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var(name).ok()
}

fn run(settings: &Settings) -> anyhow::Result<()> {
    log::start(&settings.log);
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed already"))?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(BACKGROUND_THREADS)
        .enable_all()
        .build()
        .context("the operating system gives no threads")?;
    let ended = runtime.block_on(serve(settings));
    // What still blocks (a look-up of a name, say) must not hold up the end.
    runtime.shutdown_background();
    ended
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    // Before anything listens, so that a signal is never lost.
    let mut stop = Stop::listen().context("cannot listen to signals")?;
    tracing::info!(version = VERSION, mode = ?settings.mode, data = %settings.data_dir.display(), "starting");
    let outside = Surroundings { environment: Arc::new(environment), clock: Clock::system() };
    let mut app = tokio::select! {
        app = App::start(settings, outside) => app?,
        () = stop.asked() => return Ok(()),
    };
    if let Some(first) = app.first_admin() {
        notice::show(&first, settings.log.format, &settings.data_dir)
            .context("cannot show the first admin's key")?;
    }
    stop.asked().await;
    tracing::info!("stopping; a second signal stops at once");
    tokio::select! {
        () = app.stop() => tracing::info!("stopped"),
        () = stop.asked() => tracing::warn!("stopped at once; requests were cut"),
    }
    Ok(())
}

/// SIGTERM and SIGINT.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
