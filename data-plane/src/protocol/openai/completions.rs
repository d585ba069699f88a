//! `POST /v1/completions`: the legacy protocol, natively where the provider has it and over chats
//! elsewhere.

use std::rc::Rc;

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources;
use sanmon_wire::canonical::{Request, Response};
use sanmon_wire::chat::ChatNote;
use sanmon_wire::completions::{COMPLETIONS, prompts};
use sanmon_wire::format::{Codec, Unsupported};
use sanmon_wire::json::Json;
use sanmon_wire::pass::{Pass, Watched};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Front, Fronted, Shape};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::target::Candidate;

/// Completions of a plugin's providers.
#[derive(Debug)]
pub struct Completions {
    refs: Refs<resources::Provider>,
}

impl Completions {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>) -> Self {
        Self { refs }
    }
}

impl Protocol for Completions {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(llm::answer(exchange, Fronted::Fixed(&CompletionsFront), &self.refs))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        llm::explain(exchange, Fronted::Fixed(&CompletionsFront), &self.refs, to)
    }
}

/// Legacy completions, as their clients speak them.
pub(crate) struct CompletionsFront;

impl Front for CompletionsFront {
    fn codec(&self) -> &'static dyn Codec {
        &COMPLETIONS
    }

    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn shape(&self) -> &'static Shape {
        &Shape {
            limits: &["max_tokens"],
            tools: &[],
            input: &["prompt"],
            stream_options: true,
            content: "choices",
        }
    }

    fn pass(&self, _: &Exchange, _: &Candidate, strip_usage: bool) -> Box<dyn Pass> {
        Box::new(Watched::by(ChatNote::new(strip_usage)))
    }

    fn echo(&self, _: &[u8], request: &Request) -> Option<Json> {
        prompts::echo(request)
    }

    /// A chat has one prompt.
    fn split(&self, request: &Request) -> Result<Option<Vec<Request>>, Unsupported> {
        prompts::split(request).map(Some)
    }

    fn join(&self, answers: Vec<Response>, n: u64) -> Response {
        prompts::join(answers, n)
    }
}
