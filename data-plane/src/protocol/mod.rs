//! What clients speak: paths, options, errors and streams of each dialect. Made of `wire` formats;
//! opens no connection itself.

pub mod anthropic;
pub(crate) mod apisix;
pub mod errors;
pub(crate) mod llm;
pub mod llm_response;
pub mod openai;
pub mod otoroshi;
pub mod refs;
mod relay;
pub mod responses;

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::Explanation;
use sanmon_wire::anthropic::PING;
use sanmon_wire::sse::KEEP_ALIVE;

use crate::error::GatewayError;
use crate::exchange::Exchange;

/// How errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
    /// `{"type": "error", "error": {"type", "message"}, "request_id"}`.
    Anthropic,
    /// OpenAI's envelope with the types that Open Responses has.
    OpenResponses,
    /// RFC 9457 `application/problem+json`: for plain proxying, and where no route was found.
    #[default]
    Problem,
}

impl Dialect {
    /// The event that says a stream lives. It is put between two events.
    pub const fn heartbeat(self) -> &'static [u8] {
        match self {
            Self::OpenAi | Self::OpenResponses | Self::Problem => KEEP_ALIVE,
            Self::Anthropic => PING,
        }
    }
}

/// What answers the requests of a slot instead of the route's targets.
pub trait Protocol: Send + Sync {
    /// How its clients read errors.
    fn dialect(&self) -> Dialect;

    /// The same for a request with this path and these headers, where one slot speaks several protocols.
    fn dialect_for(&self, _path: &str, _headers: &HeaderMap) -> Dialect {
        self.dialect()
    }

    /// Answers. The body is still to be read, from the exchange, which whoever answers may hold on to.
    /// An error returned here is written in the dialect by the caller; an error inside a stream is the
    /// protocol's own to write.
    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>>;

    /// Tells who would be asked, and how, without asking anybody. Most protocols ask nobody.
    fn explain(&self, _: &Rc<Exchange>, _: &mut Explanation) -> Result<(), GatewayError> {
        Ok(())
    }
}
