//! Whole answers of every format, written in every other.

use sanmon_wire::canonical::Response;
use sanmon_wire::fidelity::Losses;
use serde_json::Value;

use crate::arrived::Missing;
use crate::{Failures, asked, cases, pairs};

pub(crate) fn as_json(response: &Response) -> Value {
    serde_json::to_value(response).unwrap()
}

#[test]
fn every_modelled_member_arrives_or_is_reported() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for case in cases::answers(back.codec.format()) {
            let place = format!("{} → {}, {}", back.name, front.name, case.name);
            let mut unsaid = Losses::default();
            let body = back.codec.encode_response(&case.value, &asked(), &mut unsaid);
            let said = match back.codec.decode_response(&body) {
                Ok(said) => said,
                Err(error) => {
                    failures.add(format!("{place}: not read: {error}"));
                    continue;
                }
            };
            let mut losses = Losses::default();
            let body = front.codec.encode_response(&said, &asked(), &mut losses);
            let got = match front.codec.decode_response(&body) {
                Ok(got) => got,
                Err(error) => {
                    failures.add(format!("{place}: what was written is not read: {error}"));
                    continue;
                }
            };
            let mut missing = Missing::new(&losses, back, front, &body);
            missing.answer(&as_json(&said), &as_json(&got));
            for path in missing.paths {
                failures.add(format!("{place}: {path}"));
            }
        }
    }
    failures.none();
}
