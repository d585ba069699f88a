//! The program as whoever starts it sees it: exit statuses, start errors, the first admin's key.

#![cfg(test)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sanmon_tests::process::{self, Process};
use sanmon_tests::{command, ports, wait};

/// `sanmon` with nothing in its environment.
fn sanmon(arguments: &[&str]) -> Command {
    let mut command = Command::new(command::sanmon());
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    sanmon(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Both planes on free ports, in this folder.
fn serve(folder: &Path, listen: &str) -> Command {
    let mut command = sanmon(&["serve", "--listen", listen]);
    command.arg("--admin-listen").arg(format!("127.0.0.1:{}", ports::free()));
    command.arg("--telemetry-listen").arg(format!("127.0.0.1:{}", ports::free()));
    command.arg("--data-dir").arg(folder);
    command
}

#[test]
fn a_mistake_in_the_settings_ends_with_status_2_and_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sanmon.toml");
    std::fs::write(&file, "listen = '127.0.0.1:0'\nlistn = '127.0.0.1:0'\n").unwrap();
    let output = run(&["--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("sanmon.toml:2:1"), "{}", stderr(&output));

    let output = run(&["control-plane", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--listen"), "{}", stderr(&output));

    let output = run(&["--no-such-flag"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_moves_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = serve(folder.path(), &address).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains(&address) && text.contains("--listen"), "{text}");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named_with_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = serve(&file.join("data"), "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--data-dir"), "{}", stderr(&output));
}

#[test]
fn check_shows_the_settings_and_no_secret() {
    let mut command = sanmon(&["--check", "--redis", "redis://:canary-password@db:6379"]);
    command.env("SANMON_ADMIN_KEY", "canary-admin-key-0123456789abcdef-0123");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("db:6379") && !text.contains("canary"), "{text}");
}

#[test]
fn version_and_descriptor_go_to_standard_output() {
    let version = run(&["version"]);
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("sanmon 0."));
    let openapi = run(&["openapi"]);
    assert!(openapi.status.success(), "{}", stderr(&openapi));
    let document: serde_json::Value = serde_json::from_slice(&openapi.stdout).unwrap();
    assert!(document["paths"]["/apis/v1/routes"].is_object());
}

#[test]
fn the_committed_descriptor_is_current() {
    let made = run(&["openapi"]).stdout;
    let committed = std::fs::read(command::repository().join("openapi/sanmon.json")).unwrap();
    assert!(made == committed, "openapi/sanmon.json is stale: run scripts/openapi");
}

/// Starts both planes in `folder` and returns the process once its admin API answers.
async fn started(folder: &Path, format: &str) -> (Process, String) {
    let admin = format!("127.0.0.1:{}", ports::free());
    let mut command = sanmon(&["serve", "--listen", "127.0.0.1:0", "--telemetry-listen"]);
    command.args(["127.0.0.1:0", "--admin-listen", &admin, "--log-format", format]);
    command.arg("--data-dir").arg(folder);
    let mut process = Process::start("sanmon", &mut command, process::Output::default());
    let http = sanmon_tests::client::http();
    let url = format!("http://{admin}");
    wait::until_true("the admin API", wait::SOON, async || {
        assert!(process.ended().is_none(), "it ended: {}", process.output().text());
        http.get(format!("{url}/readyz")).send().await.is_ok_and(|a| a.status() == 200)
    })
    .await;
    (process, url)
}

async fn status_with_key(url: &str, key: &str) -> u16 {
    let call = sanmon_tests::client::http().get(format!("{url}/apis/v1/routes"));
    call.bearer_auth(key).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_first_start_shows_a_key_that_works_and_the_second_shows_none() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |text: &str| {
        let key = text.split_whitespace().find(|word| word.starts_with("sanmon_admin_"));
        key.map(str::to_owned)
    };
    let (mut process, url) = started(folder.path(), "human").await;
    let output = process.output().clone();
    let key = wait::until("the key", wait::SOON, async || shown(&output.text())).await;
    assert_eq!(output.text().matches(&key).count(), 1, "once");
    assert_eq!(status_with_key(&url, &key).await, 200);
    process.signal("TERM");
    assert!(process.wait(wait::SOON).await.success());

    let (mut process, url) = started(folder.path(), "human").await;
    assert_eq!(status_with_key(&url, &key).await, 200);
    process.signal("INT");
    assert!(process.wait(wait::SOON).await.success());
    assert_eq!(shown(&process.output().text()), None);
}

#[tokio::test]
async fn where_programs_read_the_output_the_key_goes_to_a_file_of_its_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (mut process, url) = started(folder.path(), "json").await;
    let path = folder.path().join("first-admin-key");
    let read = async || std::fs::read_to_string(&path).ok().filter(|key| key.ends_with('\n'));
    let key = wait::until("the file", wait::SOON, read).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(status_with_key(&url, key.trim()).await, 200);
    process.signal("TERM");
    assert!(process.wait(wait::SOON).await.success());
    assert!(!process.output().text().contains(key.trim()), "not in the log");
}
