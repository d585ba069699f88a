//! What the tests of a format ask of its codec.
#![cfg(test)]

use crate::canonical::{Delta, Fold, ProviderError, Response, unfold};
use crate::fidelity::Losses;
use crate::format::{Asked, Codec};

/// What a stream says that comes in these pieces.
pub(crate) fn deltas<'p>(
    codec: &dyn Codec,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Vec<Delta> {
    let mut decoder = codec.decoder();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}

/// A stream gathered; `None` where it was cut.
pub(crate) fn fold(deltas: Vec<Delta>) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta);
    }
    fold.finish()
}

/// A whole answer, written as a stream.
pub(crate) fn streamed(codec: &dyn Codec, response: Response) -> (Vec<u8>, Losses) {
    let mut encoder = codec.encoder(asked());
    let mut out = Vec::new();
    for delta in unfold(response) {
        encoder.delta(&delta, &mut out);
    }
    (out, encoder.losses().clone())
}

/// What encoders of answers are told.
pub(crate) fn asked() -> Asked {
    Asked {
        id: "0a1b2c".to_owned(),
        created: 1_700_000_000,
        model: "model".to_owned(),
        stream_usage: true,
        ..Asked::default()
    }
}

/// A stream says the same wherever it is cut: once anywhere, and byte by byte.
#[track_caller]
pub(crate) fn cuts_do_not_show(codec: &dyn Codec, stream: &[u8]) {
    let whole = deltas(codec, [stream]);
    for cut in 0..=stream.len() {
        let (a, b) = stream.split_at(cut);
        assert_eq!(deltas(codec, [a, b]), whole, "cut at {cut}");
    }
    assert_eq!(deltas(codec, stream.chunks(1)), whole, "byte by byte");
}

/// Every block is opened once, grows while it is open, and is closed before the answer is finished; an
/// end or an error is the last that is said.
#[track_caller]
pub(crate) fn is_in_order(deltas: &[Delta]) {
    let mut open = Vec::new();
    let mut known = Vec::new();
    for (at, delta) in deltas.iter().enumerate() {
        match delta {
            Delta::Start(_) => assert!(deltas[..at].iter().all(|it| *it == Delta::Ping)),
            Delta::Open { choice, block, .. } => {
                assert!(!known.contains(&(*choice, *block)), "{block} is opened twice");
                known.push((*choice, *block));
                open.push((*choice, *block));
            }
            Delta::Grow { choice, block, text } => {
                assert!(open.contains(&(*choice, *block)) && !text.is_empty());
            }
            Delta::Summary { choice, block, .. }
            | Delta::Transcript { choice, block, .. }
            | Delta::Sign { choice, block, .. }
            | Delta::Cite { choice, block, .. } => {
                assert!(open.contains(&(*choice, *block)));
            }
            Delta::Close { choice, block } => {
                let place = open.iter().position(|it| it == &(*choice, *block));
                open.remove(place.unwrap());
            }
            Delta::Finish { choice, .. } => {
                assert!(open.iter().all(|(of, _)| of != choice), "{open:?} when it finishes");
            }
            Delta::End | Delta::Error(_) => assert_eq!(at + 1, deltas.len()),
            Delta::Logprobs { .. }
            | Delta::Usage(_)
            | Delta::ServiceTier(_)
            | Delta::Extra(_)
            | Delta::Ping => {}
        }
    }
}

/// A stream of text, what it says, and what the same codec makes of that: for snapshots.
pub(crate) fn told(codec: &dyn Codec, stream: &[u8], deltas: &[Delta]) -> String {
    let mut encoder = codec.encoder(asked());
    let (mut read, mut written) = (String::new(), Vec::new());
    for delta in deltas {
        read.push_str(&serde_json::to_string(delta).unwrap());
        read.push('\n');
        encoder.delta(delta, &mut written);
    }
    let stream = String::from_utf8_lossy(stream).replace('\r', "\\r");
    let written = String::from_utf8(written).unwrap();
    let losses = encoder.losses().header();
    format!("{stream}\nread:\n{read}\nwritten:\n{written}\nlosses: {losses}")
}

/// The tests that every codec with fixtures in files has: requests, answers and streams read and written
/// back, and streams cut anywhere. `insta::glob!` looks beside the file in which this is used.
macro_rules! goldens {
    ($codec:ident, $streams:literal) => {
        #[test]
        fn requests_are_read_and_written_back() {
            insta::glob!("fixtures/*.request.json", |path| {
                let body = std::fs::read(path).unwrap();
                let request = $codec.decode_request(&body).unwrap();
                let mut losses = Losses::default();
                let target = Target { stream: request.stream, ..target(&request.model) };
                let back = $codec.encode_request(&request, &target, &mut losses).unwrap();
                insta::with_settings!({ info => &parse(&body), omit_expression => true }, {
                    insta::assert_json_snapshot!(serde_json::json!({
                        "read": request,
                        "written": parse(&back),
                        "losses": losses,
                    }));
                });
            });
        }

        #[test]
        fn answers_are_read_and_written_back() {
            insta::glob!("fixtures/*.response.json", |path| {
                let body = std::fs::read(path).unwrap();
                let response = $codec.decode_response(&body).unwrap();
                let mut losses = Losses::default();
                let back = $codec.encode_response(&response, &proof::asked(), &mut losses);
                insta::with_settings!({ info => &parse(&body), omit_expression => true }, {
                    insta::assert_json_snapshot!(serde_json::json!({
                        "read": response,
                        "written": parse(&back),
                        "losses": losses,
                    }));
                });
            });
        }

        #[test]
        fn streams_are_read_and_written_back() {
            insta::glob!(concat!("fixtures/*.", $streams), |path| {
                let stream = std::fs::read(path).unwrap();
                let deltas = proof::deltas(&$codec, [stream.as_slice()]);
                proof::is_in_order(&deltas);
                insta::with_settings!({ omit_expression => true }, {
                    insta::assert_snapshot!(proof::told(&$codec, &stream, &deltas));
                });
            });
        }

        #[test]
        fn cuts_do_not_show() {
            insta::glob!(concat!("fixtures/*.", $streams), |path| {
                proof::cuts_do_not_show(&$codec, &std::fs::read(path).unwrap());
            });
        }
    };
}

pub(crate) use goldens;
