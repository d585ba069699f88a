//! Every fixture, as what it decodes to and what is encoded of that.

use serde_json::{Value, json};

use super::super::OPENAI;
use super::{TARGET, asked, stream};
use crate::canonical::Fold;
use crate::fidelity::Losses;
use crate::format::Codec;

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn settings(input: &Value) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_info(input);
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../fixtures/snapshots");
    settings
}

#[test]
fn requests() {
    insta::glob!("../fixtures", "*.request.json", |path| {
        let body = std::fs::read(path).unwrap();
        let request = OPENAI.decode_request(&body).unwrap();
        let mut losses = Losses::default();
        let again = OPENAI.encode_request(&request, &TARGET, &mut losses).unwrap();
        let got = json!({"canonical": request, "again": parse(&again), "losses": losses.header()});
        settings(&parse(&body)).bind(|| insta::assert_json_snapshot!(got));
    });
}

#[test]
fn answers() {
    insta::glob!("../fixtures", "*.response.json", |path| {
        let body = std::fs::read(path).unwrap();
        let response = OPENAI.decode_response(&body).unwrap();
        let mut losses = Losses::default();
        let again = OPENAI.encode_response(&response, &asked(), &mut losses);
        let got = json!({
            "canonical": response,
            "output": parse(&again)["output"],
            "losses": losses.header(),
        });
        settings(&parse(&body)).bind(|| insta::assert_json_snapshot!(got));
    });
}

#[test]
fn streams() {
    insta::glob!("../fixtures", "*.sse", |path| {
        let body = std::fs::read(path).unwrap();
        let deltas = stream::pieces(OPENAI, &body, &[body.len()]);
        assert_eq!(deltas, stream::pieces(OPENAI, &body, &[1]));
        let mut encoder = OPENAI.encoder(asked());
        let (mut again, mut fold) = (Vec::new(), Fold::default());
        for delta in &deltas {
            encoder.delta(delta, &mut again);
            fold.delta(delta.clone());
        }
        let folded = match fold.finish() {
            Some(Ok(response)) => json!(response),
            Some(Err(error)) => json!({"error": error}),
            None => json!("cut"),
        };
        let again = stream::events(&again);
        let types: Vec<&Value> = again.iter().map(|event| &event["type"]).collect();
        let got = json!({"deltas": deltas, "folded": folded, "again": types});
        settings(&Value::Null).bind(|| insta::assert_json_snapshot!(got));
    });
}
