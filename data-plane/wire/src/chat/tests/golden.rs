//! Fixtures, and what is made of them. Where a shape is uncertain the fixture's name says so.

use std::path::Path;

use insta::{assert_json_snapshot, with_settings};
use serde_json::{Value, json};

use super::super::*;
use crate::canonical::{Choice, Delta};
use crate::format::Parameters;
use crate::proof;

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn requests_are_read_and_written_in_every_dialect() {
    insta::glob!("../fixtures", "*.request.json", |path| {
        let body = read(path);
        let request = OPENAI.decode_request(&body).unwrap();
        let written: Vec<Value> = [
            ("openai", &OPENAI),
            ("mistral", &MISTRAL),
            ("deepseek", &DEEPSEEK),
            ("openrouter", &OPENROUTER),
            ("google", &GOOGLE),
            ("groq", &GROQ),
        ]
        .into_iter()
        .map(|(name, dialect)| {
            let mut losses = Losses::default();
            let target = Target {
                model: &request.model,
                stream: request.stream,
                parameters: Parameters::Drop,
            };
            match dialect.encode_request(&request, &target, &mut losses) {
                Ok(body) => json!({ "to": name, "body": parse(&body), "losses": losses.header() }),
                Err(error) => json!({ "to": name, "unsupported": error.to_string() }),
            }
        })
        .collect();
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(json!({ "read": request, "written": written }));
        });
    });
}

#[test]
fn answers_are_read_and_written_back() {
    insta::glob!("../fixtures", "*.response.json", |path| {
        let body = read(path);
        let mut losses = Losses::default();
        let snapshot = match OPENAI.decode_response(&body) {
            Ok(response) => {
                let back = OPENAI.encode_response(&response, &proof::asked(), &mut losses);
                json!({ "read": response, "written": parse(&back), "losses": losses.header() })
            }
            Err(Failure::Error(error)) => json!({ "error": error }),
            Err(Failure::Invalid(why)) => json!({ "invalid": why }),
        };
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(snapshot);
        });
    });
}

/// What an answer says, and how it fails. Who cites without a place cites for the whole text.
fn gist(mut deltas: Vec<Delta>) -> Option<Result<Vec<Choice>, String>> {
    for delta in &mut deltas {
        if let Delta::Cite { citation, .. } = delta {
            citation.span = None;
        }
    }
    let fold = proof::fold(deltas)?;
    Some(fold.map(|response| response.choices).map_err(|error| error.message))
}

#[test]
fn streams_are_read_and_written_back() {
    insta::glob!("../fixtures", "*.sse", |path| {
        let stream = read(path);
        proof::cuts_do_not_show(&OPENAI, &stream);
        let deltas = proof::deltas(&OPENAI, [&stream[..]]);
        proof::is_in_order(&deltas);
        let mut encoder = OPENAI.encoder(proof::asked());
        let mut written = Vec::new();
        for delta in &deltas {
            encoder.delta(delta, &mut written);
        }
        let written = String::from_utf8(written).unwrap();
        let lines: Vec<&str> = written.lines().filter(|line| !line.is_empty()).collect();
        // What was written says the same again.
        let again = proof::deltas(&OPENAI, [written.as_bytes()]);
        assert_eq!(gist(again), gist(deltas.clone()), "{path:?}: {written}");
        with_settings!({ omit_expression => true }, {
            assert_json_snapshot!(json!({
                "read": deltas,
                "written": lines,
                "losses": encoder.losses().header(),
            }));
        });
    });
}
