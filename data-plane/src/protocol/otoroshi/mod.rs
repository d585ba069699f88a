//! The native format of Otoroshi's LLM proxy.

use std::rc::Rc;

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources;
use sanmon_wire::chat::ChatNote;
use sanmon_wire::format::Codec;
use sanmon_wire::generations::GENERATIONS;
use sanmon_wire::pass::{Pass, Watched};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Front, Fronted, Shape};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::target::Candidate;

/// Chats of a plugin's providers, answered as generations.
#[derive(Debug)]
pub struct LlmProxy {
    refs: Refs<resources::Provider>,
}

impl LlmProxy {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>) -> Self {
        Self { refs }
    }
}

impl Protocol for LlmProxy {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(llm::answer(exchange, Fronted::Fixed(&GenerationsFront), &self.refs))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        llm::explain(exchange, Fronted::Fixed(&GenerationsFront), &self.refs, to)
    }
}

/// Chats answered as generations.
pub(crate) struct GenerationsFront;

impl Front for GenerationsFront {
    fn codec(&self) -> &'static dyn Codec {
        &GENERATIONS
    }

    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn shape(&self) -> &'static Shape {
        &Shape {
            limits: &["max_completion_tokens", "max_tokens"],
            tools: &["tools", "functions"],
            input: &["messages"],
            stream_options: true,
            content: "generations",
        }
    }

    fn pass(&self, _: &Exchange, _: &Candidate, strip_usage: bool) -> Box<dyn Pass> {
        Box::new(Watched::by(ChatNote::new(strip_usage)))
    }

    /// Requests are those of chats, and answers are not.
    fn always_translates(&self) -> bool {
        true
    }
}
