//! Ollama's own `/api/chat`: a JSON text per line.

use serde_json::{Value, json};

use super::heard::{compact, list, names, text};
use super::{Heard, Speaker};
use crate::upstream::script::{End, Say, Script, words};

pub(super) const SPEAKER: Speaker =
    Speaker { heard, whole, stream, error, late, stream_type: "application/x-ndjson" };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard { tools: names(&body["tools"], "/function/name"), ..Heard::default() };
    heard.max_tokens = body["options"]["num_predict"].as_u64();
    for message in list(&body["messages"]) {
        let role = text(&message["role"]);
        if let Some(thought) = message["thinking"].as_str() {
            heard.say(role, format!("thinks {thought}"));
        }
        let content = text(&message["content"]);
        if !content.is_empty() {
            heard.say(role, content);
        }
        for image in list(&message["images"]) {
            // It takes no media type.
            heard.say(role, format!("image data:image/png;base64,{}", text(image)));
        }
        for call in list(&message["tool_calls"]) {
            let function = &call["function"];
            let arguments = compact(&function["arguments"]);
            heard.say(role, format!("calls {} {arguments}", text(&function["name"])));
        }
    }
    heard
}

fn line(script: &Script, model: &str, message: &Value, last: bool) -> Value {
    let mut line = json!({
        "model": model, "created_at": "2025-03-10T01:25:52.123456Z", "message": message, "done": last,
    });
    if last {
        // It has no reason of its own for tools, and no filter.
        let reason = if script.end == End::Length { "length" } else { "stop" };
        line["done_reason"] = json!(reason);
        for (name, value) in [
            ("total_duration", 5_000_000),
            ("load_duration", 1_000_000),
            ("prompt_eval_count", script.usage.input),
            ("prompt_eval_duration", 1_000_000),
            ("eval_count", script.usage.output),
            ("eval_duration", 3_000_000),
        ] {
            line[name] = json!(value);
        }
    }
    line
}

fn calls(script: &Script) -> Vec<Value> {
    let call = |(index, (id, name, arguments)): (usize, (&str, &str, &Value))| {
        let function = json!({"index": index, "name": name, "arguments": arguments});
        json!({"id": id, "function": function})
    };
    script.calls().enumerate().map(call).collect()
}

fn whole(script: &Script, model: &str) -> Value {
    let mut message = json!({"role": "assistant", "content": script.all_text()});
    let thought = script.all_reasoning();
    if !thought.is_empty() {
        message["thinking"] = json!(thought);
    }
    if script.is_calling() {
        message["tool_calls"] = json!(calls(script));
    }
    line(script, model, &message, true)
}

fn stream(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for say in &script.says {
        match say {
            Say::Text(text) => messages
                .extend(words(text).map(|word| json!({"role": "assistant", "content": word}))),
            Say::Reasoning(text) => messages.extend(
                words(text)
                    .map(|word| json!({"role": "assistant", "content": "", "thinking": word})),
            ),
            Say::Call { .. } => {}
        }
    }
    // Calls come whole.
    if script.is_calling() {
        let calls = calls(script);
        messages.push(json!({"role": "assistant", "content": "", "tool_calls": calls}));
    }
    let lines = messages.into_iter().map(|message| line(script, model, &message, false));
    let last = line(script, model, &json!({"role": "assistant", "content": ""}), true);
    lines.chain([last]).map(|line| format!("{line}\n").into_bytes()).collect()
}

fn error(_: u16) -> Value {
    json!({"error": "as scripted"})
}

fn late() -> Vec<u8> {
    b"{\"error\":\"as scripted\"}\n".to_vec()
}
