//! Prompts that are kept apart from requests: texts to which models answer, messages that go around
//! conversations, and templates that make conversations of requests.
//!
//! Plugins leave [`PromptEdit`]s in the exchange, whatever protocol answers it. A protocol of models
//! that finds some reads its request into the canonical form, [`rewrite`]s it there, and [`surround`]s
//! what it then has: also what the gateway itself remembers of the conversation, and so does not
//! remember what is put around it.

mod context;
mod prompt;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sanmon_wire::canonical::{Message, Part, Request, Role, Text};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::expression::Scope;

pub use context::PromptContext;
pub use prompt::Prompt;
pub use template::PromptTemplate;

/// What a plugin does to the messages of a chat request.
#[derive(Clone)]
pub enum PromptEdit {
    /// Puts others in their place. The last template counts.
    Template(Arc<PromptTemplate>),
    /// Puts others before and after them, several contexts in their order.
    Context(Arc<PromptContext>),
}

/// Makes the messages of a request with the template of its route, if that has one. `body` is what the
/// caller sent.
pub fn rewrite(
    request: &mut Request,
    exchange: &Exchange,
    body: &[u8],
) -> Result<(), GatewayError> {
    let template = exchange.prompts.iter().rev().find_map(|edit| match edit {
        PromptEdit::Template(template) => Some(template),
        PromptEdit::Context(_) => None,
    });
    if let Some(template) = template {
        request.messages = template.messages(&Scope::new(exchange, body))?;
    }
    Ok(())
}

/// Puts the contexts of its route around the messages of a request.
pub fn surround(request: &mut Request, exchange: &Exchange) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for edit in &exchange.prompts {
        if let PromptEdit::Context(context) = edit {
            before.extend(context.before());
            after.extend(context.after());
        }
    }
    request.messages.splice(0..0, before);
    request.messages.extend(after);
}

/// A message that is nothing but text.
fn text(role: Role, text: impl Into<String>) -> Message {
    Message::new(role, vec![Part::Text(Text::new(text))])
}
