//! Answers that the gateway needs whole, whoever they are for.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, RETRY_AFTER};
use sanmon_wire::canonical::{ErrorKind, ProviderError, Request, Response};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Failure, Format};

use super::Front;
use super::answer::{self, BYTES_PER_TOKEN};
use super::reply::{Ask, Reply, ReplyBody, send};
use super::translating::{Translating, no_chats};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::provider::Provider;

/// A provider's whole answer.
pub(super) struct Completed {
    pub(super) answer: Result<Response, ProviderError>,
    /// What the caller is told of its headers.
    pub(super) head: HeaderMap,
    /// What of the request could not be said.
    pub(super) losses: Losses,
}

/// Asks for a whole answer, whatever the request says about streams. Errors tell no credential.
pub(super) async fn gather(
    exchange: &Exchange,
    front: Option<&dyn Front>,
    translating: &mut Translating,
) -> Result<Completed, GatewayError> {
    translating.request.stream = false;
    let outgoing = translating.outgoing(exchange).await?;
    let Translating { codec, model, provider, .. } = &*translating;
    let input_bytes = outgoing.body.len() as u64;
    let ask = Ask { codec: *codec, model, body: outgoing.body, streams: false };
    let Reply { status, body, account, head } = send(exchange, front, provider, ask).await?;
    let ReplyBody::Whole(body) = body else {
        return Err(GatewayError::new(Code::Internal, "nobody asked for a stream"));
    };
    let mut answer = if status.is_success() {
        match codec.decode_response(&body) {
            Ok(answer) => Ok(answer),
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Invalid(text)) => return Err(unreadable(text)),
        }
    } else {
        Err(codec.decode_error(status.as_u16(), &body))
    };
    match &mut answer {
        Ok(answer) => {
            let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
            answer::count(&exchange.account, answer.usage, input_bytes, guess);
            exchange.account.first_token();
        }
        Err(error) => answer::withhold(error, account),
    }
    Ok(Completed { answer, head, losses: outgoing.losses })
}

/// Asks a provider on behalf of the gateway.
pub(crate) async fn complete(
    exchange: &Exchange,
    provider: &Arc<Provider>,
    model: Option<&str>,
    request: Request,
) -> Result<Response, GatewayError> {
    let model = model.or(provider.default_model.as_deref()).unwrap_or_default();
    let codec = provider.codec(Format::Chat, Some(model)).ok_or_else(no_chats)?;
    let mut translating = Translating {
        provider: Arc::clone(provider),
        codec,
        model: model.to_owned(),
        request,
        input_bytes: 0,
        strict: false,
    };
    let completed = gather(exchange, None, &mut translating).await?;
    exchange.account.set_fidelity(&completed.losses);
    let retry_after = completed.head.get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    completed.answer.map_err(|error| {
        let code = match error.kind {
            ErrorKind::RateLimit => Code::RateLimited,
            ErrorKind::Overloaded => Code::UpstreamUnavailable,
            ErrorKind::Timeout => Code::UpstreamTimeout,
            _ => Code::UpstreamInvalid,
        };
        let text = format!("the provider answered with the status {}", error.status);
        GatewayError { retry_after, ..GatewayError::new(code, text).detail(error.message) }
    })
}

pub(super) fn unreadable(text: String) -> GatewayError {
    GatewayError::new(Code::UpstreamInvalid, "the provider's answer cannot be read").detail(text)
}
