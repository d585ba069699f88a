use std::path::Path;

use insta::{assert_json_snapshot, assert_snapshot, with_settings};
use serde_json::{Value, json};

use super::*;
use crate::proof;

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read(folder.join("src/anthropic/fixtures").join(name)).unwrap()
}

#[test]
fn requests_are_read_and_written_back() {
    insta::glob!("..", "fixtures/*.request.json", |path| {
        let body = std::fs::read(path).unwrap();
        let request = MESSAGES.decode_request(&body).unwrap();
        let (back, losses) = encoded(&request, &request.model);
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(json!({
                "read": request,
                "written": parse(back.as_bytes()),
                "losses": losses,
            }));
        });
    });
}

#[test]
fn answers_are_read_and_written_back() {
    insta::glob!("..", "fixtures/*.response.json", |path| {
        let body = std::fs::read(path).unwrap();
        let response = MESSAGES.decode_response(&body).unwrap();
        let mut losses = Losses::default();
        let back = MESSAGES.encode_response(&response, &proof::asked(), &mut losses);
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(json!({
                "read": response,
                "written": parse(&back),
                "losses": losses,
            }));
        });
    });
}

#[test]
fn streams_are_read_and_written_back() {
    insta::glob!("..", "fixtures/*.sse", |path| {
        let stream = std::fs::read(path).unwrap();
        let deltas = proof::deltas(&MESSAGES, [stream.as_slice()]);
        proof::is_in_order(&deltas);
        let (mut encoder, mut back) = (MESSAGES.encoder(proof::asked()), Vec::new());
        for delta in &deltas {
            encoder.delta(delta, &mut back);
        }
        let told: String =
            deltas.iter().map(|delta| serde_json::to_string(delta).unwrap() + "\n").collect();
        let (text, back) = (String::from_utf8(stream).unwrap(), String::from_utf8(back).unwrap());
        let losses = encoder.losses().header();
        with_settings!({ omit_expression => true }, {
            assert_snapshot!(format!("{text}\nread:\n{told}\nwritten:\n{back}\nlosses: {losses}"));
        });
    });
}

#[test]
fn cuts_do_not_show() {
    insta::glob!("..", "fixtures/*.sse", |path| {
        proof::cuts_do_not_show(&MESSAGES, &std::fs::read(path).unwrap());
    });
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    for name in
        ["text", "parallel_tools", "thinking_and_cache", "refusal", "citations", "server_tools"]
    {
        let stream = fixture(&format!("{name}.sse"));
        let folded = proof::fold(proof::deltas(&MESSAGES, [stream.as_slice()])).unwrap().unwrap();
        let whole = MESSAGES.decode_response(&fixture(&format!("{name}.response.json"))).unwrap();
        assert_eq!(folded, whole, "{name}");
    }
}

#[test]
fn what_is_passed_on_is_noted_and_not_changed() {
    use crate::pass::{Pass as _, StreamEnd, Watched};
    for (name, end, output) in [
        ("text", StreamEnd::Done, 5),
        ("parallel_tools", StreamEnd::Done, 5),
        ("thinking_and_cache", StreamEnd::Done, 20),
        ("crlf_without_last_line", StreamEnd::Done, 5),
        ("overloaded_in_stream", StreamEnd::Error, 1),
        ("cut", StreamEnd::Cut, 1),
    ] {
        let stream = fixture(&format!("{name}.sse"));
        for size in [1, 7, stream.len()] {
            let mut watched = Watched::by(MessagesNote::default());
            let mut out = Vec::new();
            for piece in stream.chunks(size) {
                out.extend_from_slice(&watched.feed(&bytes::Bytes::copy_from_slice(piece)));
            }
            let (rest, ended) = watched.finish(false);
            out.extend_from_slice(&rest);
            assert_eq!(ended, end, "{name}");
            assert_eq!(out.trim_ascii_end(), stream.trim_ascii_end(), "{name}");
            let tally = watched.tally();
            assert_eq!(tally.usage.unwrap().output, output, "{name}");
            assert!(tally.content_chunks > 0 && tally.content_bytes > 0, "{name}");
        }
    }
    let mut watched = Watched::by(MessagesNote::default());
    watched.feed(&fixture("overloaded_in_stream.sse").into());
    let error = watched.tally().error.clone().unwrap();
    assert_eq!((error.status, error.after_content), (Some(529), true));
    assert_eq!(error.message.as_deref(), Some("Overloaded"));
}
