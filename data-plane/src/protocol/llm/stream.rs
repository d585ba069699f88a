//! The head and the beginning of a streamed answer.

use actix_web::body::BodyStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::Stream;
use sanmon_wire::format::Asked;
use sanmon_wire::pass::{Pass, UpstreamErrorEvent};

use super::answer::BYTES_PER_TOKEN;
use super::{Failed, Trial};
use crate::exchange::Exchange;
use crate::protocol::Dialect;
use crate::protocol::relay::{Begin, Beginning, Passed};
use crate::stream::relayed;
use crate::upstream::UpstreamError;

/// How a streamed answer began.
pub(crate) enum Begun {
    /// As it should; the rest follows by itself.
    Response(HttpResponse),
    /// With an error before any content.
    Error(UpstreamErrorEvent),
}

/// A streamed answer that has not begun yet.
pub(crate) struct Streamed {
    /// What passes its events on.
    pub(crate) pass: Box<dyn Pass>,
    /// How errors are written.
    pub(crate) dialect: Dialect,
    /// Its content type.
    pub(crate) kind: &'static str,
    /// What input tokens are guessed from.
    pub(crate) input_bytes: u64,
    /// When it has begun.
    pub(crate) beginning: Beginning,
}

impl Streamed {
    /// The answer that passes the events of `source` on. It is that of `trial`, once it has begun.
    pub(crate) async fn answer<S>(
        self,
        exchange: &Exchange,
        mut source: S,
        trial: Option<&mut Trial>,
    ) -> Result<Begun, Box<Failed>>
    where
        S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin + 'static,
    {
        let Self { pass, dialect, kind, input_bytes, beginning } = self;
        let (worker, account) = (&exchange.worker, exchange.account.clone());
        let mut relay = Passed::new(pass, dialect, account.clone(), input_bytes);
        Ok(match relay.begin(&mut source, beginning, trial).await? {
            Begin::Events(first) => {
                let body = relayed(first, source, relay, worker, account);
                Begun::Response(head(kind).body(BodyStream::new(body)))
            }
            Begin::Whole(all) => {
                account.set_streamed();
                Begun::Response(head(kind).body(all))
            }
            Begin::Error(error) => Begun::Error(error),
        })
    }
}

/// The head of a stream.
pub(crate) fn head(kind: &'static str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(kind)))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        // Proxies in front would gather it otherwise.
        .insert_header((
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ));
    response
}

/// What the encoder of an answer has to know.
pub(crate) fn asked(exchange: &Exchange, model: &str, input_bytes: u64) -> Asked {
    Asked {
        id: exchange.worker.request_id().as_str().to_owned(),
        created: exchange.at / 1_000,
        model: model.to_owned(),
        stream_usage: true,
        input_tokens: input_bytes.div_ceil(BYTES_PER_TOKEN),
        echo: None,
    }
}
