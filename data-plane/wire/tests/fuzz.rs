//! The fuzz targets, run by a stable compiler: over their corpus, over the fixtures of every format, and
//! over changed ones.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use sanmon_wire::event_stream::write_frame;
use sanmon_wire::registry::DIALECTS;

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the fuzzer's own package sees it")]
mod targets;

/// A target's name and what it does.
type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("requests", targets::requests),
    ("responses", targets::responses),
    ("streams", targets::streams),
    ("embeddings", targets::embeddings),
    ("sse", targets::sse),
    ("event_stream", targets::event_stream),
    ("json", targets::json),
];

fn wire() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder and of those in it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The number of a dialect that reads it, its file's extension, its bytes.
type Fixture = (u8, String, Vec<u8>);

/// Every fixture of every format.
static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for (number, dialect) in (0_u8..).zip(DIALECTS) {
        let folder = wire().join("src").join(dialect.codec.format().name()).join("fixtures");
        for path in if folder.exists() { files(&folder) } else { Vec::new() } {
            let kind = path.extension().unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(&path).unwrap();
            match kind.as_str() {
                "snap" => {}
                "events" => found.push((number, kind, frames(&bytes))),
                _ => found.push((number, kind, bytes)),
            }
        }
    }
    found
});

/// Lines of an event's name and payload as frames of a binary stream.
fn frames(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in std::str::from_utf8(lines).unwrap().lines() {
        let (name, payload) = line.split_once(' ').unwrap();
        let headers = [(":message-type", "event"), (":event-type", name)];
        write_frame(&mut out, &headers, |out| out.extend_from_slice(payload.as_bytes()));
    }
    out
}

/// Gives a fixture to the targets that read such, each with the bytes that choose for it.
fn run(number: u8, kind: &str, bytes: &[u8], size: u8) {
    let with = |head: &[u8]| [head, bytes].concat();
    if kind == "json" {
        targets::requests(&with(&[number]));
        targets::responses(&with(&[number]));
        targets::embeddings(&with(&[number]));
        targets::json(&with(&[size]));
    } else {
        targets::streams(&with(&[number, size]));
        targets::sse(&with(&[size]));
        targets::event_stream(&with(&[size]));
    }
}

#[test]
fn every_target_takes_its_corpus() {
    for (name, target) in TARGETS {
        let corpus = files(&wire().join("../../fuzz/corpus").join(name));
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for path in corpus {
            target(&fs::read(path).unwrap());
        }
        target(b"");
    }
}

#[test]
fn every_target_is_built_for_the_fuzzer_too() {
    let manifest = fs::read_to_string(wire().join("../../fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let file = wire().join(format!("../../fuzz/fuzz_targets/{name}.rs"));
        assert!(fs::read_to_string(file).unwrap().contains(&format!("sanmon_fuzz::{name}(data)")));
    }
}

#[test]
fn every_fixture_is_taken() {
    for (number, kind, bytes) in &*FIXTURES {
        run(*number, kind, bytes, 4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn changed_fixtures_are_taken(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in prop::option::of(any::<prop::sample::Index>()),
        (reader, size) in (any::<u8>(), any::<u8>()),
        own in any::<bool>(),
    ) {
        let (number, kind, mut bytes) = FIXTURES[which.index(FIXTURES.len())].clone();
        for (place, byte) in changes {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len() + 1));
        }
        // Half of them are read by another format than they are of.
        run(if own { number } else { reader }, &kind, &bytes, size);
    }
}
