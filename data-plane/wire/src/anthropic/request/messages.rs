//! The conversation, written: `system`, and turns that alternate as the format wants it.

use super::super::models::Model;
use super::parts::{self, Side};
use crate::canonical::{Message, OutputFormat, Part, Request, Role};
use crate::fidelity::Losses;
use crate::format::Unsupported;
use crate::json::{ListWriter, ObjectWriter};

/// What stands for a JSON object that is asked for without a schema.
const JSON_OBJECT: &str = "Answer with one JSON object and nothing else.";

/// Writes `system` and `messages`.
pub(super) fn write(
    object: &mut ObjectWriter<'_>,
    request: &Request,
    model: &Model,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let messages = &request.messages[..];
    let leading = messages.iter().take_while(|message| is_system(message)).count();
    let (leading, turns) = messages.split_at(leading);
    let mut system = Vec::new();
    let mut list = ListWriter::open(&mut system);
    write_texts(&mut list, leading, losses)?;
    for (index, message) in turns.iter().enumerate().filter(|(_, message)| is_system(message)) {
        if !(model.system_messages && is_legal(turns, index)) {
            losses.approximated("messages.system", "later ones are moved to the beginning");
            write_texts(&mut list, std::slice::from_ref(message), losses)?;
        }
    }
    if request.output == Some(OutputFormat::JsonObject) {
        losses.approximated("output", "as an instruction");
        let mut block = list.object();
        block.text("type", "text");
        block.text("text", JSON_OBJECT);
        block.close();
    }
    let any = !list.is_empty();
    list.close();
    if any {
        object.key("system").extend_from_slice(&system);
    }
    let mut list = object.list("messages");
    write_turns(&mut list, turns, model, losses)?;
    list.close();
    Ok(())
}

fn is_system(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// Whether a message of the operator may stand at `index`: after what a person or a tool said, and
/// before the model, or at the end. Those that follow each other are one.
fn is_legal(turns: &[Message], index: usize) -> bool {
    let (before, after) = turns.split_at(index);
    let before = before.iter().rev().find(|message| !is_system(message));
    let after = after.iter().find(|message| !is_system(message));
    before.is_some_and(|message| matches!(message.role, Role::User | Role::Tool))
        && after.is_none_or(|message| message.role == Role::Assistant)
}

fn write_texts(
    list: &mut ListWriter<'_>,
    messages: &[Message],
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    for message in messages {
        if message.name.is_some() {
            losses.dropped("messages.name");
        }
        for part in &message.content {
            match part {
                Part::Text(_) | Part::Native(_) => parts::write(list, part, Side::User, losses)?,
                _ => losses.dropped_for("messages.system", "all but its texts"),
            }
        }
    }
    Ok(())
}

fn write_turns(
    list: &mut ListWriter<'_>,
    turns: &[Message],
    model: &Model,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut at = 0;
    while let Some(message) = turns.get(at) {
        let rest = turns.get(at..).unwrap_or_default();
        let length = match message.role {
            Role::System | Role::Developer => {
                if model.system_messages && is_legal(turns, at) {
                    write_turn(list, "system", &[message], Side::User, losses)?;
                }
                1
            }
            Role::Assistant => {
                write_turn(list, "assistant", &[message], Side::Assistant, losses)?;
                1
            }
            // All results of a turn stand in one message, before what the person says.
            Role::User | Role::Tool => {
                let said = rest.iter().take_while(|m| matches!(m.role, Role::User | Role::Tool));
                let last = said
                    .enumerate()
                    .filter(|(_, message)| message.role == Role::Tool)
                    .last()
                    .map_or(0, |(index, _)| index);
                let after = usize::from(
                    message_is_tool(rest, last)
                        && rest.get(last + 1).is_some_and(|next| next.role == Role::User),
                );
                let length = last + 1 + after;
                let group = rest.get(..length).unwrap_or_default();
                let (results, said): (Vec<&Message>, Vec<&Message>) =
                    group.iter().partition(|message| message.role == Role::Tool);
                let group: Vec<&Message> = results.into_iter().chain(said).collect();
                write_turn(list, "user", &group, Side::User, losses)?;
                length
            }
        };
        at += length;
    }
    Ok(())
}

fn message_is_tool(messages: &[Message], index: usize) -> bool {
    messages.get(index).is_some_and(|message| message.role == Role::Tool)
}

/// Writes these as one message; nothing where nothing is left of them.
fn write_turn(
    list: &mut ListWriter<'_>,
    role: &str,
    messages: &[&Message],
    side: Side,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    if let [message] = messages
        && let [Part::Text(text)] = &message.content[..]
        && text.cache.is_none()
        && text.citations.is_empty()
        && text.signature.is_none()
        && message.name.is_none()
    {
        if !text.text.is_empty() {
            let mut object = list.object();
            object.text("role", role);
            object.text("content", &text.text);
            object.close();
        }
        return Ok(());
    }
    let mut out = Vec::new();
    let mut content = ListWriter::open(&mut out);
    for message in messages {
        if message.name.is_some() {
            losses.dropped("messages.name");
        }
        for part in &message.content {
            parts::write(&mut content, part, side, losses)?;
        }
    }
    let any = !content.is_empty();
    content.close();
    if any {
        let mut object = list.object();
        object.text("role", role);
        object.key("content").extend_from_slice(&out);
        object.close();
    }
    Ok(())
}
