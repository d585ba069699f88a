//! The calls of a document, by curl, against the program: a script of `tests/guides/`, of which a test runs
//! one section after the other and looks at what arrived upstream.

use std::process::{Command, Stdio};

use crate::command;
use crate::sanmon::{ADMIN_KEY, Sanmon, Setup};
use crate::upstream::{Request, ScriptedUpstream};

/// What begins a section.
const SECTION: &str = "\n## ";

/// A script, the program that it calls, and the upstream that plays the vendors.
pub struct Guide {
    /// The program.
    pub sanmon: Sanmon,
    /// The vendors.
    pub upstream: ScriptedUpstream,
    /// What every section begins with.
    prologue: String,
    /// Their titles and commands, those that were run taken out.
    sections: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    seen: usize,
}

impl Guide {
    /// The script of this name. Its commands find the admin's key in `$admin_key`, and the vendors at
    /// `$MODELS`.
    pub async fn begin(script: &str, setup: Setup, upstream: ScriptedUpstream) -> Self {
        let sanmon = setup.start().await;
        let text = read(script);
        let mut parts = text.split(SECTION);
        let prologue = read("common.sh") + parts.next().unwrap_or_default();
        let sections = parts.map(|part| {
            let (title, commands) = part.split_once('\n').unwrap();
            (title.to_owned(), commands.to_owned())
        });
        let sections = sections.collect();
        let models = format!("http://127.0.0.1:{}", upstream.port());
        let environment = vec![("MODELS".to_owned(), models)];
        Self { sanmon, upstream, prologue, sections, environment, seen: 0 }
    }

    /// One more variable that its commands see.
    pub fn env(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Runs a section, once; what its calls were answered.
    #[track_caller]
    pub fn run(&mut self, title: &str) -> Vec<Called> {
        let at = self.sections.iter().position(|(known, _)| known == title);
        let (_, commands) =
            self.sections.remove(at.unwrap_or_else(|| panic!("no section {title}")));
        let script = format!("{}\n{commands}", self.prologue);
        let environment = self.environment.iter().map(|(name, value)| (&**name, &**value));
        let environment: Vec<(&str, &str)> = environment.collect();
        called(&bash(&script, &self.sanmon, &environment))
    }

    /// What the upstream was asked since this was called last.
    pub fn asked(&mut self) -> Vec<Request> {
        let mut requests = self.upstream.requests();
        let new = requests.split_off(self.seen);
        self.seen += new.len();
        new
    }

    /// Nothing of the script is left.
    #[track_caller]
    pub fn end(self) {
        let left: Vec<&String> = self.sections.iter().map(|(title, _)| title).collect();
        assert!(left.is_empty(), "sections that were not run: {left:?}");
    }
}

/// What a call was answered.
#[derive(Clone, Debug)]
pub struct Called {
    /// The status.
    pub status: u16,
    /// The body, and the head before it where curl was told to show it.
    pub text: String,
}

impl Called {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let json = serde_json::from_str(self.text.trim());
        json.unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// A header of an answer that curl showed with its head; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        let mut pairs = self.text.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// The statuses of calls.
pub fn statuses(called: &[Called]) -> Vec<u16> {
    called.iter().map(|one| one.status).collect()
}

/// The answers, each of which ends with its status on a line of its own.
fn called(said: &str) -> Vec<Called> {
    let mut all = Vec::new();
    let mut text = String::new();
    for line in said.lines() {
        match line.parse::<u16>() {
            Ok(status) if line.len() == 3 => {
                all.push(Called { status, text: std::mem::take(&mut text) });
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    all
}

/// A script of `tests/guides/`.
pub fn read(script: &str) -> String {
    let path = command::repository().join("tests/guides").join(script);
    std::fs::read_to_string(path).unwrap()
}

/// Runs a script in bash as its reader would, with the ports of this test; what it says.
#[track_caller]
pub fn bash(script: &str, sanmon: &Sanmon, environment: &[(&str, &str)]) -> String {
    let script = script
        .replace("http://127.0.0.1:7080", &sanmon.admin_url())
        .replace("http://127.0.0.1:9180", &sanmon.admin_url())
        .replace("http://127.0.0.1:9080", &sanmon.data_url());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("ADMIN_API_KEY", ADMIN_KEY)
        .env("admin_key", ADMIN_KEY)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}
