//! Bedrock's Converse and `ConverseStream`.

use serde_json::{Value, json};

use super::frame::frame;
use super::heard::{compact, list, names, text};
use super::{Heard, Speaker};
use crate::upstream::script::{End, Say, Script, Usage, halves, words};

pub(super) const SPEAKER: Speaker = Speaker {
    heard,
    whole,
    stream,
    error,
    late,
    stream_type: "application/vnd.amazon.eventstream",
};

fn heard(body: &Value) -> Heard {
    let tools = names(&body["toolConfig"]["tools"], "/toolSpec/name");
    let mut heard = Heard { tools, ..Heard::default() };
    heard.max_tokens = body["inferenceConfig"]["maxTokens"].as_u64();
    for block in list(&body["system"]) {
        if let Some(text) = block["text"].as_str() {
            heard.say("system", text);
        }
    }
    for message in list(&body["messages"]) {
        for block in list(&message["content"]) {
            hear(&mut heard, text(&message["role"]), block);
        }
    }
    heard
}

fn hear(heard: &mut Heard, role: &str, block: &Value) {
    if let Some(call) = block.get("toolUse") {
        let arguments = compact(&call["input"]);
        heard.say(role, format!("calls {} {arguments}", text(&call["name"])));
    } else if let Some(result) = block.get("toolResult") {
        let said: String = list(&result["content"])
            .iter()
            .map(|block| block["text"].as_str().map_or(block["json"].to_string(), str::to_owned))
            .collect();
        let failed = if result["status"] == json!("error") { "failed: " } else { "" };
        heard.say("tool", format!("{failed}{said}"));
    } else if let Some(image) = block.get("image") {
        let (format, bytes) = (text(&image["format"]), text(&image["source"]["bytes"]));
        heard.say(role, format!("image data:image/{format};base64,{bytes}"));
    } else if let Some(document) = block.get("document") {
        heard.say(role, format!("file {}", text(&document["name"])));
    } else if let Some(reasoning) = block.get("reasoningContent") {
        let thought = text(&reasoning["reasoningText"]["text"]);
        heard.say(role, format!("thinks {thought}"));
    } else if let Some(text) = block["text"].as_str() {
        heard.say(role, text);
    }
}

fn stop_reason(script: &Script) -> &'static str {
    match script.end {
        End::Complete if script.is_calling() => "tool_use",
        End::Complete => "end_turn",
        End::Length => "max_tokens",
        End::Filter => "content_filtered",
    }
}

/// Its input excludes what came from the cache; it does not count reasoning apart.
fn usage(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input - usage.cached,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": 0,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
    })
}

fn whole(script: &Script, _: &str) -> Value {
    let block = |say: &Say| match say {
        Say::Text(text) => json!({"text": text}),
        Say::Reasoning(text) => json!({
            "reasoningContent": {"reasoningText": {"text": text, "signature": "c2lnbmVk"}},
        }),
        Say::Call { id, name, arguments } => {
            json!({"toolUse": {"toolUseId": id, "name": name, "input": arguments}})
        }
    };
    let content: Vec<Value> = script.says.iter().map(block).collect();
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason(script), "usage": usage(script.usage),
        "metrics": {"latencyMs": 12},
    })
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers =
        [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.to_string().as_bytes())
}

fn stream(script: &Script, _: &str) -> Vec<Vec<u8>> {
    let mut events = vec![event("messageStart", &json!({"role": "assistant", "p": "abcd"}))];
    for (index, say) in script.says.iter().enumerate() {
        let delta = |delta: Value| {
            event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta}))
        };
        match say {
            // Text has no start.
            Say::Text(text) => {
                events.extend(words(text).map(|word| delta(json!({"text": word}))));
            }
            Say::Reasoning(text) => {
                events.extend(
                    words(text).map(|word| delta(json!({"reasoningContent": {"text": word}}))),
                );
                events.push(delta(json!({"reasoningContent": {"signature": "c2lnbmVk"}})));
            }
            Say::Call { id, name, arguments } => {
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                let start = json!({"contentBlockIndex": index, "start": start});
                events.push(event("contentBlockStart", &start));
                let halves = halves(arguments);
                events.extend(halves.map(|half| delta(json!({"toolUse": {"input": half}}))));
            }
        }
        events.push(event("contentBlockStop", &json!({"contentBlockIndex": index})));
    }
    events.push(event("messageStop", &json!({"stopReason": stop_reason(script)})));
    let metadata = json!({"usage": usage(script.usage), "metrics": {"latencyMs": 12}});
    events.push(event("metadata", &metadata));
    events
}

/// Which exception it is stands in a header; the status says enough.
fn error(_: u16) -> Value {
    json!({"message": "as scripted"})
}

fn late() -> Vec<u8> {
    let headers = [
        (":exception-type", "internalServerException"),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    frame(&headers, br#"{"message":"as scripted"}"#)
}
