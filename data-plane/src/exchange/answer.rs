//! The last step before the caller: headers that every answer has, and a body that is accounted.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;
use tokio::time::Instant;

use super::admit::X_REQUEST_ID;
use super::{Account, Shared};
use crate::worker::Worker;

const X_SANMON_REVISION: HeaderName = HeaderName::from_static("x-sanmon-revision");
const X_SANMON_ATTEMPTS: HeaderName = HeaderName::from_static("x-sanmon-attempts");

/// Completes the head, and ties the account to the body: it closes when the last byte has gone, or
/// when the caller has.
pub(crate) fn finish(
    mut response: HttpResponse,
    account: Account,
    shared: &Shared,
    worker: &Worker,
) -> HttpResponse {
    let record = account.record();
    record.status.set(response.status().as_u16());
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, record.request_id.header());
    headers.insert(X_SANMON_REVISION, worker.revision_header(record.revision));
    let attempts = record.tries.borrow().made();
    if attempts > 1 {
        headers.insert(X_SANMON_ATTEMPTS, HeaderValue::from(attempts));
    }
    if let Some(meant) = record.meant.borrow().first() {
        meant.write(headers);
    }
    if shared.is_draining() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response.map_body(|_, body| BoxBody::new(Accounted { body, account }))
}

/// A body that counts what it gives.
struct Accounted {
    body: BoxBody,
    account: Account,
}

impl MessageBody for Accounted {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        let piece = ready!(Pin::new(&mut this.body).poll_next(context));
        let record = this.account.record();
        match &piece {
            Some(Ok(bytes)) => {
                if record.first_byte.get().is_none() {
                    record.first_byte.set(Some(Instant::now()));
                }
                record.bytes_out.set(record.bytes_out.get() + bytes.len() as u64);
            }
            Some(Err(_)) => record.cut.set(true),
            None => record.complete.set(true),
        }
        Poll::Ready(piece)
    }
}
