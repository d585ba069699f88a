//! Errors of every format, written in every other.

use sanmon_wire::canonical::{Delta, ErrorKind, ProviderError, Start};
use sanmon_wire::registry::DIALECTS;

use crate::{Failures, asked, pairs};

/// The kinds that every format tells apart, by the status that goes with them.
const KINDS: &[ErrorKind] = &[
    ErrorKind::InvalidRequest,
    ErrorKind::Authentication,
    ErrorKind::Permission,
    ErrorKind::NotFound,
    ErrorKind::RateLimit,
    ErrorKind::Server,
    ErrorKind::Overloaded,
];

#[test]
fn errors_keep_their_kind_and_message() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for &kind in KINDS {
            let made = ProviderError::new(kind, "as made");
            let body = back.codec.encode_error(&made);
            let read = back.codec.decode_error(made.status, &body);
            let body = front.codec.encode_error(&read);
            let got = front.codec.decode_error(read.status, &body);
            for (who, error) in [("provider", &read), ("caller", &got)] {
                if error.kind != kind || error.message != "as made" {
                    let (front, back) = (front.name, back.name);
                    failures.add(format!("{back} → {front}, {kind:?}: the {who} reads {error:?}"));
                }
            }
        }
    }
    failures.none();
}

#[test]
fn errors_inside_streams_reach_the_caller() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        let made = ProviderError::new(ErrorKind::Server, "as made");
        let mut bytes = Vec::new();
        let mut encoder = back.codec.encoder(asked());
        encoder.delta(&Delta::Start(Start { id: "a".into(), ..Start::default() }), &mut bytes);
        encoder.delta(&Delta::Error(made), &mut bytes);
        let read = |codec: &dyn sanmon_wire::format::Codec, bytes: &[u8]| {
            let mut decoder = codec.decoder();
            let mut deltas = Vec::new();
            decoder.feed(bytes, &mut deltas);
            decoder.finish(&mut deltas);
            deltas
        };
        let deltas = read(back.codec, &bytes);
        let mut bytes = Vec::new();
        let mut encoder = front.codec.encoder(asked());
        for delta in &deltas {
            encoder.delta(delta, &mut bytes);
        }
        match read(front.codec, &bytes).last() {
            Some(Delta::Error(error)) if error.message.contains("as made") => {}
            other => failures.add(format!("{} → {}: {other:?}", back.name, front.name)),
        }
    }
    failures.none();
}

#[test]
fn an_error_with_the_status_of_a_success_is_none_of_the_callers() {
    for dialect in DIALECTS {
        for body in ["{}", "x", r#"{"error":"why"}"#, r#"{"error":{"message":"why"}}"#] {
            let error = dialect.codec.decode_error(200, body.as_bytes());
            let told = (error.kind, error.status);
            assert_eq!(told, (ErrorKind::Server, 500), "{}: {body}", dialect.name);
        }
    }
}
