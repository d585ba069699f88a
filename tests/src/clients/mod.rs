//! Real client programs against one gateway that serves every protocol over an upstream that speaks every
//! dialect. The programs are in `tests/clients`; `scripts/test` installs what the official libraries need,
//! `scripts/test-clients` what the others do.

mod agents;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::repository;
use crate::documents::{apikey, guarded_route};
use crate::process::{Output, Process};
use crate::sanmon::{Sanmon, Setup};
use crate::upstream::ScriptedUpstream;
use crate::upstream::dialect::Dialect;

/// Longer than any program takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// A gateway with every protocol, its upstream, and the key to it.
pub struct Gateway {
    sanmon: Sanmon,
    upstream: ScriptedUpstream,
    key: String,
}

/// A provider named as the dialect that it speaks.
fn provider(dialect: Dialect, upstream: &ScriptedUpstream) -> Value {
    let root = format!("http://127.0.0.1:{}", upstream.port());
    let (kind, mut connection) = match dialect {
        Dialect::Chat => {
            ("openai-compatible", json!({"base_url": upstream.base_url(), "formats": ["chat"]}))
        }
        Dialect::Responses => (
            "openai-compatible",
            json!({"base_url": upstream.base_url(), "formats": ["responses"]}),
        ),
        Dialect::Anthropic => ("anthropic", json!({"base_url": root})),
        Dialect::Gemini => ("gemini", json!({"base_url": format!("{root}/v1beta")})),
        Dialect::Converse => ("bedrock", json!({"base_url": root, "region": "eu-west-1"})),
        Dialect::Cohere => ("cohere", json!({"base_url": root})),
        Dialect::Ollama => ("ollama", json!({"base_url": root})),
    };
    connection["token"] = json!("upstream-token");
    json!({
        "id": dialect.name(),
        "name": dialect.name(),
        "provider": kind,
        "connection": connection,
        "options": {"model": "text"},
    })
}

impl Gateway {
    /// Starts it. A model is `<dialect>/<script>`.
    pub async fn start() -> Self {
        let upstream = ScriptedUpstream::start_acting().await;
        let sanmon = Setup::serve().start().await;
        let admin = sanmon.admin();
        for &dialect in Dialect::ALL {
            admin.store("providers", &provider(dialect, &upstream)).await;
        }
        let key = admin.store("apikeys", &apikey("app")).await;
        let key = key["bearer"].as_str().unwrap().to_owned();
        let refs: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        let mut route = guarded_route("route_test", None, "chat");
        route["plugins"] = json!([
            {"plugin": "apikeys"},
            {
                "plugin": "openai-chat-completions",
                "includes": ["/v1/chat/completions"],
                "config": {"refs": refs},
            },
            {
                "plugin": "openai-responses",
                "includes": ["/v1/responses"],
                "config": {"refs": refs},
            },
            {
                "plugin": "anthropic-messages",
                "includes": ["/v1/messages"],
                "config": {"refs": refs},
            },
            {"plugin": "openai-models", "includes": ["/v1/models"], "config": {"refs": refs}},
        ]);
        admin.create("routes", &route).await;
        Self { sanmon, upstream, key }
    }

    /// The upstream.
    pub fn upstream(&self) -> &ScriptedUpstream {
        &self.upstream
    }

    /// A caller with the key to it.
    pub fn caller(&self) -> crate::client::Client {
        self.sanmon.client().key(&self.key)
    }

    /// The key to it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A program of `tests/clients`, told where the gateway is and whom to ask.
    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(repository().join("tests/clients"));
        let upstreams: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        command
            .env("SANMON_ROOT_URL", self.sanmon.data_url())
            .env("SANMON_API_KEY", &self.key)
            .env("SANMON_UPSTREAMS", upstreams.join(","))
            .env("NO_PROXY", "*")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Runs test files with pytest.
    async fn pytest(&self, python: &Path, files: &[&str]) -> Result<(), String> {
        let mut command = self.program(python);
        // What is skipped is said to have no word for it in its dialect.
        command.args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]).args(files);
        run("pytest", &mut command, |output| output.contains(" passed")).await
    }

    /// Runs a test file with Node's runner.
    async fn node_test(&self, modules: &Path, file: &str) -> Result<(), String> {
        let mut command = self.program(Path::new("node"));
        command.env("SANMON_CLIENTS_NODE_MODULES", modules);
        command.args(["--test", "--test-reporter=spec", file]);
        let all = |output: &str| output.contains("fail 0") && !output.contains("pass 0");
        run("node --test", &mut command, all).await
    }
}

/// Runs a program to its end, and returns what it said where it was not content.
async fn run(
    name: &str,
    command: &mut Command,
    is_content: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let mut process = Process::start(name, command, Output::default());
    let status = process.wait(PATIENCE).await;
    let output = process.output().text();
    if status.success() && is_content(&output) {
        Ok(())
    } else {
        Err(format!("{name}: {status}\n{output}"))
    }
}

/// What a script has installed; the variable says where.
fn installed(variable: &str, usual: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| repository().join(usual), PathBuf::from);
    let hint = "scripts/test and scripts/test-clients install what they need";
    assert!(path.exists(), "{} is missing: {hint}", path.display());
    path
}

/// A client program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `openai` for Python.
    OpenAiPython,
    /// `openai` for Node.
    OpenAiNode,
    /// `anthropic` for Python, 2.x.
    AnthropicPython,
    /// `anthropic` for Python, 1.x.
    AnthropicPython1,
    /// `@anthropic-ai/sdk` for Node.
    AnthropicNode,
    /// `LangChain`.
    LangChain,
    /// The Vercel AI SDK.
    AiSdk,
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
}

impl Client {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::OpenAiPython,
        Self::OpenAiNode,
        Self::AnthropicPython,
        Self::AnthropicPython1,
        Self::AnthropicNode,
        Self::LangChain,
        Self::AiSdk,
        Self::ClaudeCode,
        Self::Codex,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiPython => "openai for Python",
            Self::OpenAiNode => "openai for Node",
            Self::AnthropicPython => "anthropic 2 for Python",
            Self::AnthropicPython1 => "anthropic 1 for Python",
            Self::AnthropicNode => "anthropic for Node",
            Self::LangChain => "LangChain",
            Self::AiSdk => "Vercel AI SDK",
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
        }
    }

    /// Runs it over upstreams of every dialect; what it said where something was wrong.
    pub async fn run(self, gateway: &Gateway) -> Result<(), String> {
        let sdk_python = || installed("SANMON_SDK_PYTHON", ".cache/sdk-python/bin/python");
        let sdk_node = || installed("SANMON_SDK_NODE_MODULES", ".cache/sdk-node/node_modules");
        let node = || installed("SANMON_CLIENTS_NODE_MODULES", ".cache/clients-node/node_modules");
        match self {
            Self::OpenAiPython => {
                let files = ["test_openai_chat.py", "test_openai_responses.py"];
                gateway.pytest(&sdk_python(), &files).await
            }
            Self::OpenAiNode => gateway.node_test(&sdk_node(), "openai.test.mjs").await,
            Self::AnthropicPython => gateway.pytest(&sdk_python(), &["test_anthropic.py"]).await,
            Self::AnthropicPython1 => {
                let usual = ".cache/clients-anthropic-1/bin/python";
                let python = installed("SANMON_CLIENTS_ANTHROPIC_1", usual);
                gateway.pytest(&python, &["test_anthropic.py"]).await
            }
            Self::AnthropicNode => gateway.node_test(&sdk_node(), "anthropic.test.mjs").await,
            Self::LangChain => {
                let usual = ".cache/clients-langchain/bin/python";
                let python = installed("SANMON_CLIENTS_LANGCHAIN", usual);
                gateway.pytest(&python, &["test_langchain.py"]).await
            }
            Self::AiSdk => gateway.node_test(&node(), "ai-sdk.test.mjs").await,
            Self::ClaudeCode => agents::claude_code(gateway, &node()).await,
            Self::Codex => agents::codex(gateway, &node()).await,
        }
    }
}
