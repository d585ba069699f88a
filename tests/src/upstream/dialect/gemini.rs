//! Gemini's `generateContent`.

use serde_json::{Value, json};

use super::heard::{compact, list, text};
use super::{Heard, SSE, Speaker, data_event};
use crate::upstream::script::{End, Say, Script, Usage, words};

pub(super) const SPEAKER: Speaker = Speaker { heard, whole, stream, error, late, stream_type: SSE };

fn heard(body: &Value) -> Heard {
    let mut heard = Heard::default();
    for tool in list(&body["tools"]) {
        let declared = list(&tool["functionDeclarations"]);
        heard.tools.extend(declared.iter().map(|tool| text(&tool["name"]).to_owned()));
    }
    heard.max_tokens = body["generationConfig"]["maxOutputTokens"].as_u64();
    for part in list(&body["systemInstruction"]["parts"]) {
        heard.say("system", text(&part["text"]));
    }
    for content in list(&body["contents"]) {
        let role = text(&content["role"]);
        for part in list(&content["parts"]) {
            hear(&mut heard, role, part);
        }
    }
    heard
}

fn hear(heard: &mut Heard, role: &str, part: &Value) {
    if let Some(call) = part.get("functionCall") {
        let arguments = compact(&call["args"]);
        heard.say(role, format!("calls {} {arguments}", text(&call["name"])));
    } else if let Some(result) = part.get("functionResponse") {
        let response = &result["response"];
        let said = |member: &str| {
            response.get(member).map(|said| match said {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        };
        let failed = said("error").map(|error| format!("failed: {error}"));
        heard.say("tool", failed.or_else(|| said("output")).unwrap_or(response.to_string()));
    } else if let Some(data) = part.get("inlineData") {
        let (media, base64) = (text(&data["mimeType"]), text(&data["data"]));
        if media.starts_with("image/") {
            heard.say(role, format!("image data:{media};base64,{base64}"));
        } else {
            heard.say(role, "file ");
        }
    } else if let Some(file) = part.get("fileData") {
        heard.say(role, format!("image {}", text(&file["fileUri"])));
    } else if part["thought"] == Value::Bool(true) {
        heard.say(role, format!("thinks {}", text(&part["text"])));
    } else {
        heard.say(role, text(&part["text"]));
    }
}

/// Its candidates exclude thoughts.
fn usage(usage: Usage) -> Value {
    json!({
        "promptTokenCount": usage.input,
        "cachedContentTokenCount": usage.cached,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    })
}

/// It has no reason of its own for tools.
fn finish(script: &Script) -> &'static str {
    match script.end {
        End::Complete => "STOP",
        End::Length => "MAX_TOKENS",
        End::Filter => "SAFETY",
    }
}

fn part(say: &Say) -> Value {
    match say {
        Say::Text(text) => json!({"text": text}),
        Say::Reasoning(text) => json!({"text": text, "thought": true}),
        Say::Call { id, name, arguments } => {
            json!({"functionCall": {"id": id, "name": name, "args": arguments}})
        }
    }
}

/// The first call of a step is signed.
fn signed(mut parts: Vec<Value>) -> Vec<Value> {
    if let Some(call) = parts.iter_mut().find(|part| part.get("functionCall").is_some()) {
        call["thoughtSignature"] = json!("c2lnbmVk");
    }
    parts
}

fn fragment(script: &Script, model: &str, parts: &[Value], last: bool) -> Value {
    let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
    let mut counted = Usage { output: 0, reasoning: 0, ..script.usage };
    if last {
        candidate["finishReason"] = json!(finish(script));
        counted = script.usage;
    }
    json!({
        "candidates": [candidate], "usageMetadata": usage(counted), "modelVersion": model,
        "responseId": "response-test",
    })
}

fn whole(script: &Script, model: &str) -> Value {
    fragment(script, model, &signed(script.says.iter().map(part).collect()), true)
}

fn stream(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for say in &script.says {
        match say {
            Say::Text(text) => parts.extend(words(text).map(|word| json!({"text": word}))),
            Say::Reasoning(text) => {
                parts.extend(words(text).map(|word| json!({"text": word, "thought": true})));
            }
            // A call comes whole.
            Say::Call { .. } => parts.push(part(say)),
        }
    }
    let fragments = signed(parts).into_iter().map(|part| fragment(script, model, &[part], false));
    let last = fragment(script, model, &[json!({"text": ""})], true);
    fragments.chain([last]).map(|fragment| data_event(&fragment)).collect()
}

fn error(status: u16) -> Value {
    let word = match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
    json!({"error": {"code": status, "message": "as scripted", "status": word}})
}

fn late() -> Vec<u8> {
    data_event(&error(500))
}
