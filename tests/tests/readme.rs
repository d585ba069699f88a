//! The README's tour, and what the pages for those who come from elsewhere show, do what they say, as
//! pasted; only ports and the place of the program differ.

use std::process::{Command, Stdio};

use sanmon_tests::{command, ports};

/// The blocks of a text, one after the other.
fn blocks(text: &str) -> String {
    let begun = text.split("```bash\n").skip(1);
    let blocks: Vec<&str> = begun.filter_map(|it| Some(it.split_once("```")?.0)).collect();
    assert!(blocks.len() >= 4, "the text has lost its blocks");
    blocks.join("\n")
}

/// Runs the commands, and looks for these texts in what they print.
fn works_as_pasted(script: &str, expected: &[&str]) {
    let (data, admin, telemetry) = (ports::free(), ports::free(), ports::free());
    let listen = |port: u16| format!("127.0.0.1:{port}");
    let script = script
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
    let out = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{out}\n{log}", output.status);
    for expected in expected {
        assert!(out.contains(expected), "{expected} is not in\n{out}\n{log}");
    }
}

fn page(name: &str) -> String {
    std::fs::read_to_string(command::repository().join(name)).unwrap()
}

#[test]
fn the_tour_works_as_pasted() {
    let readme = page("README.md");
    let (_, tour) = readme.split_once("\n## A tour with curl\n").unwrap_or_default();
    let (tour, _) = tour.split_once("\n## ").unwrap_or((tour, ""));
    let expected = [
        "Every gate is also a way through.",
        "data: [DONE]",
        "\"embedding\"",
        "invalid_api_key",
        "a hole with a reason",
        "/plugins/0/config/refs/0",
        "/plugins/0/config/colour",
    ];
    works_as_pasted(&blocks(tour), &expected);
}

#[test]
fn the_page_for_those_who_come_from_otoroshi_works_as_pasted() {
    let expected = [
        "{\"ready\":true}",
        "a hole with a reason",
        "\"count\": 1",
        "\"description\": \"chat for everybody\"",
        "\"team\": \"blue\"",
        "{\"status\":201,\"created\":true,\"id\":\"prompt_b\",\"id_field\":\"id\"}",
        "\"deleted\": true",
    ];
    works_as_pasted(&blocks(&page("docs/coming-from-otoroshi.md")), &expected);
}
