//! OpenAI Responses and Open Responses: an answer, and what a caller may do with it later. Answers of
//! providers that do not keep them are kept by the gateway; the ids of all others are bound to the
//! caller that they were given to, so that nobody else reaches them through the gateway's credential.

mod answers;
mod create;
mod items;
mod keeper;
mod place;
mod record;
mod references;
mod stored;
mod turn;

use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_shared::resources;
use sanmon_wire::responses::{OPEN, OPENAI, Responses as Codec};

pub(crate) use answers::{Answers, LONGEST};

use self::keeper::Keeping;
use self::place::Place;
use self::turn::Turn;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Fronted};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};

/// Responses of a plugin's providers.
#[derive(Debug)]
pub struct Responses {
    refs: Refs<resources::Provider>,
    form: Form,
    kept: Option<Duration>,
}

/// Which of the two is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenAI's own.
    OpenAi,
    /// Open Responses.
    Open,
}

impl Form {
    fn codec(self) -> &'static Codec {
        match self {
            Self::OpenAi => &OPENAI,
            Self::Open => &OPEN,
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::OpenAi => Dialect::OpenAi,
            Self::Open => Dialect::OpenResponses,
        }
    }
}

impl Responses {
    /// Of these providers. Answers are kept for so long; where that is `None` they are not, and no id
    /// can be used again.
    pub fn new(refs: Refs<resources::Provider>, form: Form, kept: Option<Duration>) -> Self {
        Self { refs, form, kept }
    }

    async fn respond(&self, exchange: &Rc<Exchange>) -> Result<HttpResponse, GatewayError> {
        match Place::of(exchange.request.method(), exchange.path())? {
            Place::Create => self.create(exchange).await,
            Place::Stored { id, what } => self.stored(exchange, &id, what).await,
        }
    }
}

/// No answer with this id is kept for the caller, or it is somebody else's: which of the two is not
/// told.
fn not_found(id: &str) -> GatewayError {
    GatewayError::new(Code::ResponseNotFound, format!("there is no response with the id {id:?}"))
}

impl Protocol for Responses {
    fn dialect(&self) -> Dialect {
        self.form.dialect()
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.respond(exchange))
    }

    /// Answers that are gone on from are not looked up.
    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        if let Place::Create = Place::of(exchange.request.method(), exchange.path())? {
            let (form, keeping) = (self.form, self.kept.map(|kept| Keeping::of(exchange, kept)));
            let (original, body) = (Bytes::new(), Bytes::new());
            let turn = Turn { form, original, body, goes_on: false, bound: None, keeping };
            llm::explain(exchange, Fronted::Made(Rc::new(turn)), &self.refs, to)?;
        }
        Ok(())
    }
}
