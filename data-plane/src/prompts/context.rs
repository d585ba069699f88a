use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::PromptRole;
use sanmon_shared::{Problem, resources};
use sanmon_wire::canonical::{Message, Native, Part, Role};
use sanmon_wire::format::Format;
use sanmon_wire::json::Json;

use super::text;
use crate::error::GatewayError;
use crate::expression::{Scope, Template};
use crate::plugin::BuildContext;

/// As the Chat format's codec calls the member.
const PREFIX: &str = "message.prefix";

/// Messages that go around a conversation.
#[derive(Debug)]
pub struct PromptContext {
    before: Box<[Said]>,
    after: Box<[Said]>,
}

/// One of them.
#[derive(Debug)]
struct Said {
    role: Role,
    content: Template,
    /// The model goes on from here.
    prefix: bool,
}

impl PromptContext {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::PromptContext,
        _: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut list = |messages: &[resources::PromptMessage], at: &str| {
            let mut list = Vec::with_capacity(messages.len());
            for (index, message) in messages.iter().enumerate() {
                match Template::compile(&message.content) {
                    Ok(content) => {
                        let role = role(message.role);
                        let prefix = message.prefix && role == Role::Assistant;
                        list.push(Said { role, content, prefix });
                    }
                    Err(problem) => {
                        let at = join_pointer(at, &index.to_string());
                        problems.push(problem.under("/content").under(&at));
                    }
                }
            }
            list
        };
        let mut before = list(&document.messages, "/messages");
        before.extend(list(&document.pre_messages, "/pre_messages"));
        let after = list(&document.post_messages, "/post_messages");
        if problems.is_empty() {
            Ok(Self { before: before.into(), after: after.into() })
        } else {
            Err(problems)
        }
    }

    /// What goes before a conversation, as it was written: what looks like an expression is text.
    pub fn before(&self) -> impl Iterator<Item = Message> {
        self.before.iter().map(Said::as_written)
    }

    /// What goes after it, as it was written.
    pub fn after(&self) -> impl Iterator<Item = Message> {
        self.after.iter().map(Said::as_written)
    }

    /// Puts the messages around these, with the values of their expressions.
    pub fn around(
        &self,
        messages: Vec<Message>,
        scope: &Scope<'_>,
    ) -> Result<Vec<Message>, GatewayError> {
        let evaluated = |list: &[Said]| {
            list.iter()
                .map(|said| Ok(said.message(said.content.evaluate(scope)?)))
                .collect::<Result<Vec<Message>, GatewayError>>()
        };
        let mut all = evaluated(&self.before)?;
        all.extend(messages);
        all.extend(evaluated(&self.after)?);
        Ok(all)
    }

    /// Whether expressions in it look at the body of the request.
    pub fn reads_body(&self) -> bool {
        self.before.iter().chain(&self.after).any(|said| said.content.reads_body())
    }
}

impl Said {
    fn as_written(&self) -> Message {
        self.message(self.content.source())
    }

    fn message(&self, content: impl Into<String>) -> Message {
        let mut message = text(self.role, content);
        if self.prefix {
            let json = Json::of(&true);
            let prefix = |json| Native { format: Format::Chat, name: PREFIX.to_owned(), json };
            message.content.extend(json.map(prefix).map(Part::Native));
        }
        message
    }
}

fn role(role: PromptRole) -> Role {
    match role {
        PromptRole::System => Role::System,
        PromptRole::Developer => Role::Developer,
        PromptRole::User => Role::User,
        PromptRole::Assistant => Role::Assistant,
    }
}
