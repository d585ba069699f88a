//! Streams of other formats, whose blocks grow in turns.

use super::*;
use crate::canonical::{
    Delta, Finish, Part, Reasoning, Refusal, Signature, Start, Text, ToolCall, Usage,
};
use crate::proof;

fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: String::new(),
        custom: false,
        signature: None,
        cache: None,
    })
}

fn open(block: u32, part: Part) -> Delta {
    Delta::Open { choice: 0, block, part }
}

fn grow(block: u32, text: &str) -> Delta {
    Delta::Grow { choice: 0, block, text: text.into() }
}

fn close(block: u32) -> Delta {
    Delta::Close { choice: 0, block }
}

fn finish(finish: Finish) -> Delta {
    Delta::Finish { choice: 0, finish }
}

/// What a stream of these says, without counts, and what is lost.
fn written(deltas: &[Delta]) -> (String, Response, Losses) {
    let asked = Asked { input_tokens: 7, ..proof::asked() };
    let (mut encoder, mut out) = (MESSAGES.encoder(asked), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    let read = proof::deltas(&MESSAGES, [out.as_slice()]);
    proof::is_in_order(&read);
    let response = proof::fold(read).unwrap().unwrap();
    (String::from_utf8(out).unwrap(), response, encoder.losses().clone())
}

#[test]
fn calls_that_grow_in_turns_follow_each_other() {
    let (text, response, losses) = written(&[
        Delta::Start(Start::default()),
        open(0, Part::Text(Text::default())),
        grow(0, "I look."),
        open(1, call("a")),
        grow(1, "{\"x\""),
        open(2, call("b")),
        grow(2, "{\"y\""),
        grow(1, ":1}"),
        open(3, Part::Text(Text::default())),
        grow(2, ":2}"),
        grow(3, "So."),
        close(0),
        close(1),
        close(2),
        close(3),
        finish(Finish::ToolCalls),
        Delta::Usage(Usage { input: 9, output: 4, ..Usage::default() }),
        Delta::End,
    ]);
    insta::assert_snapshot!(text);
    assert!(losses.is_empty());
    let arguments: Vec<&str> = response.choices[0]
        .content
        .iter()
        .filter_map(|part| match part {
            Part::ToolCall(call) => Some(call.arguments.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(arguments, ["{\"x\":1}", "{\"y\":2}"]);
}

#[test]
fn text_is_not_held_back_by_thinking_that_nobody_closes() {
    let asked = proof::asked();
    let (mut encoder, mut out) = (MESSAGES.encoder(asked), Vec::new());
    for delta in [
        open(0, Part::Reasoning(Reasoning::default())),
        grow(0, "Hm."),
        open(1, Part::Text(Text::default())),
        grow(1, "Yes"),
    ] {
        encoder.delta(&delta, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""signature_delta","signature":"sanmon.""#), "{text}");
    assert!(text.ends_with("\"delta\":{\"type\":\"text_delta\",\"text\":\"Yes\"}}\n\n"), "{text}");
}

#[test]
fn signatures_of_others_are_carried_and_come_back() {
    let signature = Signature { format: Format::Responses, data: "enc".into() };
    let (_, response, losses) = written(&[
        Delta::Start(Start::default()),
        open(0, Part::Reasoning(Reasoning::default())),
        Delta::Summary { choice: 0, block: 0, index: 0, text: "a".into() },
        Delta::Summary { choice: 0, block: 0, index: 1, text: "b".into() },
        Delta::Sign { choice: 0, block: 0, signature: signature.clone() },
        close(0),
        finish(Finish::Stop),
        Delta::End,
    ]);
    assert!(losses.is_empty());
    let expected =
        Reasoning { text: "a\n\nb".into(), signature: Some(signature), ..Reasoning::default() };
    assert_eq!(response.choices[0].content, [Part::Reasoning(expected)]);
    // Nobody counted.
    assert_eq!(response.usage.unwrap().input, 7);
}

#[test]
fn a_refusal_is_told_as_text_or_beside_it() {
    let refusal = |how: Finish| {
        written(&[
            open(0, Part::Refusal(Refusal::default())),
            grow(0, "No."),
            close(0),
            finish(how),
            Delta::End,
        ])
    };
    let (_, response, losses) = refusal(Finish::Stop);
    assert_eq!(response.choices[0].content, [Part::Text(Text::new("No."))]);
    assert_eq!(response.choices[0].finish, Some(Finish::Refusal));
    assert_eq!(losses.header(), "approximated=response.refusal");
    let (_, response, losses) = refusal(Finish::Refusal);
    assert_eq!(response.choices[0].content, [Part::Refusal(Refusal { text: "No.".into() })]);
    assert!(losses.is_empty());
}

#[test]
fn errors_and_signs_of_life_are_events() {
    let (mut encoder, mut out) = (MESSAGES.encoder(proof::asked()), Vec::new());
    encoder.delta(&Delta::Ping, &mut out);
    let error = ProviderError::new(crate::canonical::ErrorKind::Overloaded, "busy");
    encoder.delta(&Delta::Error(error), &mut out);
    assert_eq!(encoder.heartbeat(), PING);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: error\ndata: {\"type\":\"error\",\
         \"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"
    );
}
