//! OpenAI Responses.

use serde_json::{Value, json};

use super::heard::{compact, list, names, parts, text, texts};
use super::{Heard, SSE, Speaker, named_event};
use crate::upstream::script::{End, Say, Script, Usage, halves, words};
use crate::upstream::{Reply, Request, openai};

pub(super) const SPEAKER: Speaker = Speaker { heard, whole, stream, error, late, stream_type: SSE };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard { tools: names(&body["tools"], "/name"), ..Heard::default() };
    heard.max_tokens = body["max_output_tokens"].as_u64();
    if let Some(instructions) = body["instructions"].as_str() {
        heard.say("system", instructions);
    }
    if let Some(input) = body["input"].as_str() {
        heard.say("user", input);
    }
    for item in list(&body["input"]) {
        match text(&item["type"]) {
            "function_call" => {
                let arguments = compact(&item["arguments"]);
                heard.say("assistant", format!("calls {} {arguments}", text(&item["name"])));
            }
            "function_call_output" => heard.say("tool", texts(&item["output"])),
            "reasoning" => {
                heard.say("assistant", format!("thinks {}", texts(&item["summary"])));
            }
            _ => {
                let role = text(&item["role"]);
                for part in parts(&item["content"]) {
                    match text(&part["type"]) {
                        "input_image" => {
                            heard.say(role, format!("image {}", text(&part["image_url"])));
                        }
                        "input_file" => {
                            heard.say(role, format!("file {}", text(&part["filename"])));
                        }
                        _ => heard.say(role, text(&part["text"])),
                    }
                }
            }
        }
    }
    heard
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    })
}

/// The item that a piece of an answer is, complete.
fn item(index: usize, say: &Say) -> Value {
    match say {
        Say::Text(text) => json!({
            "id": format!("msg_{index}"), "type": "message", "status": "completed",
            "role": "assistant", "content": [output_text(text)],
        }),
        Say::Reasoning(text) => json!({
            "id": format!("rs_{index}"), "type": "reasoning",
            "summary": [{"type": "summary_text", "text": text}],
        }),
        Say::Call { id, name, arguments } => json!({
            "id": format!("fc_{index}"), "type": "function_call", "status": "completed",
            "call_id": id, "name": name, "arguments": arguments.to_string(),
        }),
    }
}

fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn response(script: &Script, model: &str, status: &str, output: &[Value]) -> Value {
    let incomplete = match script.end {
        End::Length => json!({"reason": "max_output_tokens"}),
        End::Filter => json!({"reason": "content_filter"}),
        End::Complete => Value::Null,
    };
    let running = status == "in_progress";
    json!({
        "id": "resp_test", "object": "response", "created_at": 1_741_569_952, "status": status,
        "background": false, "error": null,
        "incomplete_details": if running { Value::Null } else { incomplete },
        "instructions": null, "max_output_tokens": null, "model": model, "output": output,
        "parallel_tool_calls": true, "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null}, "service_tier": "default", "store": false,
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
        "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
        "usage": if running { Value::Null } else { usage(script.usage) },
        "user": null, "metadata": {},
    })
}

fn complete(script: &Script, model: &str) -> Value {
    let output: Vec<Value> =
        script.says.iter().enumerate().map(|(index, say)| item(index, say)).collect();
    let status = if script.end == End::Complete { "completed" } else { "incomplete" };
    response(script, model, status, &output)
}

fn whole(script: &Script, model: &str) -> Value {
    complete(script, model)
}

fn stream(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    let mut event = |name: &str, mut data: Value| {
        data["type"] = json!(name);
        data["sequence_number"] = json!(events.len());
        events.push(named_event(name, &data));
    };
    let begun = response(script, model, "in_progress", &[]);
    event("response.created", json!({"response": begun}));
    event("response.in_progress", json!({"response": begun}));
    for (index, say) in script.says.iter().enumerate() {
        let done = item(index, say);
        let id = done["id"].clone();
        let mut added = done.clone();
        added["status"] = json!("in_progress");
        // Each event names the item.
        let at = |mut data: Value| {
            data["item_id"] = id.clone();
            data["output_index"] = json!(index);
            data
        };
        match say {
            Say::Text(text) => {
                added["content"] = json!([]);
                event("response.output_item.added", json!({"output_index": index, "item": added}));
                let empty = json!({"content_index": 0, "part": output_text("")});
                event("response.content_part.added", at(empty));
                for word in words(text) {
                    let delta = json!({"content_index": 0, "delta": word, "logprobs": []});
                    event("response.output_text.delta", at(delta));
                }
                let said = json!({"content_index": 0, "text": text, "logprobs": []});
                event("response.output_text.done", at(said));
                let part = json!({"content_index": 0, "part": output_text(text)});
                event("response.content_part.done", at(part));
            }
            Say::Reasoning(text) => {
                added["summary"] = json!([]);
                event("response.output_item.added", json!({"output_index": index, "item": added}));
                let part = |text: &str| json!({"type": "summary_text", "text": text});
                let opened = json!({"summary_index": 0, "part": part("")});
                event("response.reasoning_summary_part.added", at(opened));
                for word in words(text) {
                    let delta = json!({"summary_index": 0, "delta": word});
                    event("response.reasoning_summary_text.delta", at(delta));
                }
                let said = json!({"summary_index": 0, "text": text});
                event("response.reasoning_summary_text.done", at(said));
                let closed = json!({"summary_index": 0, "part": part(text)});
                event("response.reasoning_summary_part.done", at(closed));
            }
            Say::Call { arguments, .. } => {
                added["arguments"] = json!("");
                event("response.output_item.added", json!({"output_index": index, "item": added}));
                for half in halves(arguments) {
                    event("response.function_call_arguments.delta", at(json!({"delta": half})));
                }
                let said = json!({"arguments": arguments.to_string()});
                event("response.function_call_arguments.done", at(said));
            }
        }
        event("response.output_item.done", json!({"output_index": index, "item": done}));
    }
    let done = complete(script, model);
    let name = format!("response.{}", text(&done["status"]));
    event(&name, json!({"response": done}));
    events
}

/// What is kept: every answer, whatever it is asked for.
pub(super) fn kept(request: &Request) -> Reply {
    let script = Script::text("the sea is blue today");
    let body = match request.method.as_str() {
        "DELETE" => json!({"id": "resp_test", "object": "response.deleted", "deleted": true}),
        _ if request.path.contains("/input_items") => {
            let part = json!({"type": "input_text", "text": "hello there"});
            let item = json!({"type": "message", "id": "msg_0", "role": "user", "content": [part]});
            json!({
                "object": "list", "data": [item], "first_id": "msg_0", "last_id": "msg_0",
                "has_more": false,
            })
        }
        _ => whole(&script, "text"),
    };
    Reply::json(200, &body)
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

/// Flat, as OpenAI has it.
fn late() -> Vec<u8> {
    let data = json!({
        "type": "error", "code": "server_error", "message": "as scripted", "param": null,
        "sequence_number": 3,
    });
    named_event("error", &data)
}
