//! Reads bodies: bounded in size, in silence and in depth.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, http::header};
use futures_util::StreamExt as _;
use serde_json::Value;

use super::error::{ApiError, Code};
use super::json::{self, Unreadable};
use super::media::{self, Form};

/// The largest body of an operation that holds it in memory.
pub(crate) const LIMIT: usize = 32 << 20;
/// How long a caller may be silent in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// The whole body, at most `limit` bytes.
pub(crate) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body = BytesMut::with_capacity(declared.unwrap_or(0));
    while let Some(chunk) = next(&mut payload).await? {
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The next piece of the body; none at its end.
pub(crate) async fn next(payload: &mut Payload) -> Result<Option<Bytes>, ApiError> {
    match tokio::time::timeout(SILENCE, payload.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(error))) => {
            Err(ApiError::new(Code::Malformed, "the body broke off").cause(error))
        }
        Err(_) => Err(ApiError::new(Code::Timeout, "the body did not come in time")),
    }
}

fn too_large(limit: usize) -> ApiError {
    let detail = format!("the body is larger than {} MiB", limit >> 20);
    ApiError::new(Code::TooLarge, detail)
}

/// A document in one of the forms that the operation takes.
pub(crate) async fn document(
    request: &HttpRequest,
    payload: Payload,
    taken: &[Form],
) -> Result<(Form, Value), ApiError> {
    let form = media::sent(request, taken)?;
    let body = read(request, payload, LIMIT).await?;
    Ok((form, parse(form, &body)?))
}

/// Reads a body that is one document.
pub(crate) fn parse(form: Form, body: &[u8]) -> Result<Value, ApiError> {
    if body.trim_ascii().is_empty() {
        return Err(ApiError::new(Code::Malformed, "the body is empty"));
    }
    let read = if form == Form::Yaml { json::read_yaml(body) } else { json::read_json(body) };
    read.map_err(unreadable)
}

/// What the caller is told of a document that cannot be read.
pub(crate) fn unreadable(error: Unreadable) -> ApiError {
    match error {
        Unreadable::TooDeep => {
            ApiError::new(Code::TooDeep, format!("it is nested deeper than {} levels", json::DEPTH))
        }
        Unreadable::Malformed(what) => ApiError::new(Code::Malformed, what),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::dev;
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn a_caller_that_stops_in_the_middle_is_told() {
        tokio::time::pause();
        let request = TestRequest::post().to_http_request();
        let mut silent: dev::Payload =
            dev::Payload::Stream { payload: Box::pin(futures_util::stream::pending()) };
        let payload = Payload::from_request(&request, &mut silent).await.unwrap();
        let error = read(&request, payload, LIMIT).await.unwrap_err();
        assert_eq!(error.code, Code::Timeout);
    }

    #[actix_web::test]
    async fn a_declared_length_over_the_limit_is_refused_before_it_is_read() {
        let request = TestRequest::post().insert_header(("content-length", "33554433"));
        let (request, mut payload) = request.to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        assert_eq!(read(&request, payload, LIMIT).await.unwrap_err().code, Code::TooLarge);
    }
}
