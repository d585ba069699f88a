//! What a model says to a prompt that the route has, as the answer to any request.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::{ExplainedWay, Explanation};
use sanmon_shared::resources::{self, PromptContextId, PromptId};
use sanmon_wire::canonical::{Choice, Message, Part, Request, Response, Role, Text};
use sanmon_wire::json::Object;
use serde::Serialize;

use super::llm::model::Wanted;
use super::llm::{self, explained};
use super::refs::Refs;
use super::{Dialect, Protocol};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::expression::{Scope, Template};
use crate::prompts::{Prompt, PromptContext};
use crate::snapshot::{Snapshot, missing};
use crate::target::{Ask, Course};

/// Who is asked, and what.
#[derive(Debug)]
pub struct LlmResponse {
    refs: Refs<resources::Provider>,
    prompt: PromptChoice,
    context: Option<PromptContextId>,
}

/// Where a prompt is.
#[derive(Debug)]
pub enum PromptChoice {
    /// In the plugin's own config.
    Own(Template),
    /// Stored apart, looked up in the snapshot when a request comes.
    Stored(PromptId),
    /// Nowhere: the context is all that the model gets.
    None,
}

impl Protocol for LlmResponse {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.respond(exchange))
    }

    /// What the model would be asked is not told: it may hold what a request keeps to itself.
    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        let nothing = nothing()?;
        let wanted = Wanted::of(exchange, &self.refs, &nothing)?;
        let ask = Ask { exchange, model: wanted.model.as_deref(), object: &nothing };
        explained::targets(&ask, &wanted, to, |candidate, target| {
            let chosen = wanted.chosen(exchange, candidate)?;
            target.model = chosen.model.as_deref().map(str::to_owned);
            target.way = Some(ExplainedWay::Translated);
            Ok(())
        });
        Ok(())
    }
}

impl LlmResponse {
    /// Of this provider, prompt and context.
    pub fn new(
        refs: Refs<resources::Provider>,
        prompt: PromptChoice,
        context: Option<PromptContextId>,
    ) -> Self {
        Self { refs, prompt, context }
    }

    async fn respond(&self, exchange: &Exchange) -> Result<HttpResponse, GatewayError> {
        let snapshot = Arc::clone(&exchange.snapshot);
        let asking = Asking::of(self, &snapshot)?;
        // Most prompts do not look at the body; then nobody reads it.
        let body = if asking.reads_body() {
            exchange.body(usize::MAX, |_| Ok(())).await?
        } else {
            Bytes::new()
        };
        let messages = asking.messages(&Scope::new(exchange, &body))?;
        drop(body);
        let nothing = nothing()?;
        let wanted = Wanted::of(exchange, &self.refs, &nothing)?;
        let model = wanted.model.as_deref();
        let mut course = Course::of(&Ask { exchange, model, object: &nothing }, &wanted.named);
        let request = Request { messages, ..Request::default() };
        if course.is_by_meaning() {
            Box::pin(llm::semantic::begin_with(exchange, &request, &mut course)).await;
        }
        let answer = llm::complete(exchange, &self.refs, &wanted, course, request);
        let answer = Generations::of(&Box::pin(answer).await?);
        Ok(HttpResponse::Ok().json(answer))
    }
}

/// The body of a request that names nobody.
fn nothing() -> Result<Object<'static>, GatewayError> {
    Object::scan(b"{}").map_err(|error| GatewayError::new(Code::Internal, error.to_string()))
}

/// What a request's model is asked.
struct Asking<'a> {
    prompt: Option<&'a Template>,
    context: Option<&'a PromptContext>,
}

impl<'a> Asking<'a> {
    fn of(plugin: &'a LlmResponse, snapshot: &'a Snapshot) -> Result<Self, GatewayError> {
        let prompt = match &plugin.prompt {
            PromptChoice::Own(text) => Some(text),
            PromptChoice::Stored(id) => {
                let prompt = snapshot.prompt(id).ok_or_else(|| missing("prompt", id.as_str()))?;
                let Prompt { text } = &**prompt;
                Some(text)
            }
            PromptChoice::None => None,
        };
        let context = match &plugin.context {
            Some(id) => {
                let context = snapshot.prompt_context(id);
                Some(&**context.ok_or_else(|| missing("prompt context", id.as_str()))?)
            }
            None => None,
        };
        Ok(Self { prompt, context })
    }

    fn reads_body(&self) -> bool {
        self.prompt.is_some_and(Template::reads_body)
            || self.context.is_some_and(PromptContext::reads_body)
    }

    fn messages(&self, scope: &Scope<'_>) -> Result<Vec<Message>, GatewayError> {
        let mut messages = Vec::new();
        if let Some(prompt) = self.prompt {
            let text = Part::Text(Text::new(prompt.evaluate(scope)?));
            messages.push(Message::new(Role::User, vec![text]));
        }
        match self.context {
            Some(context) => context.around(messages, scope),
            None => Ok(messages),
        }
    }
}

/// The answer's body.
#[derive(Serialize)]
struct Generations {
    generations: Vec<Generation>,
}

#[derive(Serialize)]
struct Generation {
    message: Said,
}

#[derive(Serialize)]
struct Said {
    role: &'static str,
    content: String,
}

impl Generations {
    fn of(response: &Response) -> Self {
        let message = |choice| Said { role: "assistant", content: said(choice) };
        let generations = response.choices.iter().map(|c| Generation { message: message(c) });
        Self { generations: generations.collect() }
    }
}

/// The texts of an answer, or how the model declined.
fn said(choice: &Choice) -> String {
    let texts = choice.content.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.text.as_str()),
        Part::Refusal(refusal) => Some(refusal.text.as_str()),
        _ => None,
    });
    texts.collect()
}
