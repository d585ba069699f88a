use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{OPEN, OPENAI, Relayed, Responses};
use super::asked;
use crate::canonical::{
    Delta, ErrorKind, Finish, Fold, Part, ProviderError, Reasoning, Response, Text, ToolCall,
};
use crate::format::Codec;
use crate::pass::{Pass as _, StreamEnd};
use crate::sse::Reader;

/// What a stream says, cut into pieces of these lengths in turns.
pub(super) fn pieces(codec: Responses, stream: &[u8], lengths: &[usize]) -> Vec<Delta> {
    let mut decoder = codec.decoder();
    let (mut out, mut rest) = (Vec::new(), stream);
    for length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at((*length).max(1).min(rest.len()));
        if piece.is_empty() {
            break;
        }
        decoder.feed(piece, &mut out);
        rest = after;
    }
    decoder.finish(&mut out);
    out
}

/// The data of each event, `[DONE]` left out.
pub(super) fn events(stream: &[u8]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut reader = Reader::default();
    let see = |event: crate::sse::Event<'_>| {
        let data = event.data.unwrap();
        if &*data == b"[DONE]" {
            return;
        }
        let data: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(event.name.unwrap(), data["type"].as_str().unwrap().as_bytes());
        out.push(data);
    };
    reader.feed(stream, see).unwrap();
    for (index, event) in out.iter().enumerate() {
        assert_eq!(event["sequence_number"], index, "{event}");
    }
    out
}

fn types(stream: &[u8]) -> Vec<String> {
    let name =
        |event: Value| event["type"].as_str().unwrap().trim_start_matches("response.").to_owned();
    events(stream).into_iter().map(name).collect()
}

fn encode(codec: Responses, deltas: &[Delta]) -> Vec<u8> {
    let (mut encoder, mut out) = (codec.encoder(asked()), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    out
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

fn fold(deltas: Vec<Delta>) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta);
    }
    fold.finish()
}

#[test]
fn items_begin_grow_and_end_in_order() {
    let stream = encode(
        OPEN,
        &[
            open(0, Part::Reasoning(Reasoning::default())),
            grow(0, "hm"),
            close(0),
            open(1, Part::Text(Text::default())),
            grow(1, "hi"),
            close(1),
            open(2, call("c1")),
            open(3, call("c2")),
            grow(3, "{\"b\":2}"),
            grow(2, "{}"),
            close(2),
            close(3),
            Delta::Finish { choice: 0, finish: Finish::ToolCalls },
            Delta::End,
        ],
    );
    assert_eq!(
        types(&stream),
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "reasoning.delta",
            "reasoning.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ]
    );
    assert!(stream.ends_with(b"data: [DONE]\n\n"));
    let events = events(&stream);
    assert_eq!(events[16]["output_index"], 3);
    assert_eq!(events[16]["item_id"], events[15]["item"]["id"]);
    assert_eq!(events[17]["output_index"], 2);
    let last = &events[22]["response"];
    assert_eq!(last["output"][3]["arguments"], "{\"b\":2}");
    assert_eq!(last["output"][3]["call_id"], "c2");
    let calls = fold(pieces(OPEN, &stream, &[11])).unwrap().unwrap().choices.remove(0).content;
    assert_eq!(calls.len(), 4);
}

#[test]
fn an_error_is_an_event_and_the_answer_failed() {
    let error = ProviderError::new(ErrorKind::RateLimit, "slow down");
    let deltas = [open(0, Part::Text(Text::default())), grow(0, "a"), Delta::Error(error.clone())];
    let written = events(&encode(OPENAI, &deltas));
    let [.., event, failed] = &written[..] else { panic!("{written:?}") };
    assert_eq!(event["code"], "rate_limit_exceeded");
    assert_eq!(event["message"], "slow down");
    assert_eq!(failed["type"], "response.failed");
    assert_eq!(failed["response"]["status"], "failed");
    assert_eq!(
        failed["response"]["error"],
        json!({"code": "rate_limit_exceeded", "message": "slow down"})
    );
    assert_eq!(failed["response"]["output"][0]["status"], "incomplete");
    let open_written = events(&encode(OPEN, &deltas));
    let event = &open_written[open_written.len() - 2];
    assert_eq!(event["error"]["type"], "too_many_requests");
    for codec in [OPENAI, OPEN] {
        let read = fold(pieces(codec, &encode(codec, &deltas), &[5])).unwrap().unwrap_err();
        assert_eq!((read.kind, read.message), (error.kind, error.message.clone()));
    }
    // Before anything else.
    let types = types(&encode(OPENAI, &[Delta::Error(error)]));
    assert_eq!(types, ["created", "in_progress", "error", "failed"]);
}

#[test]
fn a_stream_without_its_last_event_is_cut() {
    let whole = encode(OPENAI, &[open(0, Part::Text(Text::default())), grow(0, "a")]);
    assert_eq!(fold(pieces(OPENAI, &whole, &[9])), None);
    let mut done = whole.clone();
    done.extend_from_slice(b"data: [DONE]\n\n");
    assert_eq!(fold(pieces(OPENAI, &done, &[9])), None);
}

#[test]
fn what_only_the_last_events_say_is_read() {
    let answer = r#"{"id":"resp_1","object":"response","status":"completed","model":"m","output":[
        {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]},
        {"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{\"a\":1}"}],
        "usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}"#;
    let answer = answer.replace('\n', "");
    let whole = OPENAI.decode_response(answer.as_bytes()).unwrap();
    let only_end = format!("data: {{\"type\":\"response.completed\",\"response\":{answer}}}\n\n");
    assert_eq!(fold(pieces(OPENAI, only_end.as_bytes(), &[8])).unwrap().unwrap(), whole);
    let items = format!(
        concat!(
            "data: {{\"type\":\"response.created\",\"response\":{{\"id\":\"resp_1\",\"model\":\"m\"}}}}\n\n",
            "data: {{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{{\"type\":\"message\",\"content\":[{{\"type\":\"output_text\",\"text\":\"hi\"}}]}}}}\n\n",
            "data: {{\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}}}}\n\n",
            "data: {{\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{{\\\"a\"}}\n\n",
            "data: {{\"type\":\"response.function_call_arguments.done\",\"output_index\":1,\"arguments\":\"{{\\\"a\\\":1}}\"}}\n\n",
            "data: {{\"type\":\"response.completed\",\"response\":{}}}"
        ),
        answer
    );
    // Without the blank line at the end.
    assert_eq!(fold(pieces(OPENAI, items.as_bytes(), &[13])).unwrap().unwrap(), whole);
}

#[test]
fn failures_inside_a_success_are_errors() {
    let failed = r#"{"id":"resp_1","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"m"},"output":[]}"#;
    let crate::format::Failure::Error(error) =
        OPENAI.decode_response(failed.as_bytes()).unwrap_err()
    else {
        panic!()
    };
    assert_eq!(error.kind, ErrorKind::RateLimit);
    let event = format!("data: {{\"type\":\"response.failed\",\"response\":{failed}}}\n\n");
    let error = fold(pieces(OPENAI, event.as_bytes(), &[3])).unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimit);
    for malformed in ["data: {\n\n", "data: {\"type\":\"response.output_item.added\"}\n\n"] {
        let error = fold(pieces(OPENAI, malformed.as_bytes(), &[3])).unwrap().unwrap_err();
        assert!(error.message.contains("malformed"), "{malformed}");
    }
    let html = OPENAI.decode_response(b"<html>").unwrap_err();
    assert!(matches!(html, crate::format::Failure::Invalid(_)));
}

#[test]
fn a_stream_that_passes_tells_its_id_and_its_usage_and_fails_in_its_own_words() {
    let stream = include_bytes!("../fixtures/text.sse");
    let (tell, told) = std::sync::mpsc::channel();
    let on_id = Box::new(move |id: &str| tell.send(id.to_owned()).unwrap());
    let mut relayed = Relayed::new(OPENAI, Some(on_id));
    let mut out = Vec::new();
    for piece in stream.chunks(50) {
        out.extend_from_slice(&relayed.feed(&Bytes::copy_from_slice(piece)));
    }
    let (rest, end) = relayed.finish(false);
    out.extend_from_slice(&rest);
    assert_eq!((out.as_slice(), end), (stream.as_slice(), StreamEnd::Done));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["resp_1"]);
    let tally = relayed.tally();
    assert_eq!((tally.usage.unwrap().output, tally.content_bytes), (9, 10));

    let cut = include_bytes!("../fixtures/abort.sse");
    let mut relayed = Relayed::new(OPENAI, None);
    let mut out = relayed.feed(&Bytes::from_static(cut)).to_vec();
    assert_eq!(relayed.finish(true).1, StreamEnd::Cut);
    out.extend(relayed.fail(&ProviderError::new(ErrorKind::Server, "cut")).unwrap());
    let events = events(&out);
    let [.., error, failed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&error["message"], &failed["type"]), (&json!("cut"), &json!("response.failed")));
    assert_eq!(failed["response"]["id"], "resp_1");

    let error = include_bytes!("../fixtures/error-flat.sse");
    let mut relayed = Relayed::new(OPENAI, None);
    relayed.feed(&Bytes::from_static(error));
    let told = relayed.tally().error.clone().unwrap();
    assert_eq!(told.status, Some(503));
    let body: Value = serde_json::from_slice(&told.data).unwrap();
    assert_eq!(body["error"]["code"], "server_is_overloaded");
}
