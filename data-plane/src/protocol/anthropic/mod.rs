//! Anthropic's dialect: `POST /v1/messages` and `POST /v1/messages/count_tokens`.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources;
use sanmon_wire::anthropic::{MESSAGES, MessagesNote, find_in_answer, has_marks};
use sanmon_wire::format::Codec;
use sanmon_wire::json::ScanError;
use sanmon_wire::pass::{AnswerFindings, Pass, Watched};

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Forwards, Front, Fronted, Shape};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::target::Candidate;

/// Messages of a plugin's providers, and their tokens.
#[derive(Debug)]
pub struct Messages {
    refs: Refs<resources::Provider>,
}

impl Messages {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>) -> Self {
        Self { refs }
    }
}

impl Protocol for Messages {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        if exchange.request.method() == Method::HEAD {
            // Coding agents look whether anybody is there.
            return Box::pin(std::future::ready(Ok(HttpResponse::Ok().finish())));
        }
        if exchange.path().trim_end_matches('/').ends_with("/count_tokens") {
            return Box::pin(llm::count(exchange, &MessagesFront, &self.refs));
        }
        Box::pin(llm::answer(exchange, Fronted::Fixed(&MessagesFront), &self.refs))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        llm::explain(exchange, Fronted::Fixed(&MessagesFront), &self.refs, to)
    }
}

/// Messages, as their clients speak them.
pub(crate) struct MessagesFront;

impl Front for MessagesFront {
    fn codec(&self) -> &'static dyn Codec {
        &MESSAGES
    }

    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn shape(&self) -> &'static Shape {
        &Shape {
            limits: &["max_tokens"],
            tools: &["tools"],
            input: &["system", "messages"],
            stream_options: false,
            content: "content",
        }
    }

    fn pass(&self, _: &Exchange, _: &Candidate, _: bool) -> Box<dyn Pass> {
        Box::new(Watched::by(MessagesNote::default()))
    }

    fn findings(&self, body: &[u8]) -> Result<AnswerFindings, ScanError> {
        find_in_answer(body)
    }

    /// What callers say of versions and betas is an open list.
    fn forwards(&self, name: &HeaderName) -> Forwards {
        match name.as_str() {
            "anthropic-beta" => Forwards::Beside,
            name if name.starts_with("anthropic-") => Forwards::Instead,
            _ => Forwards::No,
        }
    }

    /// Signatures that the gateway made for other providers' thinking must not reach Anthropic.
    fn passes(&self, body: &[u8]) -> bool {
        !has_marks(body)
    }
}
