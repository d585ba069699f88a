//! `POST /v1/chat/completions`.

use std::rc::Rc;

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources;
use sanmon_wire::chat;
use sanmon_wire::chat::ChatNote;
use sanmon_wire::format::Codec;
use sanmon_wire::pass::{Pass, Watched};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Front, Fronted, Shape};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::target::Candidate;

/// Chat completions of a plugin's providers.
#[derive(Debug)]
pub struct Chat {
    refs: Refs<resources::Provider>,
}

impl Chat {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>) -> Self {
        Self { refs }
    }
}

impl Protocol for Chat {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(llm::answer(exchange, Fronted::Fixed(&ChatFront), &self.refs))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        llm::explain(exchange, Fronted::Fixed(&ChatFront), &self.refs, to)
    }
}

/// Chat completions, as their clients speak them.
pub(crate) struct ChatFront;

impl Front for ChatFront {
    fn codec(&self) -> &'static dyn Codec {
        &chat::OPENAI
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
            content: "choices",
        }
    }

    fn pass(&self, _: &Exchange, _: &Candidate, strip_usage: bool) -> Box<dyn Pass> {
        Box::new(Watched::by(ChatNote::new(strip_usage)))
    }
}
