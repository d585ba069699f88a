use bytes::Bytes;
use sanmon_shared::resources::Mock;
use sanmon_wire::json::{Elements, Object, Value, write_string};

use super::stream::Piece;
use super::{MockStream, Reply, Script};

/// When the mock was made, as far as its answers say.
pub(super) const CREATED: &str = "1700000000";

/// Answers a chat request.
pub fn chat(mock: &Mock, body: &Bytes) -> Reply {
    let Ok(request) = Object::scan(body) else {
        return refusal("the body is no JSON object");
    };
    let text = |name: &str| request.first(name).and_then(|value| value.text());
    let model = text("model").unwrap_or_else(|| "mock".into());
    let script = Script::of(mock, &model);
    if let Some(failure) = script.failure() {
        return failure;
    }
    let Some(messages) = request.first("messages") else {
        return refusal("the body has no \"messages\"");
    };
    let last = Elements::of(messages.raw).last().and_then(|message| length(&message));
    let answer = script.answer.clone().unwrap_or_else(|| {
        let length = last.unwrap_or(0);
        format!("This is the mock {model}; the last message has {length} characters.")
    });
    let input = tokens(messages.raw.len());
    let output = tokens(answer.len());
    let usage = format!(
        r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{}}}"#,
        input + output
    );
    if request.first("stream").and_then(|stream| stream.bool()) == Some(true) {
        let options = request.first("stream_options").and_then(|options| options.object());
        let wanted = options.and_then(|options| options.first("include_usage")?.bool());
        let usage = (wanted == Some(true)).then_some(usage);
        return Reply::Stream(stream(&script, &model, &answer, usage.as_deref()));
    }
    let mut out = head("chat.completion", &model);
    out.extend_from_slice(br#","choices":[{"index":0,"message":{"role":"assistant","content":"#);
    write_string(&mut out, &answer);
    out.extend_from_slice(br#","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":"#);
    out.extend_from_slice(usage.as_bytes());
    out.push(b'}');
    Reply::Whole { status: 200, body: out.into(), delay: script.delay }
}

pub(super) fn refusal(text: &str) -> Reply {
    let body = sanmon_wire::chat::write_error(text, "invalid_request_error", None, None);
    Reply::Whole { status: 400, body: body.into(), delay: std::time::Duration::ZERO }
}

/// Four bytes are a token.
pub(super) fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4)
}

fn length(message: &Value<'_>) -> Option<usize> {
    let content = message.object()?.first("content")?;
    Some(content.text().map_or(content.raw.len(), |text| text.chars().count()))
}

fn head(object: &str, model: &str) -> Vec<u8> {
    let mut out = br#"{"id":"chatcmpl-mock","object":""#.to_vec();
    out.extend_from_slice(object.as_bytes());
    out.extend_from_slice(br#"","created":"#);
    out.extend_from_slice(CREATED.as_bytes());
    out.extend_from_slice(br#","model":"#);
    write_string(&mut out, model);
    out
}

fn stream(script: &Script, model: &str, answer: &str, usage: Option<&str>) -> MockStream {
    let event = |choices: &[u8], usage: Option<&str>| {
        let mut data = b"data: ".to_vec();
        data.extend_from_slice(&head("chat.completion.chunk", model));
        data.extend_from_slice(br#","choices":["#);
        data.extend_from_slice(choices);
        data.push(b']');
        if let Some(usage) = usage {
            data.extend_from_slice(br#","usage":"#);
            data.extend_from_slice(usage.as_bytes());
        }
        data.extend_from_slice(b"}\n\n");
        Bytes::from(data)
    };
    let mut pieces = Vec::new();
    for (index, text) in cut(answer, script.chunks as usize).enumerate() {
        if script.cut_after.is_some_and(|after| index >= after as usize) {
            pieces.push(Piece::Break);
            return MockStream::new(pieces, script.delay);
        }
        let role = if index == 0 { r#""role":"assistant","# } else { "" };
        let mut choice = format!(r#"{{"index":0,"delta":{{{role}"content":"#).into_bytes();
        write_string(&mut choice, text);
        choice.extend_from_slice(br#"},"logprobs":null,"finish_reason":null}"#);
        pieces.push(Piece::Late(event(&choice, None)));
    }
    let end = br#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#;
    pieces.push(Piece::Now(event(end, None)));
    if usage.is_some() {
        pieces.push(Piece::Now(event(b"", usage)));
    }
    pieces.push(Piece::Now(Bytes::from_static(b"data: [DONE]\n\n")));
    MockStream::new(pieces, script.delay)
}

/// `text` in so many pieces, some of them empty where it is shorter.
fn cut(text: &str, pieces: usize) -> impl Iterator<Item = &str> {
    let letters: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let count = letters.len() - 1;
    let place = move |index: usize| letters.get(index * count / pieces).copied().unwrap_or(0);
    (0..pieces).map(move |index| text.get(place(index)..place(index + 1)).unwrap_or_default())
}
