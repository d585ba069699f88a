use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{PromptMessage, PromptRole};
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

/// Messages of a document, and where they stand in it.
pub(crate) type List<'a> = (&'a str, &'a [PromptMessage]);

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
        Self::of(
            &[("/messages", &document.messages), ("/pre_messages", &document.pre_messages)],
            &[("/post_messages", &document.post_messages)],
        )
    }

    /// Of what goes before and after, lists that stand at these places.
    pub(crate) fn of(before: &[List<'_>], after: &[List<'_>]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut said = |lists: &[List<'_>]| {
            let mut said = Vec::new();
            for (at, messages) in lists {
                for (index, message) in messages.iter().enumerate() {
                    match Template::compile(&message.content) {
                        Ok(content) => said.push(Said::of(message, content)),
                        Err(problem) => {
                            let at = join_pointer(at, &index.to_string());
                            problems.push(problem.under("/content").under(&at));
                        }
                    }
                }
            }
            said.into_boxed_slice()
        };
        let built = Self { before: said(before), after: said(after) };
        if problems.is_empty() { Ok(built) } else { Err(problems) }
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
    fn of(message: &PromptMessage, content: Template) -> Self {
        let role = role(message.role);
        Self { role, content, prefix: message.prefix && role == Role::Assistant }
    }

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
