//! OpenAI Chat Completions.

use serde_json::{Value, json};

use super::heard::{compact, list, names, parts, text, texts};
use super::{Heard, SSE, Speaker, data_event};
use crate::upstream::openai;
use crate::upstream::script::{End, Say, Script, Usage, halves, words};

pub(super) const SPEAKER: Speaker = Speaker { heard, whole, stream, error, late, stream_type: SSE };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard { tools: names(&body["tools"], "/function/name"), ..Heard::default() };
    let bounds = [&body["max_completion_tokens"], &body["max_tokens"]];
    heard.max_tokens = bounds.iter().find_map(|bound| bound.as_u64());
    for message in list(&body["messages"]) {
        let role = text(&message["role"]);
        for member in ["reasoning_content", "reasoning"] {
            if let Some(thought) = message[member].as_str().filter(|thought| !thought.is_empty()) {
                heard.say(role, format!("thinks {thought}"));
            }
        }
        if role == "tool" {
            heard.say(role, texts(&message["content"]));
            continue;
        }
        for part in parts(&message["content"]) {
            match text(&part["type"]) {
                "image_url" => {
                    heard.say(role, format!("image {}", text(&part["image_url"]["url"])));
                }
                "file" => heard.say(role, format!("file {}", text(&part["file"]["filename"]))),
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
        End::Complete if script.is_calling() => "tool_calls",
        End::Complete => "stop",
        End::Length => "length",
        End::Filter => "content_filter",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn whole(script: &Script, model: &str) -> Value {
    let content = script.all_text();
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if content.is_empty() {
        message["content"] = Value::Null;
    }
    let reasoning = script.all_reasoning();
    if !reasoning.is_empty() {
        // Not OpenAI's, but of most who speak like it.
        message["reasoning_content"] = json!(reasoning);
    }
    if script.is_calling() {
        let call = |(id, name, arguments): (&str, &str, &Value)| {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            json!({"id": id, "type": "function", "function": function})
        };
        message["tool_calls"] = script.calls().map(call).collect();
    }
    json!({
        "id": "chatcmpl-test", "object": "chat.completion", "created": 1_741_569_952, "model": model,
        "choices": [
            {"index": 0, "message": message, "logprobs": null, "finish_reason": finish(script)},
        ],
        "usage": usage(script.usage), "service_tier": "default", "system_fingerprint": "fp_test",
    })
}

fn stream(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let chunk = |choices: Value, usage: Value| {
        data_event(&json!({
            "id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1_741_569_952,
            "model": model, "choices": choices, "usage": usage,
        }))
    };
    let delta = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        chunk(json!([choice]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    let mut index = 0;
    for say in &script.says {
        match say {
            Say::Text(text) => {
                events.extend(words(text).map(|word| delta(json!({"content": word}), Value::Null)));
            }
            Say::Reasoning(text) => events.extend(
                words(text).map(|word| delta(json!({"reasoning_content": word}), Value::Null)),
            ),
            Say::Call { id, name, arguments } => {
                let function = json!({"name": name, "arguments": ""});
                let head =
                    json!({"index": index, "id": id, "type": "function", "function": function});
                events.push(delta(json!({"tool_calls": [head]}), Value::Null));
                events.extend(halves(arguments).map(|half| {
                    let piece = json!({"index": index, "function": {"arguments": half}});
                    delta(json!({"tool_calls": [piece]}), Value::Null)
                }));
                index += 1;
            }
        }
    }
    events.push(delta(json!({}), json!(finish(script))));
    events.push(chunk(json!([]), usage(script.usage)));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn error(status: u16) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        429 => ("rate_limit_error", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", Some("as_scripted")),
    };
    openai::error("as scripted", kind, code)
}

fn late() -> Vec<u8> {
    data_event(&openai::error("as scripted", "server_error", None))
}
