//! All of OpenAI's paths, and Anthropic's Messages, behind one slot: whatever the prefix, the end of a
//! path says which protocol is spoken.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;

use super::{Chat, Completions, Embeddings, Models};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::anthropic::Messages;
use crate::protocol::responses::Responses;
use crate::protocol::{Dialect, Protocol};

/// The protocols of one slot; embeddings where it has models of them.
#[expect(missing_docs, reason = "each is the protocol of its name")]
#[derive(Debug)]
pub struct Api {
    pub chat: Chat,
    pub completions: Completions,
    pub responses: Responses,
    pub messages: Messages,
    pub models: Models,
    pub embeddings: Option<Embeddings>,
}

impl Api {
    fn at(&self, path: &str) -> Option<&dyn Protocol> {
        let path = path.trim_end_matches('/');
        let ends = |end: &str| path.ends_with(end);
        Some(if ends("/chat/completions") {
            &self.chat
        } else if ends("/completions") {
            &self.completions
        } else if ends("/embeddings") {
            self.embeddings.as_ref()?
        } else if ends("/messages") || ends("/messages/count_tokens") {
            &self.messages
        } else if ends("/responses") || path.contains("/responses/") {
            &self.responses
        } else if ends("/models") || path.contains("/models/") {
            &self.models
        } else {
            return None;
        })
    }
}

impl Protocol for Api {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn dialect_for(&self, path: &str, headers: &HeaderMap) -> Dialect {
        let protocol = self.at(path);
        protocol.map_or(Dialect::OpenAi, |protocol| protocol.dialect_for(path, headers))
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        match self.at(exchange.path()) {
            Some(protocol) => protocol.answer(exchange),
            None => Box::pin(std::future::ready(Err(GatewayError::new(
                Code::NoBackend,
                "nothing is served at the end of this path",
            )))),
        }
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        self.at(exchange.path()).map_or(Ok(()), |protocol| protocol.explain(exchange, to))
    }
}
