//! Coding agents, each in a folder and a home of its own: they read a file with a tool of theirs, which the
//! model calls through an upstream of every dialect.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Gateway, run};
use crate::upstream::dialect::Dialect;

/// What stands in the file.
const SECRET: &str = "the password is 4711";

/// Where an agent works.
struct Workplace {
    _folder: TempDir,
    /// Its home.
    home: PathBuf,
    /// The folder that it is started in, with the file.
    work: PathBuf,
}

impl Workplace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [home, work] = ["home", "work"].map(|name| folder.path().join(name));
        for folder in [&home, &work] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(work.join("note.txt"), SECRET).unwrap();
        Self { _folder: folder, home, work }
    }

    /// What it is told to do.
    fn prompt(&self) -> String {
        format!("Read the file {}", self.work.join("note.txt").display())
    }

    /// A program that knows nothing of who runs the tests, and reaches nothing but the gateway.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        // Nobody listens there.
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
        command.env("NO_PROXY", "127.0.0.1").env("HOME", &self.home);
        command
    }
}

/// Runs an agent, which speaks its own dialect, over every other.
async fn over_every_dialect(
    gateway: &Gateway,
    name: &str,
    own: Dialect,
    command: impl Fn(&Workplace, &str) -> Command,
) -> Result<(), String> {
    for dialect in Dialect::ALL {
        let name = format!("{name} over {}", dialect.name());
        let place = Workplace::new();
        let before = gateway.upstream.requests().len();
        let mut command = command(&place, &format!("{}/agent", dialect.name()));
        // The model tells the tool's result back.
        run(&name, &mut command, |output| output.contains(SECRET)).await?;
        let requests = gateway.upstream.requests();
        let asked: Vec<_> = requests.iter().skip(before).filter_map(Dialect::of).collect();
        // Ollama's servers speak most protocols themselves.
        let passes = *dialect == Dialect::Ollama && asked.iter().all(|asked| *asked == own);
        if asked.len() < 2 || !(passes || asked.iter().all(|asked| asked == dialect)) {
            return Err(format!("{name}: it asked {asked:?}"));
        }
    }
    Ok(())
}

/// Claude Code speaks Messages.
pub(super) async fn claude_code(gateway: &Gateway, modules: &Path) -> Result<(), String> {
    // The package's own starter is made by a script of its installation.
    let program = modules.join("@anthropic-ai/claude-code-linux-x64/claude");
    over_every_dialect(gateway, "Claude Code", Dialect::Anthropic, |place, model| {
        let mut command = place.command(&program);
        command
            .args(["-p", &place.prompt(), "--model", model, "--allowedTools", "Read"])
            .env("ANTHROPIC_BASE_URL", gateway.sanmon.data_url())
            .env("ANTHROPIC_API_KEY", &gateway.key);
        for name in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "DISABLE_AUTOUPDATER",
        ] {
            command.env(name, "1");
        }
        command
    })
    .await
}

/// Codex speaks Responses.
pub(super) async fn codex(gateway: &Gateway, modules: &Path) -> Result<(), String> {
    let script = modules.join("@openai/codex/bin/codex.js");
    over_every_dialect(gateway, "Codex", Dialect::Responses, |place, model| {
        let home = place.home.join(".codex");
        std::fs::create_dir(&home).unwrap();
        let config = format!(
            r#"model = "{model}"
model_provider = "gateway"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gateway]
name = "gateway"
base_url = "{}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"#,
            gateway.sanmon.data_url(),
        );
        std::fs::write(home.join("config.toml"), config).unwrap();
        let mut command = place.command(Path::new("node"));
        command.arg(&script).args(["exec", "--skip-git-repo-check", &place.prompt()]);
        command.env("CODEX_HOME", &home).env("GATEWAY_KEY", &gateway.key);
        command
    })
    .await
}
