//! A data plane with everything else down: it serves from its last good state on disk, also over its
//! own restart, and a damaged one is set aside and reported.

use std::fs;
use std::path::{Path, PathBuf};

use sanmon_tests::client::{chat, chat_stream, text_of};
use sanmon_tests::documents::{apikey, expose, guarded_route};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};

#[tokio::test]
async fn without_its_control_plane_it_starts_and_serves() {
    let mut control = Setup::control_plane().start().await;
    let data = Setup::data_plane().following(&control).start().await;
    serves_alone(data, &control.admin(), async || control.kill().await).await;
}

#[tokio::test]
async fn without_redis_it_starts_and_serves() {
    let mut redis = Redis::start().await;
    let mut control = Setup::control_plane().redis(&redis.url()).start().await;
    let data = Setup::data_plane().redis(&redis.url()).start().await;
    serves_alone(data, &control.admin(), async || {
        control.kill().await;
        redis.kill().await;
    })
    .await;
}

async fn serves_alone(
    mut data: Sanmon,
    admin: &sanmon_tests::admin::Admin,
    down: impl AsyncFnOnce(),
) {
    let upstream = ScriptedUpstream::start().await;
    expose(admin, &upstream).await;
    // Changes after the base are in the log; the newest must be there too.
    for number in 0..5 {
        admin.store("apikeys", &apikey(&format!("key-{number}"))).await;
    }
    let key = admin.store("apikeys", &apikey("newest")).await;
    let bearer = key["bearer"].as_str().unwrap();
    admin.create("routes", &guarded_route("guarded", Some("keys.test"), "provider_test")).await;
    let head = data.client().chat(&chat("m", "x")).await.expect(200).revision();
    down().await;

    data.kill().await;
    data.restart().await;
    let answer = data.client().chat(&chat("m", "alone")).await.expect(200);
    assert_eq!(answer.revision(), head, "the newest state that was served");
    let guarded = data.client().host("keys.test");
    guarded.chat(&chat("m", "x")).await.expect(401);
    let mut events = guarded.key(bearer).chat_events(&chat_stream("m", "alone")).await;
    assert_eq!(text_of(&events.rest().await), "you said: alone");
    // A graceful end must leave it as whole as a kill.
    data.terminate().await;
    data.restart().await;
    assert_eq!(data.client().chat(&chat("m", "x")).await.expect(200).revision(), head);
    assert_modes(data.folder());
}

/// Nobody but the owner reads what a data plane keeps.
#[cfg(unix)]
fn assert_modes(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for file in files(folder) {
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_damaged_state_is_set_aside_and_loaded_anew() {
    for damage in [Damage::Flip, Damage::Cut, Damage::Empty, Damage::Garbage] {
        let upstream = ScriptedUpstream::start().await;
        let control = Setup::control_plane().start().await;
        let mut data = Setup::data_plane().following(&control).start().await;
        expose(&control.admin(), &upstream).await;
        data.kill().await;
        let damaged = damage.spoil(data.folder());
        assert!(!damaged.is_empty(), "a state was on disk: {:?}", files(data.folder()));

        data.restart().await;
        data.client().chat(&chat("m", "x")).await.expect(200);
        if damage != Damage::Cut {
            // A log whose last entry is cut is what a kill leaves, and no damage.
            let output = data.output().to_lowercase();
            assert!(output.contains("set aside"), "{damage:?}: {output}");
        }
    }
}

#[tokio::test]
async fn a_damaged_state_and_nobody_to_ask_is_not_ready_and_not_dead() {
    let upstream = ScriptedUpstream::start().await;
    let mut control = Setup::control_plane().start().await;
    let mut data = Setup::data_plane().following(&control).start().await;
    expose(&control.admin(), &upstream).await;
    control.kill().await;
    data.kill().await;
    Damage::Garbage.spoil(data.folder());

    data.change_setup(Setup::without_waiting);
    data.start_again();
    let telemetry = sanmon_tests::client::Client::new(&data.telemetry_url());
    let livez = telemetry.request("GET", "/livez");
    wait::until_true("it lives", SOON, async || {
        livez.try_clone().unwrap().send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    telemetry.get("/readyz").await.expect(503);
    assert!(data.process().ended().is_none());
    // And recovers without a restart.
    control.restart().await;
    data.ready().await;
    data.client().chat(&chat("m", "x")).await.expect(200);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Flip,
    Cut,
    Empty,
    Garbage,
}

impl Damage {
    /// Damages each file of the last good state, and says which those are.
    fn spoil(self, folder: &Path) -> Vec<PathBuf> {
        let state: Vec<_> = files(folder)
            .into_iter()
            .filter(|path| fs::metadata(path).unwrap().len() > 200)
            .collect();
        for path in &state {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            match self {
                Self::Flip => bytes[middle] ^= 0x20,
                Self::Cut => bytes.truncate(bytes.len() - 3),
                Self::Empty => bytes.clear(),
                Self::Garbage => bytes = b"garbage\0".repeat(100),
            }
            fs::write(path, bytes).unwrap();
        }
        state
    }
}

/// Every regular file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
