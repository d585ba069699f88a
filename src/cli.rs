//! The command line: subcommands and flags, and from them the settings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::settings::{BOTH, CONTROL, DATA, Mode, Overlay, Settings, SettingsError};

/// An LLM gateway: a control plane with a REST admin API, and a data plane that serves the LLM
/// endpoints.
///
/// Every flag can also be set in the environment or, under its own name, in a TOML file
/// (`--config`); flags win over the environment, and that over the file. Secrets come from the
/// environment only, or from the file that `<NAME>_FILE` names: `SANMON_ADMIN_KEY`,
/// `SANMON_DATA_PLANE_TOKEN`, `SANMON_SEAL_KEY`.
#[derive(Debug, Parser)]
#[command(name = "sanmon", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Subcommands>,

    /// Settings file (TOML)
    #[arg(long, global = true, env = "SANMON_CONFIG", value_name = "FILE", help_heading = BOTH)]
    config: Option<PathBuf>,

    /// Check the settings, show them without secrets, and end
    #[arg(long, global = true, help_heading = BOTH)]
    check: bool,

    #[command(flatten)]
    overlay: Overlay,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Subcommands {
    /// Run both planes in one process (default)
    Serve,
    /// Run the control plane: admin API, store, publication
    ControlPlane,
    /// Run a data plane: what serves clients
    DataPlane,
    /// Print the OpenAPI descriptor of the admin API
    Openapi,
    /// Print the version
    Version,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Run planes until told to stop.
    Run(Box<Settings>),
    /// Show the settings and end.
    Check(Box<Settings>),
    /// Print the descriptor of the admin API.
    Openapi,
    /// Print the version.
    Version,
}

/// Why the command line was not understood.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// By clap, which also brings `--help` and `--version` this way.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    /// Settings that do not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Reads the command line and the environment.
pub fn parse<I, T>(
    arguments: I,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Request, CliError>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let (mode, headings): (_, &[_]) = match cli.command {
        None | Some(Subcommands::Serve) => (Some(Mode::Serve), &[BOTH, CONTROL, DATA]),
        Some(Subcommands::ControlPlane) => (Some(Mode::ControlPlane), &[BOTH, CONTROL]),
        Some(Subcommands::DataPlane) => (Some(Mode::DataPlane), &[BOTH, DATA]),
        Some(Subcommands::Openapi | Subcommands::Version) => (None, &[]),
    };
    refuse_flags_of_other_planes(&matches, headings)?;
    let Some(mode) = mode else {
        let version = matches!(cli.command, Some(Subcommands::Version));
        return Ok(if version { Request::Version } else { Request::Openapi });
    };
    let settings = Box::new(Settings::load(mode, cli.overlay, cli.config, environment)?);
    Ok(if cli.check { Request::Check(settings) } else { Request::Run(settings) })
}

/// A flag that has no effect is a mistake. Environment and file may be shared by all planes.
fn refuse_flags_of_other_planes(
    matches: &ArgMatches,
    headings: &[&str],
) -> Result<(), SettingsError> {
    let command = Cli::command();
    for arg in command.get_arguments() {
        let (Some(flag), Some(heading)) = (arg.get_long(), arg.get_help_heading()) else {
            continue;
        };
        let id = arg.get_id().as_str();
        let here = [Some(matches), matches.subcommand().map(|(_, matches)| matches)];
        let given = here.into_iter().flatten().any(|matches| {
            matches.try_contains_id(id).is_ok()
                && matches.value_source(id) == Some(ValueSource::CommandLine)
        });
        if given && !headings.contains(&heading) {
            let heading = [BOTH, CONTROL, DATA].into_iter().find(|h| *h == heading).unwrap_or(BOTH);
            return Err(SettingsError::Elsewhere { flag: format!("--{flag}"), heading });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &str) -> Result<Box<Settings>, CliError> {
        let arguments = arguments.split_whitespace();
        match parse(arguments, &|_| None)? {
            Request::Run(settings) | Request::Check(settings) => Ok(settings),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_stand_before_or_after_the_subcommand() {
        for line in ["sanmon --workers 3", "sanmon serve --workers 3", "sanmon --workers 3 serve"] {
            let settings = settings(line).unwrap();
            assert_eq!((settings.mode, settings.proxy.workers), (Mode::Serve, 3), "{line}");
        }
    }

    #[test]
    fn a_flag_of_the_other_plane_is_refused() {
        let error = settings("sanmon control-plane --listen 127.0.0.1:1").unwrap_err().to_string();
        assert!(error.contains("--listen"), "{error}");
        assert!(settings("sanmon --listen 127.0.0.1:1 control-plane").is_err());
        assert!(
            settings("sanmon data-plane --redis redis://a --admin-listen 127.0.0.1:1").is_err()
        );
        assert!(settings("sanmon data-plane --redis redis://a --listen 127.0.0.1:1").is_ok());
        assert!(parse(["sanmon", "version", "--workers", "1"], &|_| None).is_err());
    }

    #[test]
    fn there_is_no_flag_for_a_secret_and_help_shows_no_value_of_the_environment() {
        let help = Cli::command().render_long_help().to_string();
        assert!(!help.contains("--admin-key") && !help.contains("--token"));
        for arg in Cli::command().get_arguments().filter(|arg| arg.get_env().is_some()) {
            assert!(arg.is_hide_env_values_set() || arg.get_id() == "config", "{}", arg.get_id());
        }
    }

    /// The table of the README, made from the flags.
    fn table() -> String {
        let command = Cli::command();
        let mut rows = Vec::new();
        for arg in command.get_arguments() {
            let (Some(flag), Some(variable)) = (arg.get_long(), arg.get_env()) else { continue };
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
            let (meaning, default) = help.split_once(" [default: ").unwrap_or((&help, "–]"));
            let default = default.trim_end_matches(']');
            let variable = variable.to_string_lossy();
            rows.push(format!("| `--{flag}` | `{variable}` | {default} | {meaning} |"));
        }
        rows.join("\n")
    }

    #[test]
    fn the_readme_lists_every_setting() {
        let readme = include_str!("../README.md");
        assert!(readme.contains(&table()), "the table of settings should be:\n{}", table());
    }
}
