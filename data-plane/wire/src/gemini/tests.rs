//! What requests, answers and streams of the fixtures mean, and what is written for them again.
//! The fixtures follow the shapes of Google's client library; mixed lists of candidates and
//! `PUP_LIMITED_DISABLED` were never seen on the wire.

mod property;
mod said;

use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::canonical::{Delta, Fold};
use crate::format::Parameters;

fn target(model: &str) -> Target<'_> {
    Target { model, stream: false, parameters: Parameters::Drop }
}

fn asked() -> Asked {
    Asked { id: "id1".into(), model: "asked".into(), ..Asked::default() }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn decode(stream: &[u8]) -> Vec<Delta> {
    let (mut decoder, mut out) = (AI_STUDIO.decoder(), Vec::new());
    decoder.feed(stream, &mut out);
    decoder.finish(&mut out);
    out
}

fn fold(deltas: &[Delta]) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta.clone());
    }
    fold.finish()
}

/// What a fixture means, what is written for it, and what was lost on the way.
#[derive(Serialize)]
struct Golden<T> {
    means: T,
    written: Value,
    #[serde(skip_serializing_if = "Losses::is_empty")]
    losses: Losses,
}

#[test]
fn requests() {
    insta::glob!("fixtures/*.request.json", |path| {
        let means = AI_STUDIO.decode_request(&std::fs::read(path).unwrap()).unwrap();
        let mut losses = Losses::default();
        let written = VERTEX.encode_request(&means, &target("gemini-3-pro"), &mut losses).unwrap();
        insta::assert_json_snapshot!(Golden { means, written: json(&written), losses });
    });
}

#[test]
fn answers() {
    insta::glob!("fixtures/*.response.json", |path| {
        let mut losses = Losses::default();
        match AI_STUDIO.decode_response(&std::fs::read(path).unwrap()) {
            Ok(means) => {
                let written = AI_STUDIO.encode_response(&means, &asked(), &mut losses);
                insta::assert_json_snapshot!(Golden { means, written: json(&written), losses });
            }
            Err(failure) => insta::assert_debug_snapshot!(failure),
        }
    });
}

#[test]
fn streams() {
    insta::glob!("fixtures/*.sse", |path| {
        let stream = std::fs::read(path).unwrap();
        let deltas = decode(&stream);
        for cut in 1..stream.len() {
            let (mut decoder, mut out) = (AI_STUDIO.decoder(), Vec::new());
            let (a, b) = stream.split_at(cut);
            decoder.feed(a, &mut out);
            decoder.feed(b, &mut out);
            decoder.finish(&mut out);
            assert_eq!(out, deltas, "cut at {cut}");
        }
        let mut encoder = AI_STUDIO.encoder(asked());
        let mut written = Vec::new();
        for delta in &deltas {
            encoder.delta(delta, &mut written);
        }
        let written = String::from_utf8(written).unwrap();
        insta::assert_json_snapshot!(Golden {
            means: &deltas,
            written: written.lines().filter(|line| !line.is_empty()).collect(),
            losses: encoder.losses().clone(),
        });
    });
}

#[test]
fn a_stream_without_its_reason_to_end_is_cut() {
    for (name, ends) in [("cut_off", false), ("no_last_line", true), ("text", true)] {
        let path = format!("{}/src/gemini/fixtures/{name}.sse", env!("CARGO_MANIFEST_DIR"));
        let deltas = decode(&std::fs::read(path).unwrap());
        assert_eq!(fold(&deltas).is_some(), ends, "{name}");
        assert_eq!(deltas.last() == Some(&Delta::End), ends, "{name}");
    }
    assert_eq!(fold(&decode(b"")), None);
}
