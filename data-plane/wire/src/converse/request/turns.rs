use crate::canonical::{CacheControl, Message, Part, Request, Role};
use crate::converse::content::{Side, Writer};
use crate::converse::models::Model;
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};

/// A turn as Converse has it: user and assistant take turns.
struct Turn<'a> {
    assistant: bool,
    parts: Vec<&'a Part>,
}

/// Writes `messages` and `system`.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut writer = Writer::new(Side::Request, Some(model), losses);
    let mut system = Vec::new();
    let turns = turns(request, &mut writer, &mut system);
    let last = turns.len().saturating_sub(1);
    let mut list = body.list("messages");
    for (index, turn) in turns.into_iter().enumerate() {
        let mut message = list.object();
        message.text("role", if turn.assistant { "assistant" } else { "user" });
        let mut content = message.list("content");
        for part in &turn.parts {
            writer.part(&mut content, part)?;
        }
        // A file cannot stand alone.
        let alone = |part: &&Part| !matches!(part, Part::Text(_));
        let has_file = turn.parts.iter().any(|part| matches!(part, Part::Document(_)));
        if has_file && turn.parts.iter().all(alone) {
            writer.losses.approximated("messages.document", "with a text beside it, as it must be");
            let mut text = content.object();
            text.text("text", "See the document.");
            text.close();
        }
        if index == last
            && let Some(cache) = &request.cache
        {
            end_with_cache_point(&mut content, cache, &mut writer);
        }
        content.close();
        message.close();
    }
    list.close();
    if !system.is_empty() {
        let mut list = body.list("system");
        for part in system {
            writer.part(&mut list, part)?;
        }
        list.close();
    }
    Ok(())
}

fn end_with_cache_point(
    content: &mut ListWriter<'_>,
    cache: &CacheControl,
    writer: &mut Writer<'_>,
) {
    writer.losses.approximated("cache", "as a cache point after the last message");
    writer.cache_point(content, Some(cache));
}

/// The parts of each turn, and of the system text. What is not written at all is left out here, so that
/// no turn is empty and user and assistant still take turns.
fn turns<'a>(
    request: &'a Request,
    writer: &mut Writer<'_>,
    system: &mut Vec<&'a Part>,
) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> = Vec::new();
    for message in &request.messages {
        if message.name.is_some() {
            writer.losses.dropped("messages.name");
        }
        if matches!(message.role, Role::System | Role::Developer) {
            if !turns.is_empty() {
                writer.losses.approximated("messages.system", "before the conversation");
            }
            system.extend(system_parts(message, writer));
            continue;
        }
        let assistant = message.role == Role::Assistant;
        let parts: Vec<&Part> = message.content.iter().filter(|part| writer.admits(part)).collect();
        if parts.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some(last) if last.assistant == assistant => last.parts.extend(parts),
            _ => turns.push(Turn { assistant, parts }),
        }
    }
    for turn in &mut turns {
        // Results of tools come before what else the user says.
        turn.parts.sort_by_key(|part| !matches!(part, Part::ToolResult(_)));
    }
    turns
}

/// The system takes texts, and what only Converse knows.
fn system_parts<'a>(message: &'a Message, writer: &mut Writer<'_>) -> Vec<&'a Part> {
    let mut parts = Vec::new();
    for part in &message.content {
        match part {
            Part::Text(_) if writer.admits(part) => parts.push(part),
            Part::Native(native) if native.format == Format::Converse => parts.push(part),
            Part::Text(_) => {}
            Part::Native(native) => writer.losses.dropped(format!("messages.{}", native.name)),
            Part::Image(_) => writer.losses.dropped("messages.system.image"),
            Part::Document(_) => writer.losses.dropped("messages.system.document"),
            Part::Audio(_) => writer.losses.dropped("messages.system.audio"),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {
                writer.losses.dropped("messages.system");
            }
        }
    }
    parts
}
