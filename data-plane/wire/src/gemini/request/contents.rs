//! The conversation: turns of user and model, the system's text apart.

use super::super::part::{self, Notes};
use super::encode::Encoding;
use crate::canonical::{CacheControl, Message, Part, Role, Text, ToolResult};
use crate::fidelity::Losses;
use crate::format::Unsupported;
use crate::json::{Json, ListWriter, ObjectWriter, write_string};

/// Writes `systemInstruction` and `contents`.
pub(super) fn write(
    encoding: &Encoding<'_>,
    object: &mut ObjectWriter<'_>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let messages = &encoding.request.messages;
    let is_system = |message: &&Message| matches!(message.role, Role::System | Role::Developer);
    let leading = messages.iter().take_while(is_system).count();
    if messages.iter().skip(leading).any(|message| is_system(&message)) {
        losses.approximated("messages.system", "moved to the beginning");
    }
    let system = system_texts(messages.iter().filter(is_system), losses);
    let turns = || messages.iter().filter(|message| !is_system(message));
    // Some models take none, and a conversation cannot be empty.
    let apart = encoding.model.system && turns().next().is_some();
    if !system.is_empty() && apart {
        let mut instruction = object.object("systemInstruction");
        let mut parts = instruction.list("parts");
        for text in &system {
            part::text(&mut parts, text, false, None);
        }
        parts.close();
        instruction.close();
    }
    let mut contents = Turns { list: object.list("contents"), calls: Vec::new() };
    let mut before = if apart { Vec::new() } else { system };
    if !before.is_empty() {
        losses.approximated("messages.system", "as the user's words");
    }
    let turns = turns().collect::<Vec<_>>();
    for run in turns.chunk_by(|a, b| is_model(a) == is_model(b)) {
        let before = if run.first().is_some_and(|message| is_model(message)) {
            Vec::new()
        } else {
            std::mem::take(&mut before)
        };
        contents.turn(encoding, run, &before, losses)?;
    }
    if !before.is_empty() {
        contents.turn(encoding, &[], &before, losses)?;
    }
    contents.list.close();
    Ok(())
}

fn is_model(message: &Message) -> bool {
    message.role == Role::Assistant
}

fn system_texts<'a>(
    messages: impl Iterator<Item = &'a Message>,
    losses: &mut Losses,
) -> Vec<&'a str> {
    let mut texts = Vec::new();
    for message in messages {
        for part in &message.content {
            match part {
                Part::Text(text) => {
                    cache(text.cache.as_ref(), losses);
                    if !text.text.is_empty() {
                        texts.push(text.text.as_str());
                    }
                }
                _ => losses.dropped_for("messages.system", "system instructions are text"),
            }
        }
    }
    texts
}

fn cache(cache: Option<&CacheControl>, losses: &mut Losses) {
    if cache.is_some() {
        losses.dropped_for("messages.cache", "the provider caches by itself");
    }
}

struct Turns<'a> {
    list: ListWriter<'a>,
    /// The calls of the last turn of the model: results are sent in their order.
    calls: Vec<String>,
}

impl Turns<'_> {
    /// Messages of one side in one turn; without anything to say there is none.
    fn turn(
        &mut self,
        encoding: &Encoding<'_>,
        run: &[&Message],
        before: &[&str],
        losses: &mut Losses,
    ) -> Result<(), Unsupported> {
        let mut parts_text = Vec::new();
        let mut parts = ListWriter::open(&mut parts_text);
        for text in before {
            part::text(&mut parts, text, false, None);
        }
        let model = run.first().is_some_and(|message| is_model(message));
        if model {
            self.calls.clear();
        }
        let mut signed = false;
        for message in run {
            if message.name.is_some() {
                losses.dropped("messages.name");
            }
            match message.role {
                Role::Assistant => self.said(encoding, message, &mut parts, &mut signed, losses),
                Role::Tool => self.results(encoding, message, &mut parts, losses)?,
                _ => asked(message, &mut parts, losses)?,
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        parts.close();
        let mut content = self.list.object();
        content.text("role", if model { "model" } else { "user" });
        content.key("parts").append(&mut parts_text);
        content.close();
        Ok(())
    }

    /// What the model said. `signed`: a call of this turn has its signature; the others need none.
    fn said(
        &mut self,
        encoding: &Encoding<'_>,
        message: &Message,
        parts: &mut ListWriter<'_>,
        signed: &mut bool,
        losses: &mut Losses,
    ) {
        for part in &message.content {
            match part {
                Part::ToolCall(call) => {
                    cache(call.cache.as_ref(), losses);
                    self.calls.push(call.id.clone());
                    let needed = encoding.model.signatures && !std::mem::replace(signed, true);
                    let signature = needed.then_some(part::NO_SIGNATURE);
                    part::call(parts, call, signature, &mut Notes::of_request(losses));
                }
                Part::Reasoning(reasoning) => {
                    part::reasoning(parts, reasoning, &mut Notes::of_request(losses));
                }
                part => {
                    if let Part::Text(Text { cache: Some(_), .. }) = part {
                        losses.dropped_for("messages.cache", "the provider caches by itself");
                    }
                    if let Part::Text(Text { citations, .. }) = part
                        && !citations.is_empty()
                    {
                        losses.dropped("messages.citations");
                    }
                    part::said(parts, part, &mut Notes::of_request(losses));
                }
            }
        }
    }

    /// What tools said, in the order of the calls.
    fn results(
        &self,
        encoding: &Encoding<'_>,
        message: &Message,
        parts: &mut ListWriter<'_>,
        losses: &mut Losses,
    ) -> Result<(), Unsupported> {
        let results = message.content.iter().filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        });
        let mut results = results.collect::<Vec<_>>();
        let place = |result: &&ToolResult| {
            self.calls.iter().position(|id| *id == result.call_id).unwrap_or(usize::MAX)
        };
        results.sort_by_key(place);
        let mut pictures = Vec::new();
        for result in &results {
            let mut part = parts.object();
            let mut response = part.object("functionResponse");
            if !result.call_id.is_empty() {
                response.text("id", &result.call_id);
            }
            let found = encoding.request.tool_name(&result.call_id);
            let name = result.name.as_deref().or(found).ok_or_else(|| {
                Unsupported::new("messages.tool_result", "no call of the conversation has its id")
            })?;
            response.text("name", name);
            let others = said_by_tool(result, &mut response, losses);
            if encoding.model.signatures {
                let mut inside = Vec::new();
                let mut list = ListWriter::open(&mut inside);
                for other in others {
                    medium(other, &mut list, losses)?;
                }
                if !list.is_empty() {
                    list.close();
                    response.key("parts").append(&mut inside);
                }
            } else {
                pictures.extend(others);
            }
            response.close();
            part.close();
        }
        if !pictures.is_empty() {
            losses.approximated("messages.tool_result.media", "beside the results");
        }
        pictures.into_iter().try_for_each(|other| medium(other, parts, losses))
    }
}

/// Writes `response`, which has to be an object; returns what is no text.
fn said_by_tool<'a>(
    result: &'a ToolResult,
    response: &mut ObjectWriter<'_>,
    losses: &mut Losses,
) -> Vec<&'a Part> {
    cache(result.cache.as_ref(), losses);
    if result.custom {
        losses.approximated("messages.tool_result.custom", "as a function's");
    }
    let mut text = String::new();
    let mut others = Vec::new();
    for part in &result.content {
        if let Part::Text(said) = part {
            cache(said.cache.as_ref(), losses);
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&said.text);
        } else {
            others.push(part);
        }
    }
    let out = response.key("response");
    let object = Some(&text).filter(|text| !result.is_error && text.trim_start().starts_with('{'));
    match object.and_then(|text| Json::parse(text.as_str())) {
        Some(json) if !says_otherwise(&json) => out.extend_from_slice(json.text().as_bytes()),
        _ => {
            out.extend_from_slice(if result.is_error { b"{\"error\":" } else { b"{\"output\":" });
            write_string(out, &text);
            out.push(b'}');
        }
    }
    others
}

/// An object that would be read as something else: Google's words for what a function says.
fn says_otherwise(json: &Json) -> bool {
    let object = crate::json::Object::scan(json.text().as_bytes());
    object.is_ok_and(|object| {
        object.members().len() == 1
            && (object.first("output").is_some() || object.first("error").is_some())
    })
}

/// What the user said.
fn asked(
    message: &Message,
    parts: &mut ListWriter<'_>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    for part in &message.content {
        match part {
            Part::Text(text) => {
                cache(text.cache.as_ref(), losses);
                if !text.text.is_empty() {
                    part::text(parts, &text.text, false, None);
                }
            }
            part => medium(part, parts, losses)?,
        }
    }
    Ok(())
}

/// Pictures, files, sound, and what only Gemini knows.
fn medium(part: &Part, parts: &mut ListWriter<'_>, losses: &mut Losses) -> Result<(), Unsupported> {
    match part {
        Part::Image(image) => {
            cache(image.cache.as_ref(), losses);
            part::image(parts, image)
        }
        Part::Document(document) => {
            cache(document.cache.as_ref(), losses);
            for (field, there) in [
                ("messages.document.name", document.name.is_some()),
                ("messages.document.context", document.context.is_some()),
                ("messages.document.cited", document.cited),
            ] {
                if there {
                    losses.dropped(field);
                }
            }
            part::document(parts, document)
        }
        Part::Audio(audio) => {
            part::audio(parts, audio, &mut Notes::of_request(losses));
            Ok(())
        }
        Part::Native(native) => {
            part::native(parts, native, &mut Notes::of_request(losses));
            Ok(())
        }
        other => {
            part::said(parts, other, &mut Notes::of_request(losses));
            Ok(())
        }
    }
}
