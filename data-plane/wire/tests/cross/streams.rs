//! Streams of every format, written in every other.

use sanmon_wire::canonical::{Delta, ErrorKind, Fold, ProviderError, Response, unfold};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Codec, Encode};
use serde_json::Value;

use crate::answers::as_json;
use crate::{Failures, asked, cases, pairs};

/// What a format's stream says, read in small pieces.
fn read(codec: &dyn Codec, bytes: &[u8]) -> Vec<Delta> {
    let mut decoder = codec.decoder();
    let mut deltas = Vec::new();
    for piece in bytes.chunks(7) {
        decoder.feed(piece, &mut deltas);
    }
    decoder.finish(&mut deltas);
    deltas
}

fn write(codec: &dyn Codec, deltas: &[Delta]) -> (Vec<u8>, Losses) {
    let mut encoder = codec.encoder(asked());
    let mut bytes = Vec::new();
    say(&mut *encoder, deltas, &mut bytes);
    (bytes, encoder.losses().clone())
}

fn say(encoder: &mut dyn Encode, deltas: &[Delta], bytes: &mut Vec<u8>) {
    for delta in deltas {
        encoder.delta(delta, bytes);
    }
}

fn fold(deltas: &[Delta]) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta.clone());
    }
    fold.finish()
}

/// An answer without what a format makes up anew each time, and without what may be known when it is
/// too late to say it: the tier, and the id of reasoning.
fn bare(response: &Response) -> Value {
    let mut json = as_json(response);
    for member in ["id", "created", "model", "extras", "service_tier"] {
        if let Some(members) = json.as_object_mut() {
            members.remove(member);
        }
    }
    for choice in json["choices"].as_array_mut().into_iter().flatten() {
        for part in choice["content"].as_array_mut().into_iter().flatten() {
            if let Some(members) = part.as_object_mut().filter(|part| part["type"] == "reasoning") {
                members.remove("id");
            }
        }
    }
    json
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for case in cases::answers(back.codec.format()) {
            let place = format!("{} → {}, {}", back.name, front.name, case.name);
            let mut unsaid = Losses::default();
            let whole = back.codec.encode_response(&case.value, &asked(), &mut unsaid);
            let Ok(whole) = back.codec.decode_response(&whole) else { continue };
            // As the provider streams it.
            let (bytes, _) = write(back.codec, &unfold(case.value.clone()));
            let deltas = read(back.codec, &bytes);
            let Some(Ok(streamed)) = fold(&deltas) else {
                failures.add(format!("{place}: the provider's stream is {:?}", fold(&deltas)));
                continue;
            };
            if bare(&streamed) != bare(&whole) {
                let (streamed, whole) = (bare(&streamed), bare(&whole));
                failures.add(format!("{place}: streamed {streamed}\n  whole {whole}"));
                continue;
            }
            // As the caller gets it.
            let (bytes, _) = write(front.codec, &deltas);
            let got = fold(&read(front.codec, &bytes));
            let mut losses = Losses::default();
            let body = front.codec.encode_response(&whole, &asked(), &mut losses);
            let Ok(expected) = front.codec.decode_response(&body) else { continue };
            match got {
                Some(Ok(got)) if bare(&got) == bare(&expected) => {}
                Some(Ok(got)) => {
                    let (got, expected) = (bare(&got), bare(&expected));
                    failures.add(format!("{place}: streamed {got}\n  whole {expected}"));
                }
                other => failures.add(format!("{place}: the caller's stream is {other:?}")),
            }
        }
    }
    failures.none();
}

#[test]
fn what_a_stream_cannot_say_is_reported() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for case in cases::answers(back.codec.format()) {
            let place = format!("{} → {}, {}", back.name, front.name, case.name);
            let (bytes, _) = write(back.codec, &unfold(case.value));
            let deltas = read(back.codec, &bytes);
            let Some(Ok(said)) = fold(&deltas) else { continue };
            let (bytes, losses) = write(front.codec, &deltas);
            let Some(Ok(got)) = fold(&read(front.codec, &bytes)) else { continue };
            let mut missing = crate::arrived::Missing::new(&losses, back, front, &bytes);
            missing.answer(&as_json(&said), &as_json(&got));
            for path in missing.paths {
                failures.add(format!("{place}: {path}"));
            }
        }
    }
    failures.none();
}

#[test]
fn a_stream_that_is_cut_is_never_an_answer() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for case in cases::answers(back.codec.format()) {
            let (bytes, _) = write(back.codec, &unfold(case.value));
            for quarter in 1..4 {
                let deltas = read(back.codec, &bytes[..bytes.len() * quarter / 4]);
                let place =
                    format!("{} → {}, {}, cut {quarter}/4", back.name, front.name, case.name);
                if let Some(Ok(answer)) = fold(&deltas) {
                    // Usage and what else follows the end may be missing.
                    if answer.choices.iter().any(|choice| choice.finish.is_none()) {
                        failures.add(format!("{place}: it is complete"));
                    }
                    continue;
                }
                // The gateway ends it with an error.
                let mut deltas: Vec<Delta> =
                    deltas.into_iter().filter(|delta| !matches!(delta, Delta::Error(_))).collect();
                deltas.push(Delta::Error(ProviderError::new(ErrorKind::Server, "cut off")));
                let (bytes, _) = write(front.codec, &deltas);
                match fold(&read(front.codec, &bytes)) {
                    Some(Err(error)) if error.message.contains("cut off") => {}
                    other => failures.add(format!("{place}: the caller reads {other:?}")),
                }
            }
        }
    }
    failures.none();
}
