use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources::{self, EmbeddingModel};
use sanmon_wire::json::{Edits, Scanner};

use super::body::{Read, read};
use super::converse::{self, Converse};
use super::{Spoken, passed};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::anthropic::{Messages, MessagesFront};
use crate::protocol::llm::Fronted;
use crate::protocol::openai::{ChatFront, Embeddings};
use crate::protocol::refs::Refs;
use crate::protocol::responses::{Form, Responses};
use crate::protocol::{Dialect, Protocol, llm};
use crate::provider::Provider;

/// Answers of Responses are kept for so long, so that callers can go on from them.
const KEPT: Duration = Duration::from_hours(24);

/// Every protocol of models, answered by one provider or pool of a plugin's config.
pub(crate) struct Proxy {
    refs: Refs<resources::Provider>,
    messages: Messages,
    responses: Responses,
    embeddings: Embeddings,
    /// The largest body, in bytes.
    most: usize,
    says: Says,
}

/// What a config says of all requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says {
    /// Streams are asked for, whatever requests say.
    pub(crate) streams: bool,
    /// What is asked is logged.
    pub(crate) logs: bool,
}

impl Proxy {
    /// Of this provider.
    pub(crate) fn new(provider: &Arc<Provider>, most: usize, says: Says) -> Self {
        let refs = || Refs::<resources::Provider>::own(Arc::clone(provider));
        Self {
            refs: refs(),
            messages: Messages::new(refs()),
            responses: Responses::new(refs(), Form::OpenAi, Some(KEPT)),
            embeddings: Embeddings::new(Refs::<EmbeddingModel>::own(Arc::clone(provider))),
            most,
            says,
        }
    }

    async fn respond(&self, exchange: &Rc<Exchange>) -> Result<HttpResponse, GatewayError> {
        let read = read(exchange, self.most).await?;
        let spoken = Spoken::of(exchange.path(), &read.object()).ok_or_else(unspoken)?;
        if self.says.logs {
            let object = read.object();
            let asked = ["messages", "input"].into_iter().find_map(|name| object.first(name));
            exchange.account.set_asked(asked.map_or(&read.body, |asked| asked.raw));
        }
        let Read { body, members } = self.shaped(exchange, spoken, read)?;
        let front: &'static dyn llm::Front = match spoken {
            Spoken::Chat => &ChatFront,
            Spoken::Messages => &MessagesFront,
            Spoken::Converse => &Converse,
            Spoken::Tokens => {
                exchange.give_back(body);
                return self.messages.answer(exchange).await;
            }
            Spoken::Responses => {
                exchange.give_back(body);
                return self.responses.answer(exchange).await;
            }
            Spoken::Embeddings => {
                exchange.give_back(body);
                return self.embeddings.answer(exchange).await;
            }
            Spoken::Other => {
                let read = Read { body, members };
                return Box::pin(passed::answer(exchange, &self.refs, read)).await;
            }
        };
        llm::answer_body(exchange, Fronted::Fixed(front), &self.refs, body, members).await
    }

    /// The body with what the config and the path say of it: that a stream is wanted, and the model.
    fn shaped(
        &self,
        exchange: &Exchange,
        spoken: Spoken,
        read: Read,
    ) -> Result<Read, GatewayError> {
        let mut edits = Edits::default();
        let object = read.object();
        let mut streams = self.says.streams
            && !matches!(spoken, Spoken::Tokens | Spoken::Embeddings | Spoken::Other);
        if spoken == Spoken::Converse {
            let place = converse::Place::of(exchange.path());
            streams |= place.streams;
            if let (Some(model), None) = (place.model, llm::body::get(&object, "model")?) {
                let mut json = Vec::new();
                sanmon_wire::json::write_string(&mut json, &model);
                edits.insert("model", json);
            }
        }
        if streams {
            match llm::body::get(&object, "stream")? {
                Some(own) if own.raw == b"true" => {}
                Some(own) => edits.replace(own.index, b"true".as_slice()),
                None => edits.insert("stream", b"true".as_slice()),
            }
        }
        if edits.is_empty() {
            drop(object);
            return Ok(read);
        }
        let body = edits.apply(&object);
        let members = Scanner::scan(&body).map_err(llm::body::malformed)?;
        Ok(Read { body: body.into(), members })
    }
}

fn unspoken() -> GatewayError {
    GatewayError::new(Code::BadRequest, "no matching AI protocol for the request")
}

impl Protocol for Proxy {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn dialect_for(&self, path: &str, _: &HeaderMap) -> Dialect {
        match path.trim_end_matches('/') {
            path if path.ends_with("/v1/messages")
                || path.ends_with("/v1/messages/count_tokens") =>
            {
                Dialect::Anthropic
            }
            _ => Dialect::OpenAi,
        }
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.respond(exchange))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        let missing = || Err(GatewayError::new(Code::Internal, "the body is not there"));
        let read = read(exchange, self.most).now_or_never().unwrap_or_else(missing)?;
        let spoken = Spoken::of(exchange.path(), &read.object()).ok_or_else(unspoken)?;
        let Read { body, .. } = self.shaped(exchange, spoken, read)?;
        exchange.give_back(body);
        let front: &'static dyn llm::Front = match spoken {
            Spoken::Chat => &ChatFront,
            Spoken::Messages => &MessagesFront,
            Spoken::Converse => &Converse,
            Spoken::Responses => return self.responses.explain(exchange, to),
            Spoken::Embeddings => return self.embeddings.explain(exchange, to),
            Spoken::Tokens | Spoken::Other => return Ok(()),
        };
        llm::explain(exchange, Fronted::Fixed(front), &self.refs, to)
    }
}
