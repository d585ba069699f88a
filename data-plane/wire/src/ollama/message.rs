//! What the model says: in a conversation's history, in answers, and in pieces of them.

use serde::de::IgnoredAny;

use super::types;
use crate::canonical::{Part, Reasoning, Text, TokenLogprob, ToolCall, TopLogprob};
use crate::fidelity::Losses;
use crate::json::{ListWriter, ObjectWriter};

/// The parts of a message of the model. `seed` makes ids of calls that have none.
pub(super) fn decode(message: types::Message, seed: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    if !message.thinking.is_empty() {
        let text = message.thinking;
        parts.push(Part::Reasoning(Reasoning { text, ..Reasoning::default() }));
    }
    if !message.content.is_empty() {
        parts.push(Part::Text(Text::new(message.content)));
    }
    for (index, call) in message.tool_calls.into_iter().enumerate() {
        parts.push(Part::ToolCall(self::call(call, seed, index)));
    }
    parts
}

/// A call, its id made up where it has none.
pub(super) fn call(call: types::ToolCall, seed: &str, index: usize) -> ToolCall {
    let arguments = call.function.arguments.filter(|arguments| !arguments.is_null());
    ToolCall {
        id: if call.id.is_empty() { made_id(seed, index) } else { call.id },
        name: call.function.name,
        arguments: arguments.map_or_else(|| "{}".to_owned(), |json| json.text().to_owned()),
        custom: false,
        signature: None,
        cache: None,
    }
}

/// An id of letters and digits: times have nanoseconds, so no other answer has the same one.
fn made_id(seed: &str, index: usize) -> String {
    let letters: String = seed.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("call_{letters}_{index}")
}

/// Writes `tool_calls`. `side` is `messages` or `response`.
pub(super) fn write_call(
    list: &mut ListWriter<'_>,
    call: &ToolCall,
    index: usize,
    side: &str,
    losses: &mut Losses,
) {
    if call.signature.is_some() {
        losses.dropped(format!("{side}.tool_call.signature"));
    }
    if call.cache.is_some() {
        losses.dropped(format!("{side}.cache"));
    }
    let mut object = list.object();
    if !call.id.is_empty() {
        object.text("id", &call.id);
    }
    let mut function = object.object("function");
    function.value("index", &index);
    function.text("name", &call.name);
    let arguments = call.arguments.trim();
    if arguments.is_empty() {
        function.object("arguments").close();
    } else if !call.custom && is_object(arguments) {
        function.key("arguments").extend_from_slice(arguments.as_bytes());
    } else {
        let what = if call.custom { "tool_call.custom" } else { "tool_call.arguments" };
        losses.approximated(format!("{side}.{what}"), "as the member `input` of an object");
        let mut input = function.object("arguments");
        input.text("input", &call.arguments);
        input.close();
    }
    function.close();
    object.close();
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Log-probabilities.
pub(super) fn logprobs(list: Vec<types::Logprob>) -> Vec<TokenLogprob> {
    let bytes = |token: &str, bytes: Option<Vec<u8>>| bytes.filter(|it| it != token.as_bytes());
    let top = |it: types::Logprob| TopLogprob {
        bytes: bytes(&it.token, it.bytes),
        token: it.token,
        logprob: it.logprob,
    };
    let token = |it: types::Logprob| TokenLogprob {
        bytes: bytes(&it.token, it.bytes),
        token: it.token,
        logprob: it.logprob,
        top: it.top_logprobs.into_iter().map(top).collect(),
    };
    list.into_iter().map(token).collect()
}

/// Writes `logprobs`, where there are any.
pub(super) fn write_logprobs(answer: &mut ObjectWriter<'_>, tokens: &[TokenLogprob]) {
    fn write(object: &mut ObjectWriter<'_>, token: &str, logprob: f64, bytes: Option<&[u8]>) {
        object.text("token", token);
        object.value("logprob", &logprob);
        object.value("bytes", bytes.unwrap_or(token.as_bytes()));
    }
    if tokens.is_empty() {
        return;
    }
    let mut list = answer.list("logprobs");
    for token in tokens {
        let mut object = list.object();
        write(&mut object, &token.token, token.logprob, token.bytes.as_deref());
        if !token.top.is_empty() {
            let mut list = object.list("top_logprobs");
            for top in &token.top {
                let mut object = list.object();
                write(&mut object, &top.token, top.logprob, top.bytes.as_deref());
                object.close();
            }
            list.close();
        }
        object.close();
    }
    list.close();
}
