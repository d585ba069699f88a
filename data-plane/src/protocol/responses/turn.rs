use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sanmon_wire::canonical::{CustomTool, FunctionTool, Part, Request, Tool, ToolChoice};
use sanmon_wire::format::{Asked, Codec, Format};
use sanmon_wire::json::{Json, Object};
use sanmon_wire::pass::Pass;
use sanmon_wire::responses::Relayed;
use sanmon_wire::translate::Observe;

use super::keeper::{Keeper, Keeping};
use super::record::Record;
use super::{Form, items};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::Dialect;
use crate::protocol::llm::{Bound, Front, Shape, elsewhere};
use crate::target::Candidate;

/// One request for an answer.
pub(super) struct Turn {
    pub(super) form: Form,
    /// The body as the caller sent it.
    pub(super) original: Bytes,
    /// The body with the conversation that it goes on with; as it was where there is none.
    pub(super) body: Bytes,
    /// The gateway put an earlier conversation into it.
    pub(super) goes_on: bool,
    /// Who keeps the answer that it goes on from, where the gateway does not.
    pub(super) bound: Option<Bound>,
    /// For whom the answer is kept, and how; `None` where it is not.
    pub(super) keeping: Option<Keeping>,
}

impl Front for Turn {
    fn codec(&self) -> &'static dyn Codec {
        self.form.codec()
    }

    fn dialect(&self) -> Dialect {
        self.form.dialect()
    }

    fn shape(&self) -> &'static Shape {
        &Shape {
            limits: &["max_output_tokens"],
            tools: &["tools"],
            input: &["instructions", "input"],
            stream_options: false,
            content: "output",
        }
    }

    fn pass(&self, _: &Exchange, candidate: &Candidate, _: bool) -> Box<dyn Pass> {
        let bind = self.keeping.clone().map(|keeping| {
            let (provider, credential) = (Arc::clone(&candidate.provider.id), candidate.account);
            Box::new(move |id: &str| keeping.bind(id, &provider, credential))
                as Box<dyn FnOnce(&str) + Send>
        });
        Box::new(Relayed::new(*self.form.codec(), bind))
    }

    fn passed(&self, _: &Exchange, candidate: &Candidate, body: &Bytes) {
        if let Some(keeping) = &self.keeping
            && let Ok(answer) = Object::scan(body)
            && let Some(id) = answer.first("id").and_then(|id| id.text())
        {
            keeping.bind(&id, &candidate.provider.id, candidate.account);
        }
    }

    fn bound(&self) -> Option<&Bound> {
        self.bound.as_ref()
    }

    /// What another provider made has ids and reasoning that this one would refuse.
    fn always_translates(&self) -> bool {
        self.goes_on
    }

    fn prepare(
        &self,
        _: &Exchange,
        target: Format,
        request: &mut Request,
    ) -> Result<(), GatewayError> {
        if self.bound.is_some() {
            return Err(elsewhere());
        }
        // The gateway keeps the answer, not its provider.
        request.store = (target == Format::Responses).then_some(false);
        request.previous_response_id = None;
        refuse(target, request)
    }

    fn observe(
        &self,
        exchange: &Exchange,
        request: &Request,
        id: &str,
    ) -> Option<Box<dyn Observe>> {
        let keeping = self.keeping.clone()?;
        let input = Object::scan(&self.body).ok()?;
        let input = items::kept(input.first("input"), id);
        Some(Box::new(Keeper::new(
            self.form,
            keeping,
            Asked {
                id: id.to_owned(),
                created: exchange.at / 1_000,
                model: request.model.clone(),
                echo: self.echo(&self.original, request),
                ..Asked::default()
            },
            String::from_utf8(input).ok().and_then(Json::parse)?,
        )))
    }

    fn echo(&self, _: &[u8], _: &Request) -> Option<Json> {
        self.form.codec().echo(&self.original, Some(self.keeping.is_some()))
    }
}

/// What would be answered as if it had been done, were it left out.
fn refuse(target: Format, request: &Request) -> Result<(), GatewayError> {
    let refused = |what: String, param: String| {
        let text = format!("the provider that answers here has no {what}");
        Err(GatewayError::new(Code::Unsupported, text).param(param))
    };
    let named = |name: &str| request.extras.iter().any(|extra| extra.name == name);
    if named("background") {
        return refused("background answers".to_owned(), "background".to_owned());
    }
    if target == Format::Responses {
        return Ok(());
    }
    for name in ["conversation", "prompt"] {
        if named(name) {
            return refused(format!("{name:?}"), name.to_owned());
        }
    }
    // Beside functions, which can be called, other tools are left out and reported: coding agents send
    // their vendor's with every request.
    let is_left_out = |tool: &&Tool| match tool {
        Tool::Function(_) => false,
        Tool::Custom(_) => target != Format::Chat,
        Tool::Native(_) => true,
    };
    let left_out = request.tools.iter().find(is_left_out);
    if let Some(tool) = left_out
        && request.tools.iter().all(|tool| is_left_out(&tool))
    {
        let what = match tool {
            Tool::Native(tool) => format!("tool of the type {:?}", tool.name),
            Tool::Custom(CustomTool { name, .. }) | Tool::Function(FunctionTool { name, .. }) => {
                format!("custom tools, as {name:?} is")
            }
        };
        return refused(what, "tools".to_owned());
    }
    if let Some(ToolChoice::Named(name)) = &request.tool_choice
        && left_out.is_some()
        && !request
            .tools
            .iter()
            .any(|tool| matches!(tool, Tool::Function(tool) if tool.name == *name))
    {
        return refused(format!("tool {name:?} to be called"), "tool_choice".to_owned());
    }
    let parts = request.messages.iter().flat_map(|message| &message.content);
    for part in parts {
        if let Part::Native(native) = part
            && matches!(native.name.as_str(), "item_reference" | "compaction")
        {
            return refused(format!("items of the type {:?}", native.name), "input".to_owned());
        }
    }
    Ok(())
}

impl Keeping {
    /// Binds an answer that `provider` keeps under this credential to its caller.
    fn bind(&self, id: &str, provider: &str, credential: usize) {
        let record = Record {
            owner: self.owner.clone(),
            expires_at: self.expires_at(),
            provider: Some(provider.into()),
            credential,
            response: None,
            input: None,
        };
        self.answers.keep(id, record, self.kept);
    }

    /// When it is forgotten, in milliseconds since 1970.
    pub(super) fn expires_at(&self) -> i64 {
        self.now.saturating_add(i64::try_from(self.kept.as_millis()).unwrap_or(i64::MAX))
    }

    /// For `exchange`'s caller, for so long.
    pub(super) fn of(exchange: &Exchange, kept: Duration) -> Self {
        Self {
            answers: Arc::clone(&exchange.worker.answers),
            owner: super::record::owner(exchange),
            now: exchange.at,
            kept,
        }
    }
}
