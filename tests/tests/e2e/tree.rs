//! What the code may not do, whatever it does: the planes know nothing of each other, and connections
//! are opened in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sanmon_tests::command::repository;
use serde_json::Value;

/// Every package of the workspace, and what it depends on, directly or not, within the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    let known: BTreeSet<_> = packages.iter().map(name).collect();
    let direct: BTreeMap<String, BTreeSet<String>> = packages
        .iter()
        .map(|package| {
            let list = package["dependencies"].as_array().unwrap();
            (name(package), list.iter().map(name).filter(|name| known.contains(name)).collect())
        })
        .collect();
    let mut all = direct.clone();
    loop {
        let before = all.clone();
        for list in all.values_mut() {
            for one in list.clone() {
                list.extend(before[&one].iter().cloned());
            }
        }
        if all == before {
            return all;
        }
    }
}

#[test]
fn the_planes_do_not_depend_on_each_other() {
    let all = dependencies();
    let has = |package: &str, other: &str| all[package].contains(other);
    assert!(!has("sanmon-control-plane", "sanmon-data-plane"));
    assert!(!has("sanmon-data-plane", "sanmon-control-plane"));
    for plane in ["sanmon-control-plane", "sanmon-data-plane"] {
        assert!(!has("sanmon-shared", plane) && !has("sanmon-wire", plane));
        assert!(has(plane, "sanmon-shared") && has("sanmon", plane));
    }
    assert!(!has("sanmon-wire", "sanmon-data-plane"));
}

/// What opens an outgoing connection.
const OPENS: [&str; 9] = [
    "TcpStream::connect",
    "UnixStream::connect",
    "UdpSocket",
    "reqwest::Client",
    "reqwest::get",
    "hyper::client",
    "hyper_util::client",
    "awc::",
    "redis::Client",
];

/// Where that may stand, by crate.
const ALLOWED: [&str; 2] = ["data-plane/src/upstream/", "control-plane/src/store/redis"];

#[test]
fn connections_are_opened_in_upstream_and_in_the_redis_store_only() {
    let root = repository();
    let mut found = BTreeMap::new();
    for folder in
        ["src", "shared/src", "control-plane/src", "data-plane/src", "data-plane/wire/src"]
    {
        for file in sources(&root.join(folder)) {
            let place = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let text = code(&fs::read_to_string(&file).unwrap());
            let opened: Vec<_> = OPENS.into_iter().filter(|call| text.contains(call)).collect();
            if !opened.is_empty() {
                found.insert(place, opened);
            }
        }
    }
    let upstream = found.keys().any(|place| place.starts_with(ALLOWED[0]));
    assert!(upstream, "this test no longer sees what it looks for: {found:?}");
    let elsewhere: Vec<_> = found
        .iter()
        .filter(|(place, _)| !ALLOWED.iter().any(|allowed| place.starts_with(allowed)))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn the_wire_formats_do_no_io() {
    let root = repository();
    for file in sources(&root.join("data-plane/wire/src")) {
        let text = code(&fs::read_to_string(&file).unwrap());
        for word in ["std::net", "std::fs", "tokio", "actix", "async fn", "std::process"] {
            assert!(!text.contains(word), "{word} in {}", file.display());
        }
    }
}

/// The code of a file: no comments, and nothing from its tests on.
fn code(text: &str) -> String {
    if text.contains("#![cfg(test)]") {
        return String::new();
    }
    let before = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = before.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The Rust files below a folder that are not tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push(path);
        }
    }
    found
}
