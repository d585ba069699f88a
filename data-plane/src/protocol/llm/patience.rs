//! Callers that want a stream and hear nothing: they are told that the gateway lives, which commits the
//! status of the answer and nothing else.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use futures_util::future::LocalBoxFuture;
use sanmon_wire::canonical::Delta;
use sanmon_wire::format::Codec;
use tokio::time::timeout;

use super::{Failed, stream};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::{Dialect, errors};
use crate::stream::{Late, stopping};

/// Waits for an answer that is a stream. When nothing of it has come within a heartbeat's time, the
/// head of a stream goes out, and the answer, which may be sought among other targets yet, follows in
/// it; an error then is an event.
pub(crate) async fn patient(
    exchange: &Rc<Exchange>,
    dialect: Dialect,
    codec: &'static dyn Codec,
    mut answer: LocalBoxFuture<'static, Result<HttpResponse, Box<Failed>>>,
) -> Result<HttpResponse, GatewayError> {
    if let Ok(answer) = timeout(exchange.worker.limits.heartbeat, &mut answer).await {
        return answer.or_else(|failed| failed.answer());
    }
    let asked = stream::asked(exchange, "", 0);
    let mut stopped = Vec::new();
    let error = Delta::Error(errors::as_provider(&stopping()));
    codec.encoder(asked.clone()).delta(&error, &mut stopped);
    let account = exchange.account.clone();
    let body = Box::pin(async move {
        answer.await.map_or_else(
            |failed| {
                account.failed_in_stream(&failed.gateway_error());
                BoxBody::new(failed.event(codec, asked))
            },
            HttpResponse::into_body,
        )
    });
    let (worker, account) = (&exchange.worker, exchange.account.clone());
    let late = Late::new(body, dialect.heartbeat(), stopped.into(), worker, account);
    Ok(stream::head(codec.stream_type()).body(late))
}
