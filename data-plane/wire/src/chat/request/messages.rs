//! Messages of a request, read.

use crate::canonical::{Audio, Message, Part, Refusal, Role, Signature, ToolCall, ToolResult};
use crate::format::{BadRequest, Format};
use crate::json::Value;

use super::super::read::{self, native, why};
use super::super::{reasoning, types};
use super::decode::elements;

/// Reads the conversation. Results that follow each other become one message.
pub(super) fn decode(value: &Value<'_>) -> Result<Vec<Message>, BadRequest> {
    let mut messages: Vec<Message> = Vec::new();
    for element in elements("messages", value)? {
        let wrong = |message: String| {
            let param = format!("messages[{}]", element.index);
            BadRequest { message: format!("{param}: {message}"), param: Some(param) }
        };
        let read: types::Message<'_> =
            serde_json::from_slice(element.raw).map_err(|error| wrong(why(&error)))?;
        let role = read.role.as_deref().unwrap_or_default();
        let role = match role {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => {
                messages.push(assistant(read, element.index).map_err(wrong)?);
                continue;
            }
            "tool" | "function" => {
                let result = result(read, &messages).map_err(wrong)?;
                match messages.last_mut() {
                    Some(Message { role: Role::Tool, content, .. }) => content.push(result),
                    _ => messages.push(Message::new(Role::Tool, vec![result])),
                }
                continue;
            }
            role => return Err(wrong(format!("there is no role {role:?}"))),
        };
        let mut content = Vec::new();
        read::content(read.content, &mut content).map_err(wrong)?;
        if let Some(cache) = read::cache(read.cache_control)
            && let Some(last) = content.last_mut()
        {
            super::history::set_cache(last, cache);
        }
        messages.push(Message { role, content, name: read.name.filter(|name| !name.is_empty()) });
    }
    Ok(messages)
}

fn assistant(mut read: types::Message<'_>, index: usize) -> Result<Message, String> {
    let mut content: Vec<Part> =
        reasoning::of_message(&read).into_iter().map(Part::Reasoning).collect();
    let thoughts = content.len();
    read::content(read.content, &mut content)?;
    let signature = read.extra_content.take().and_then(types::ExtraContent::signature);
    if let Some(data) = signature
        && let Some(Part::Text(text)) = content.last_mut()
    {
        text.signature = Some(Signature { format: Format::Gemini, data });
    }
    let citations = read.annotations.iter().filter_map(|raw| read::citation(raw));
    if let Some(Part::Text(text)) = content.get_mut(thoughts) {
        text.citations.extend(citations);
    }
    let refusal = read::text(read.refusal);
    content.extend(refusal.map(|text| Part::Refusal(Refusal { text })));
    if let Some(audio) = read.audio {
        content.push(Part::Audio(Audio {
            id: audio.id,
            data: audio.data.unwrap_or_default(),
            transcript: audio.transcript,
            expires_at: audio.expires_at,
            ..Audio::default()
        }));
    }
    content.extend(read.tool_calls.into_iter().map(call).map(Part::ToolCall));
    if let Some(function) = read.function_call {
        // The call has no id; what it is called here, its result is looked up by.
        content.push(Part::ToolCall(ToolCall {
            id: format!("call_{index}"),
            name: function.name.unwrap_or_default(),
            arguments: read::arguments(function.arguments).unwrap_or_else(|| "{}".to_owned()),
            custom: false,
            signature: None,
            cache: None,
        }));
    }
    if read.prefix == Some(true) {
        content.extend(native("message.prefix", b"true").map(Part::Native));
    }
    if let Some(cache) = read::cache(read.cache_control)
        && let Some(last) = content.last_mut()
    {
        super::history::set_cache(last, cache);
    }
    Ok(Message { role: Role::Assistant, content, name: read.name.filter(|name| !name.is_empty()) })
}

/// A call of a message.
pub(in crate::chat) fn call(call: types::ToolCall<'_>) -> ToolCall {
    let signature = call.extra_content.and_then(types::ExtraContent::signature);
    let signature = signature.map(|data| Signature { format: Format::Gemini, data });
    let custom = call.custom.is_some() && call.function.is_none();
    let (name, arguments) = if let Some(tool) = call.custom.filter(|_| custom) {
        (tool.name, read::text(tool.input).unwrap_or_default())
    } else {
        let function = call.function.unwrap_or_default();
        (function.name, read::arguments(function.arguments).unwrap_or_else(|| "{}".to_owned()))
    };
    ToolCall {
        id: call.id.unwrap_or_default(),
        name: name.unwrap_or_default(),
        arguments,
        custom,
        signature,
        cache: read::cache(call.cache_control),
    }
}

fn result(read: types::Message<'_>, before: &[Message]) -> Result<Part, String> {
    let mut content = Vec::new();
    read::content(read.content, &mut content)?;
    let calls = before.iter().rev().flat_map(|message| message.content.iter().rev());
    let mut calls = calls.filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    });
    let call = match &read.tool_call_id {
        Some(id) => calls.find(|call| call.id == *id),
        // A function's result says no more than its name.
        None => calls.find(|call| Some(&call.name) == read.name.as_ref()),
    };
    let Some(call_id) = read.tool_call_id.clone().or_else(|| call.map(|call| call.id.clone()))
    else {
        return Err("tool_call_id is missing".to_owned());
    };
    // A breakpoint behind the last part is one behind the result.
    let cache = read::cache(read.cache_control)
        .or_else(|| content.last_mut().and_then(super::history::take_cache));
    Ok(Part::ToolResult(ToolResult {
        call_id,
        name: read.name.filter(|name| !name.is_empty()),
        content,
        is_error: false,
        custom: call.is_some_and(|call| call.custom),
        cache,
    }))
}
