use crate::json::{Elements, Object, write_string};
use crate::sse::write_data;

/// A whole chat answer as the stream that says the same: a chunk with everything, one with the
/// finish reasons, usage where it was asked for, and `[DONE]`. `None` when it is no chat answer.
pub fn answer_as_stream(body: &[u8], include_usage: bool) -> Option<Vec<u8>> {
    let answer = Object::scan(body).ok()?;
    let choices: Vec<Object<'_>> =
        Elements::of(answer.first("choices")?.raw).filter_map(|choice| choice.object()).collect();
    let raw = |object: &Object<'_>, name: &str, other: &'static str| {
        object.first(name).map_or_else(|| other.as_bytes().to_vec(), |value| value.raw.to_vec())
    };
    let chunk = |choices: &[u8], usage: Option<&[u8]>| {
        let mut data = b"{\"id\":".to_vec();
        data.extend_from_slice(&raw(&answer, "id", "\"chatcmpl-0\""));
        data.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        data.extend_from_slice(&raw(&answer, "created", "0"));
        data.extend_from_slice(b",\"model\":");
        data.extend_from_slice(&raw(&answer, "model", "\"\""));
        data.extend_from_slice(b",\"choices\":[");
        data.extend_from_slice(choices);
        data.push(b']');
        if let Some(usage) = usage {
            data.extend_from_slice(b",\"usage\":");
            data.extend_from_slice(usage);
        }
        data.push(b'}');
        data
    };
    let (mut deltas, mut ends) = (Vec::new(), Vec::new());
    for (index, choice) in choices.iter().enumerate() {
        if index > 0 {
            deltas.push(b',');
            ends.push(b',');
        }
        let index = raw(choice, "index", "0");
        deltas.extend_from_slice(b"{\"index\":");
        deltas.extend_from_slice(&index);
        deltas.extend_from_slice(b",\"delta\":");
        deltas.extend_from_slice(&delta(&choice.first("message")?.object()?));
        deltas.extend_from_slice(b",\"finish_reason\":null}");
        ends.extend_from_slice(b"{\"index\":");
        ends.extend_from_slice(&index);
        ends.extend_from_slice(b",\"delta\":{},\"finish_reason\":");
        ends.extend_from_slice(&raw(choice, "finish_reason", "\"stop\""));
        ends.push(b'}');
    }
    let mut out = Vec::with_capacity(body.len() + 512);
    write_data(&mut out, &chunk(&deltas, None));
    write_data(&mut out, &chunk(&ends, None));
    if let (true, Some(usage)) = (include_usage, answer.first("usage")) {
        write_data(&mut out, &chunk(b"", Some(usage.raw)));
    }
    write_data(&mut out, b"[DONE]");
    Some(out)
}

/// A message as a delta: the same members, its tool calls numbered.
fn delta(message: &Object<'_>) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (name, value) in message.iter() {
        if out.len() > 1 {
            out.push(b',');
        }
        write_string(&mut out, &name);
        out.push(b':');
        if name != "tool_calls" {
            out.extend_from_slice(value.raw);
            continue;
        }
        out.push(b'[');
        for call in Elements::of(value.raw) {
            if call.index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(format!("{{\"index\":{}", call.index).as_bytes());
            let inner = call.raw.get(1..).unwrap_or_default();
            if inner.trim_ascii_start().first() != Some(&b'}') {
                out.push(b',');
            }
            out.extend_from_slice(inner);
        }
        out.push(b']');
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_answer_becomes_the_stream_that_says_the_same() {
        let body = br#"{"id":"c","created":1,"model":"m","choices":[
            {"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"},
            {"index":1,"message":{"role":"assistant","content":null,"tool_calls":[
                {"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},
                "finish_reason":"tool_calls"}],
            "usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
        let text = String::from_utf8(answer_as_stream(body, true).unwrap()).unwrap();
        insta::assert_snapshot!(text);
        for data in text.lines().filter_map(|line| line.strip_prefix("data: {")) {
            serde_json::from_str::<serde_json::Value>(&format!("{{{data}")).unwrap();
        }
        assert!(answer_as_stream(b"{}", true).is_none());
    }
}
