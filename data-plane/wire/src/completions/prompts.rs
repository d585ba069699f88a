//! Completions answered by chats: a request per prompt, the answers put together, and the prompt
//! repeated where it is asked for.

use crate::canonical::{Message, Part, Request, Response, Role, Text, Usage};
use crate::format::{Format, Unsupported};
use crate::json::{Elements, Json, ValueKind};

/// The requests that a chat has to answer in place of this one, one per prompt.
pub fn split(request: &Request) -> Result<Vec<Request>, Unsupported> {
    let mut chat = request.clone();
    chat.extras.retain(|extra| {
        // What `echo` asks for is in `echo`'s answer; `best_of` of as many as are wanted is no wish.
        let wanted = extra.json.read::<u64>().is_some_and(|best| best <= request.n.unwrap_or(1));
        let done = matches!(&*extra.name, "prompt" | "echo")
            || (extra.name == "best_of" && wanted)
            || (extra.name == "suffix" && extra.json.text() == "\"\"");
        extra.format != Format::Completions || !done
    });
    let own = |name: &str| {
        request
            .extras
            .iter()
            .find(|extra| extra.format == Format::Completions && extra.name == name)
            .map(|extra| &extra.json)
    };
    if own("suffix").is_some_and(|suffix| suffix.text() != "\"\"") {
        return Err(Unsupported::new("suffix", "a chat model cannot write what stands between"));
    }
    let Some(prompts) = own("prompt") else { return Ok(vec![chat]) };
    let mut requests = Vec::new();
    for prompt in Elements::of(prompts.text().as_bytes()) {
        let text = (prompt.kind == ValueKind::String).then(|| prompt.text()).flatten();
        let text = text.ok_or_else(|| {
            let message = "a chat model takes prompts as text, and not as numbers of tokens";
            Unsupported::new("prompt", message)
        })?;
        let messages = vec![Message::new(Role::User, vec![Part::Text(Text::new(text))])];
        requests.push(Request { messages, ..chat.clone() });
    }
    Ok(requests)
}

/// The answers to [`split`] requests as one: choices numbered through, usage summed. `n` is how many
/// answers each prompt was to have.
pub fn join(answers: Vec<Response>, n: u64) -> Response {
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    let mut answers = answers.into_iter();
    let mut whole = answers.next().unwrap_or_default();
    for (number, answer) in (1_u32..).zip(answers) {
        whole.usage = match (whole.usage, answer.usage) {
            (Some(one), Some(other)) => Some(sum(one, other)),
            // A sum that lacks a part would be wrong.
            _ => None,
        };
        whole.choices.extend(answer.choices.into_iter().map(|mut choice| {
            choice.index = choice.index.saturating_add(number.saturating_mul(n));
            choice
        }));
    }
    whole
}

/// For [`Asked::echo`](crate::format::Asked::echo): the prompts that the answer begins with, where
/// `echo` asks for it. Each has as many answers as the request wants.
pub fn echo(request: &Request) -> Option<Json> {
    let wants = |extra: &crate::canonical::Native| {
        extra.format == Format::Completions && extra.name == "echo" && extra.json.text() == "true"
    };
    if !request.extras.iter().any(wants) {
        return None;
    }
    let prompts: Vec<String> = split(request)
        .ok()?
        .iter()
        .filter_map(|request| match request.messages.first()?.content.first()? {
            Part::Text(text) => Some(text.text.clone()),
            _ => None,
        })
        .collect();
    Json::of(&(request.n.unwrap_or(1), prompts))
}

/// What [`echo`] says of a choice.
pub(super) fn echoed(echo: Option<&Json>, choice: u32) -> String {
    let Some((n, prompts)) = echo.and_then(Json::read::<(u64, Vec<String>)>) else {
        return String::new();
    };
    let prompt = usize::try_from(u64::from(choice) / n.max(1)).ok();
    prompt.and_then(|prompt| prompts.into_iter().nth(prompt)).unwrap_or_default()
}

fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        input: one.input + other.input,
        output: one.output + other.output,
        cache_read: one.cache_read + other.cache_read,
        cache_write: one.cache_write + other.cache_write,
        cache_write_1h: one.cache_write_1h + other.cache_write_1h,
        reasoning: one.reasoning + other.reasoning,
        audio_input: one.audio_input + other.audio_input,
        audio_output: one.audio_output + other.audio_output,
        image_input: one.image_input + other.image_input,
        accepted_prediction: one.accepted_prediction + other.accepted_prediction,
        rejected_prediction: one.rejected_prediction + other.rejected_prediction,
        web_searches: one.web_searches + other.web_searches,
    }
}
