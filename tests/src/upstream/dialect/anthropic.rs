//! Anthropic Messages.

use serde_json::{Value, json};

use super::heard::{compact, list, names, parts, text, texts};
use super::{Heard, SSE, Speaker, named_event};
use crate::upstream::script::{End, Say, Script, Usage, halves, words};

pub(super) const SPEAKER: Speaker = Speaker { heard, whole, stream, error, late, stream_type: SSE };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard { tools: names(&body["tools"], "/name"), ..Heard::default() };
    heard.max_tokens = body["max_tokens"].as_u64();
    for part in parts(&body["system"]) {
        heard.say("system", text(&part["text"]));
    }
    for message in list(&body["messages"]) {
        let role = text(&message["role"]);
        for part in parts(&message["content"]) {
            match text(&part["type"]) {
                "image" => heard.say(role, format!("image {}", address(&part["source"]))),
                "document" => heard.say(role, format!("file {}", text(&part["title"]))),
                "thinking" => heard.say(role, format!("thinks {}", text(&part["thinking"]))),
                "tool_use" => {
                    let arguments = compact(&part["input"]);
                    heard.say(role, format!("calls {} {arguments}", text(&part["name"])));
                }
                "tool_result" => {
                    let failed =
                        if part["is_error"] == Value::Bool(true) { "failed: " } else { "" };
                    heard.say("tool", format!("{failed}{}", texts(&part["content"])));
                }
                _ => heard.say(role, text(&part["text"])),
            }
        }
    }
    heard
}

fn address(source: &Value) -> String {
    match text(&source["type"]) {
        "base64" => {
            format!("data:{};base64,{}", text(&source["media_type"]), text(&source["data"]))
        }
        _ => text(&source["url"]).to_owned(),
    }
}

fn stop_reason(script: &Script) -> &'static str {
    match script.end {
        End::Complete if script.is_calling() => "tool_use",
        End::Complete => "end_turn",
        End::Length => "max_tokens",
        End::Filter => "refusal",
    }
}

/// Its input excludes what came from the cache.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    })
}

fn whole(script: &Script, model: &str) -> Value {
    let block = |say: &Say| match say {
        Say::Text(text) => json!({"type": "text", "text": text}),
        Say::Reasoning(text) => {
            json!({"type": "thinking", "thinking": text, "signature": "c2lnbmVk"})
        }
        Say::Call { id, name, arguments } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": arguments})
        }
    };
    json!({
        "id": "msg_test", "type": "message", "role": "assistant", "model": model,
        "content": script.says.iter().map(block).collect::<Vec<_>>(),
        "stop_reason": stop_reason(script), "stop_sequence": null, "usage": usage(script.usage),
    })
}

fn stream(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let event = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        named_event(name, &data)
    };
    let mut start = whole(&Script { says: Vec::new(), ..script.clone() }, model);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events =
        vec![event("message_start", json!({"message": start})), event("ping", json!({}))];
    for (index, say) in script.says.iter().enumerate() {
        let delta =
            |delta: Value| event("content_block_delta", json!({"index": index, "delta": delta}));
        let (block, deltas): (Value, Vec<Vec<u8>>) = match say {
            Say::Text(text) => {
                let deltas =
                    words(text).map(|word| delta(json!({"type": "text_delta", "text": word})));
                (json!({"type": "text", "text": ""}), deltas.collect())
            }
            Say::Reasoning(text) => {
                let thinks = words(text)
                    .map(|word| delta(json!({"type": "thinking_delta", "thinking": word})));
                let signs = delta(json!({"type": "signature_delta", "signature": "c2lnbmVk"}));
                let block = json!({"type": "thinking", "thinking": "", "signature": ""});
                (block, thinks.chain([signs]).collect())
            }
            Say::Call { id, name, arguments } => {
                // The first piece is empty, as a rule.
                let pieces = [String::new()].into_iter().chain(halves(arguments));
                let deltas = pieces
                    .map(|piece| delta(json!({"type": "input_json_delta", "partial_json": piece})));
                (json!({"type": "tool_use", "id": id, "name": name, "input": {}}), deltas.collect())
            }
        };
        let opened = json!({"index": index, "content_block": block});
        events.push(event("content_block_start", opened));
        events.extend(deltas);
        events.push(event("content_block_stop", json!({"index": index})));
    }
    let delta = json!({"stop_reason": stop_reason(script), "stop_sequence": null});
    let usage = usage(script.usage);
    events.push(event("message_delta", json!({"delta": delta, "usage": usage})));
    events.push(event("message_stop", json!({})));
    events
}

fn error(status: u16) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({
        "type": "error", "error": {"type": kind, "message": "as scripted"}, "request_id": "req_test",
    })
}

fn late() -> Vec<u8> {
    named_event("error", &error(500))
}
