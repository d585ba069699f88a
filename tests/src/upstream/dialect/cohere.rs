//! Cohere's Chat, version 2.

use serde_json::{Value, json};

use super::heard::{compact, list, names, parts, text, texts};
use super::{Heard, SSE, Speaker, named_event};
use crate::upstream::script::{End, Say, Script, Usage, halves, words};

pub(super) const SPEAKER: Speaker = Speaker { heard, whole, stream, error, late, stream_type: SSE };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard { tools: names(&body["tools"], "/function/name"), ..Heard::default() };
    heard.max_tokens = body["max_tokens"].as_u64();
    for message in list(&body["messages"]) {
        let role = text(&message["role"]);
        if role == "tool" {
            let documents: String = list(&message["content"])
                .iter()
                .map(|part| match &part["document"]["data"] {
                    Value::Null => text(&part["text"]).to_owned(),
                    Value::String(text) => text.clone(),
                    data => data.to_string(),
                })
                .collect();
            let plain = texts(&message["content"]);
            heard.say(role, if documents.is_empty() { plain } else { documents });
            continue;
        }
        if let Some(plan) = message["tool_plan"].as_str() {
            heard.say(role, plan);
        }
        for part in parts(&message["content"]) {
            match text(&part["type"]) {
                "image_url" => {
                    heard.say(role, format!("image {}", text(&part["image_url"]["url"])));
                }
                "thinking" => heard.say(role, format!("thinks {}", text(&part["thinking"]))),
                _ => heard.say(role, text(&part["text"])),
            }
        }
        for call in list(&message["tool_calls"]) {
            let function = &call["function"];
            let arguments = compact(&function["arguments"]);
            heard.say(role, format!("calls {} {arguments}", text(&function["name"])));
        }
    }
    heard
}

fn finish(script: &Script) -> &'static str {
    match script.end {
        End::Complete if script.is_calling() => "TOOL_CALL",
        End::Complete => "COMPLETE",
        End::Length => "MAX_TOKENS",
        // It has no word for a filter.
        End::Filter => "ERROR",
    }
}

/// Its numbers are floats.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn usage(usage: Usage) -> Value {
    let tokens = json!({"input_tokens": usage.input as f64, "output_tokens": usage.output as f64});
    json!({"billed_units": tokens, "tokens": tokens, "cached_tokens": usage.cached as f64})
}

fn whole(script: &Script, _: &str) -> Value {
    let part = |say: &Say| match say {
        Say::Text(text) => Some(json!({"type": "text", "text": text})),
        Say::Reasoning(text) => Some(json!({"type": "thinking", "thinking": text})),
        Say::Call { .. } => None,
    };
    let content: Vec<Value> = script.says.iter().filter_map(part).collect();
    let mut message = json!({"role": "assistant"});
    if !content.is_empty() {
        message["content"] = json!(content);
    }
    if script.is_calling() {
        let call = |(id, name, arguments): (&str, &str, &Value)| {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            json!({"id": id, "type": "function", "function": function})
        };
        message["tool_calls"] = script.calls().map(call).collect();
    }
    json!({
        "id": "answer-test", "finish_reason": finish(script), "message": message,
        "usage": usage(script.usage),
    })
}

fn stream(script: &Script, _: &str) -> Vec<Vec<u8>> {
    let event = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        named_event(name, &data)
    };
    let start = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []});
    let start = json!({"id": "answer-test", "delta": {"message": start}});
    let mut events = vec![event("message-start", start)];
    for (index, say) in script.says.iter().enumerate() {
        let piece = |name: &str, message: Value| {
            event(name, json!({"index": index, "delta": {"message": message}}))
        };
        match say {
            Say::Text(said) | Say::Reasoning(said) => {
                let kind = if matches!(say, Say::Text(_)) { "text" } else { "thinking" };
                let start = json!({"content": {"type": kind, kind: ""}});
                events.push(piece("content-start", start));
                let deltas = words(said)
                    .map(|word| piece("content-delta", json!({"content": {kind: word}})));
                events.extend(deltas);
                events.push(event("content-end", json!({"index": index})));
            }
            Say::Call { id, name, arguments } => {
                let function = json!({"name": name, "arguments": ""});
                let call = json!({"id": id, "type": "function", "function": function});
                events.push(piece("tool-call-start", json!({"tool_calls": call})));
                events.extend(halves(arguments).map(|half| {
                    let grown = json!({"tool_calls": {"function": {"arguments": half}}});
                    piece("tool-call-delta", grown)
                }));
                events.push(event("tool-call-end", json!({"index": index})));
            }
        }
    }
    let delta = json!({"finish_reason": finish(script), "usage": usage(script.usage)});
    events.push(event("message-end", json!({"delta": delta})));
    events
}

fn error(_: u16) -> Value {
    json!({"id": "error-test", "message": "as scripted"})
}

/// It has no event of errors: the last one says that it failed.
fn late() -> Vec<u8> {
    let delta = json!({"finish_reason": "ERROR", "error": "as scripted"});
    named_event("message-end", &json!({"type": "message-end", "delta": delta}))
}
