//! A full disk: writes are refused and say why, what is served goes on, and what was answered stays.
//!
//! The processes get a small file system of their own (a tmpfs in a mount namespace, which ends with
//! them). Where mounting is not allowed, a limit on the size of files stands in for it, and the test
//! says so; either way it runs.

use std::process::Command;

use sanmon_tests::client::chat;
use sanmon_tests::documents::{apikey, expose};
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};
use serde_json::json;

const SIZE_KIB: u32 = 6_000;

/// Starts `setup` where only so much can be written.
async fn on_a_small_disk(setup: Setup) -> Sanmon {
    let folder = "/mnt/sanmon-small-disk";
    let mount =
        format!("mkdir -p {folder} && mount -t tmpfs -o size={SIZE_KIB}k,mode=700 tmpfs {folder}");
    let may_mount = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &mount])
        .output()
        .is_ok_and(|output| output.status.success());
    if may_mount {
        let line = format!("{mount} && exec \"$@\"");
        setup
            .wrapped(&["unshare", "--map-root-user", "--mount", "sh", "-c", &line, "sh"])
            .data_dir(folder.as_ref())
            .start()
            .await
    } else {
        eprintln!("mounting is not allowed here: a limit on the size of files stands in for it");
        // Blocks of 512 bytes. Ignored, the signal leaves an error to be handled.
        let line = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", SIZE_KIB * 2);
        setup.wrapped(&["sh", "-c", &line, "sh"]).start().await
    }
}

#[tokio::test]
async fn a_full_disk_under_the_store_refuses_writes_and_serves_on() {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = on_a_small_disk(Setup::serve()).await;
    let (admin, client) = (sanmon.admin(), sanmon.client());
    expose(&admin, &upstream).await;

    let mut stored = Vec::new();
    let refused = loop {
        let id = format!("key-{:04}", stored.len());
        let mut key = apikey(&id);
        key["description"] = json!("x".repeat(60_000));
        let answer = admin.post("/apikeys", &key).await;
        if answer.status != 201 {
            break answer;
        }
        stored.push(id);
        assert!(stored.len() < 1_000, "the disk does not fill");
    };
    assert!([503, 507].contains(&refused.status), "{} {}", refused.status, refused.text());
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert!(!stored.is_empty());
    // Reads, and what is served, go on; nothing that was answered is gone.
    let head = admin.head().await;
    assert_eq!(head, 3 + stored.len() as u64, "a refused write is in no revision");
    wait::until_true("what was answered is served", SOON, async || {
        client.chat(&chat("m", "x")).await.expect(200).revision() == head
    })
    .await;
    for id in &stored {
        admin.get(&format!("/apikeys/{id}")).await.expect(200);
    }
    assert_ne!(admin.get(&format!("/apikeys/key-{:04}", stored.len())).await.status, 200);
}

#[tokio::test]
async fn a_full_disk_under_a_data_plane_is_reported_and_serves_on() {
    let upstream = ScriptedUpstream::start().await;
    let control = Setup::control_plane().start().await;
    let data = on_a_small_disk(Setup::data_plane().following(&control)).await;
    let admin = control.admin();
    expose(&admin, &upstream).await;
    for number in 0..120 {
        let mut key = apikey(&format!("key-{number}"));
        key["description"] = json!("x".repeat(100_000));
        admin.store("apikeys", &key).await;
    }
    let head = admin.head().await;
    wait::until_true("it serves the newest revision all the same", SOON, async || {
        data.client().chat(&chat("m", "x")).await.expect(200).revision() == head
    })
    .await;
    wait::until_true("it raises the alarm", SOON, async || {
        admin.data_planes().await[0]["alarms"].as_array().is_some_and(|alarms| {
            alarms
                .iter()
                .any(|alarm| alarm.as_str().is_some_and(|text| text.contains("last good state")))
        })
    })
    .await;
}
