//! The log: lines for people or for programs, on stderr. What was asked for goes to stdout.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::{LogFormat, LogSettings};

/// Begins to log. Called once in a process.
pub fn start(settings: &LogSettings) {
    let filter = filter(&settings.filter).unwrap_or_default();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let lines = lines.with_ansi(io::stderr().is_terminal());
    // Somebody who embeds this in a test may have begun already.
    let _ = match settings.format {
        LogFormat::Human => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
}

/// The directives in `text`, if it is a level or directives. A level alone leaves out what the HTTP
/// server below us says of its threads.
pub fn filter(text: &str) -> Option<EnvFilter> {
    if !text.chars().all(char::is_alphabetic) {
        return EnvFilter::try_new(text).ok();
    }
    // A word that is no level would be taken for the name of a module, and nothing be logged.
    let level: LevelFilter = text.parse().ok()?;
    let quiet = (LevelFilter::WARN..=LevelFilter::INFO).contains(&level);
    let directives = if quiet { format!("{text},actix_server=warn") } else { text.to_owned() };
    EnvFilter::try_new(directives).ok()
}
