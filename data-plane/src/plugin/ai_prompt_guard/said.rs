use sanmon_wire::canonical::{Message, Part, Role};
use sanmon_wire::json::{Elements, Object, ValueKind};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::prompts;
use crate::protocol::apisix::Spoken;
use crate::protocol::llm::bad;

/// Which messages count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    /// Those of others than the user too.
    pub(super) everybody: bool,
    /// Not the last one alone.
    pub(super) history: bool,
}

/// What the selected messages say, with blanks between them; `None` where there are none.
pub(super) fn said(
    exchange: &Exchange,
    spoken: Spoken,
    object: &Object<'_>,
    selection: Selection,
) -> Result<Option<String>, GatewayError> {
    let Some(codec) = spoken.codec() else { return Ok(inputs(object)) };
    let mut request = codec.decode_request(object.text()).map_err(|error| bad(&error))?;
    prompts::rewrite(&mut request, exchange, object.text())?;
    prompts::surround(&mut request, exchange);
    // Instructions and input of Responses belong together.
    let all = selection.history || spoken == Spoken::Responses;
    let first = if all { 0 } else { request.messages.len().saturating_sub(1) };
    let selected = request.messages.iter().skip(first);
    let selected = selected.filter(|message| selection.everybody || message.role == Role::User);
    let texts: Vec<String> = selected.map(text).collect();
    Ok((!texts.is_empty()).then(|| texts.join(" ")))
}

/// The texts of a message, those in results of tools among them.
fn text(message: &Message) -> String {
    let mut text = String::new();
    collect(&message.content, &mut text);
    text
}

fn collect(parts: &[Part], out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(&text.text),
            Part::Refusal(refusal) => out.push_str(&refusal.text),
            Part::ToolResult(result) => collect(&result.content, out),
            _ => {}
        }
    }
}

/// The texts of embeddings, all of which are the user's.
fn inputs(object: &Object<'_>) -> Option<String> {
    let input = object.first("input")?;
    if input.kind == ValueKind::String {
        return input.text().map(Into::into);
    }
    let texts: Vec<_> = Elements::of(input.raw).filter_map(|item| item.text()).collect();
    (!texts.is_empty()).then(|| texts.join(" "))
}
