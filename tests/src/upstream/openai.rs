//! Answers as OpenAI's API gives them, deterministic: the text says what was asked.

use serde_json::{Value, json};

use super::{Reply, Request};

/// Chat completions (streamed when asked), embeddings and the list of models.
pub fn answer(request: &Request) -> Reply {
    match request.path.split('?').next().unwrap_or_default() {
        "/v1/chat/completions" => {
            let body = request.json();
            let text = echo(&body);
            if body["stream"] == json!(true) {
                let usage = body["stream_options"]["include_usage"] == json!(true);
                let events = chunks(&body, &text, usage);
                Reply::stream(events.iter().map(String::as_str))
            } else {
                Reply::json(200, &completion(&body, &text))
            }
        }
        "/v1/embeddings" => Reply::json(200, &embeddings(&request.json())),
        "/v1/models" => Reply::json(200, &models(&["test-model", "other-model"])),
        _ => Reply::json(404, &error("unknown path", "invalid_request_error", None)),
    }
}

/// What the default answer says: the text of the last message, told back.
pub fn echo(body: &Value) -> String {
    let last = body["messages"].as_array().and_then(|messages| messages.last());
    let text = last.and_then(|message| message["content"].as_str()).unwrap_or_default();
    format!("you said: {text}")
}

/// A whole completion.
pub fn completion(body: &Value, text: &str) -> Value {
    json!({
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 1_741_569_952,
        "model": body["model"],
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": usage(),
    })
}

/// The usage of every answer.
pub fn usage() -> Value {
    json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
}

/// The data of a streamed completion's events: a word each, with `[DONE]`.
pub fn chunks(body: &Value, text: &str, with_usage: bool) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-test",
            "object": "chat.completion.chunk",
            "created": 1_741_569_952,
            "model": body["model"],
            "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage;
        }
        chunk.to_string()
    };
    let delta = |delta: Value, finish: Value| {
        let choice =
            json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        chunk(choice, Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    for word in text.split_inclusive(' ') {
        events.push(delta(json!({"content": word}), Value::Null));
    }
    events.push(delta(json!({}), json!("stop")));
    if with_usage {
        events.push(chunk(json!([]), usage()));
    }
    events.push("[DONE]".to_owned());
    events
}

/// A vector per input, of floats that base64 of float32 keeps exactly.
pub fn embeddings(body: &Value) -> Value {
    let one = |index: usize| json!({"object": "embedding", "index": index, "embedding": [0.5, -0.25, 1.0]});
    let count = match &body["input"] {
        Value::Array(items) if items.first().is_some_and(|item| !item.is_number()) => items.len(),
        _ => 1,
    };
    json!({
        "object": "list",
        "data": (0..count).map(one).collect::<Vec<_>>(),
        "model": body["model"],
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    })
}

/// A list of models.
pub fn models(ids: &[&str]) -> Value {
    let one = |id: &&str| json!({"id": id, "object": "model", "created": 1_686_935_002, "owned_by": "test"});
    json!({"object": "list", "data": ids.iter().map(one).collect::<Vec<_>>()})
}

/// An error in OpenAI's envelope.
pub fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}
