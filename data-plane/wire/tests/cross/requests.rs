//! Requests of every format, written in every other.

use sanmon_wire::canonical::{Part, Request};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::Format;
use sanmon_wire::registry::usual;
use serde_json::Value;

use crate::arrived::Missing;
use crate::{Failures, cases, pairs, target};

fn as_json(request: &Request) -> Value {
    serde_json::to_value(request).unwrap()
}

#[test]
fn every_modelled_member_arrives_or_is_reported() {
    let mut failures = Failures::default();
    for (front, back) in pairs() {
        for case in cases::requests(front.codec.format()) {
            let place = format!("{} → {}, {}", front.name, back.name, case.name);
            let mut unsaid = Losses::default();
            let Ok(body) = front.codec.encode_request(&case.value, &target(false), &mut unsaid)
            else {
                continue; // Who speaks this format cannot ask for it.
            };
            let sent = match front.codec.decode_request(&body) {
                Ok(request) => request,
                Err(error) => {
                    failures.add(format!("{place}: not read: {error}"));
                    continue;
                }
            };
            let mut losses = Losses::default();
            let Ok(body) = back.codec.encode_request(&sent, &target(false), &mut losses) else {
                continue; // Refused as a whole, by name.
            };
            let got = match back.codec.decode_request(&body) {
                Ok(request) => request,
                Err(error) => {
                    failures.add(format!("{place}: what was written is not read: {error}"));
                    continue;
                }
            };
            let mut missing = Missing::new(&losses, front, back, &body);
            missing.request(&as_json(&sent), &as_json(&got));
            for path in missing.paths {
                failures.add(format!("{place}: {path}"));
            }
            if let Some(wrong) = misplaced(&sent, &got) {
                failures.add(format!("{place}: {wrong}"));
            }
        }
    }
    failures.none();
}

/// Every result belongs to a call of the same tool as before, though ids may be others.
fn misplaced(sent: &Request, got: &Request) -> Option<String> {
    let tools = |request: &Request| -> Vec<Option<String>> {
        let parts = request.messages.iter().flat_map(|message| &message.content);
        let results = parts.filter_map(|part| match part {
            Part::ToolResult(result) => Some(request.tool_name(&result.call_id)),
            _ => None,
        });
        results.map(|name| name.map(str::to_owned)).collect()
    };
    let (before, after) = (tools(sent), tools(got));
    (before != after).then(|| format!("results of {before:?} became results of {after:?}"))
}

#[test]
fn what_a_format_reads_it_writes_without_loss() {
    let mut failures = Failures::default();
    for front in Format::ALL.iter().filter_map(|format| usual(*format)) {
        for case in cases::requests(front.codec.format()) {
            let mut losses = Losses::default();
            let Ok(body) = front.codec.encode_request(&case.value, &target(false), &mut losses)
            else {
                continue;
            };
            let Ok(sent) = front.codec.decode_request(&body) else { continue };
            let mut losses = Losses::default();
            let again = front.codec.encode_request(&sent, &target(false), &mut losses);
            let got = again.map(|body| front.codec.decode_request(&body).map(|got| as_json(&got)));
            let sent = as_json(&sent);
            if got != Ok(Ok(sent.clone())) {
                failures.add(format!("{}, {}: {sent}\n  became {got:?}", front.name, case.name));
            }
            if !losses.is_empty() {
                failures.add(format!("{}, {}: {}", front.name, case.name, losses.header()));
            }
        }
    }
    failures.none();
}
