//! What the pages for users show does what they say, as pasted; only ports and the place of the program
//! differ.

#![allow(clippy::unwrap_used, reason = "what goes wrong in a test ends it")]

use std::process::{Command, Stdio};

use sanmon_tests::{command, ports};

/// A page, or a section of it, which begins with this line.
fn read(page: &str, section: Option<&str>) -> String {
    let text = std::fs::read_to_string(command::repository().join(page)).unwrap();
    let Some(section) = section else { return text };
    let (_, text) = text.split_once(section).unwrap_or_default();
    text.split_once("\n## ").unwrap_or((text, "")).0.to_owned()
}

/// The blocks that readers paste, one after the other.
fn blocks(text: &str) -> String {
    let begun = text.split("```bash\n").skip(1);
    let blocks: Vec<&str> = begun.filter_map(|it| Some(it.split_once("```")?.0)).collect();
    assert!(blocks.len() >= 4, "the page has lost its blocks");
    blocks.join("\n")
}

/// Pastes the blocks of a page; what they and the program say.
fn paste(text: &str) -> (String, String) {
    let (data, admin, telemetry) = (ports::free(), ports::free(), ports::free());
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let script = blocks(text)
        .replace("cargo build --release\n", "")
        .replace("target/release/sanmon", &command::sanmon().display().to_string())
        .replace("127.0.0.1:9080", &listen(data))
        .replace("127.0.0.1:7080", &listen(admin));
    // Every command counts: curl -f fails on an error status, -e ends the script there.
    let script = format!(
        "set -euo pipefail\ntrap 'kill $(jobs -p); wait; cat sanmon.log >&2' EXIT\n{script}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_remove("SANMON_ADMIN_KEY")
        .env("SANMON_LISTEN", listen(data))
        .env("SANMON_ADMIN_LISTEN", listen(admin))
        .env("SANMON_TELEMETRY_LISTEN", listen(telemetry))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}\n{out}\n{log}", output.status);
    (out, log)
}

#[track_caller]
fn says((out, log): &(String, String), all: &[&str]) {
    for expected in all {
        assert!(out.contains(expected), "{expected} is not in\n{out}\n{log}");
    }
}

#[test]
fn the_tour_works_as_pasted() {
    let said = paste(&read("README.md", Some("\n## A tour with curl\n")));
    let expected = [
        "Every gate is also a way through.",
        "data: [DONE]",
        "\"embedding\"",
        "invalid_api_key",
        "a hole with a reason",
        "/plugins/0/config/refs/0",
        "/plugins/0/config/colour",
    ];
    says(&said, &expected);
}

#[test]
fn the_page_for_those_who_come_from_otoroshi_works_as_pasted() {
    let said = paste(&read("docs/coming-from-otoroshi.md", None));
    says(&said, &["A gate is a hole with a reason.", "\"count\"", "chat for everybody"]);
}

#[test]
fn the_page_for_those_who_come_from_apisix_works_as_pasted() {
    let said = paste(&read("docs/coming-from-apisix.md", None));
    says(&said, &["I am well.", "jack", "\"deleted\""]);
}

#[test]
fn the_page_about_traffic_works_as_pasted() {
    let said = paste(&read("docs/traffic.md", None));
    let expected = [
        "I am here.",
        "x-sanmon-attempts: 2",
        "x-ai-semantic-picked-instance: poet",
        "O sea!",
        "retry-after",
        "rate_limit_exceeded",
    ];
    says(&said, &expected);
}
