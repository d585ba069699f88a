//! Bodies as these plugins read them: of any method, within a limit of their own, and refused in the
//! words that their clients know.

use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;
use sanmon_wire::json::{Members, Object, Scanner, is_utf8};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::body;

/// A body, and where its members stand.
pub(crate) struct Read {
    pub(crate) body: Bytes,
    pub(crate) members: Members,
}

impl Read {
    /// Its members.
    pub(crate) fn object(&self) -> Object<'_> {
        Object::new(&self.body, self.members.clone())
    }
}

/// Reads the body, which may be so large, as a JSON object.
pub(crate) async fn read(exchange: &Exchange, most: usize) -> Result<Read, GatewayError> {
    check_type(exchange)?;
    let body = whole(exchange, most).await?;
    if body.is_empty() {
        return Err(bad("could not get body: request body is empty"));
    }
    scan(exchange, body)
}

/// The body as it is, which may be empty and of any type.
pub(crate) async fn whole(exchange: &Exchange, most: usize) -> Result<Bytes, GatewayError> {
    let announced = exchange.announced();
    let read = exchange.body(most, |_| Ok(())).await;
    read.map_err(|error| match announced {
        Some(size) if error.code == Code::BodyTooLarge => GatewayError {
            message: format!(
                "could not get body: request size {size} is greater than the maximum size {} allowed",
                most.min(exchange.worker.limits.body_bytes)
            )
            .into(),
            ..error
        },
        _ => error,
    })
}

/// Finds the members of a body.
pub(crate) fn scan(exchange: &Exchange, body: Bytes) -> Result<Read, GatewayError> {
    let depth = u32::try_from(exchange.worker.limits.json_depth).unwrap_or(u32::MAX);
    let mut scanner = Scanner::with_depth(depth);
    let members = scanner.feed(&body).and_then(|()| scanner.finish());
    let members = members.map_err(|error| GatewayError {
        message: format!("could not parse JSON request body: {error}").into(),
        ..body::malformed(error)
    })?;
    if !is_utf8(&body) {
        return Err(bad("could not parse JSON request body: it is not UTF-8"));
    }
    Ok(Read { body, members })
}

/// Only JSON is understood; who says nothing is believed to send it.
fn check_type(exchange: &Exchange) -> Result<(), GatewayError> {
    let Some(kind) = exchange.request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let kind = String::from_utf8_lossy(kind.as_bytes());
    if kind.trim_start().to_ascii_lowercase().starts_with("application/json") {
        return Ok(());
    }
    let text = format!("unsupported content-type: {kind}, only application/json is supported");
    Err(GatewayError::new(Code::BadRequest, text))
}

fn bad(text: &'static str) -> GatewayError {
    GatewayError::new(Code::BadRequest, text)
}
