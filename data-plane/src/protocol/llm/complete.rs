//! Answers that the gateway needs whole, whoever they are for.

use actix_web::http::header::{HeaderMap, RETRY_AFTER};
use sanmon_shared::resources;
use sanmon_wire::canonical::{ErrorKind, ProviderError, Request, Response};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Failure, Format};

use super::answer::{self, BYTES_PER_TOKEN};
use super::model::Wanted;
use super::reply::{Ask, Reply, ReplyBody, send};
use super::translating::{Translating, no_chats};
use super::{Failed, Front, Trial, Whom, attempts};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::protocol::refs::Refs;
use crate::provider::Fidelity;
use crate::target::{Candidate, Course};

/// A provider's whole answer.
pub(super) struct Completed {
    pub(super) answer: Result<Response, ProviderError>,
    /// What the caller is told of its headers.
    pub(super) head: HeaderMap,
    /// What of the request could not be said.
    pub(super) losses: Losses,
    /// What tokens are guessed from.
    pub(super) sizes: Sizes,
}

/// Of a request and its answer, in bytes.
pub(super) struct Sizes {
    pub(super) input: u64,
    pub(super) output: u64,
}

/// Asks for a whole answer, whatever the request says about streams. Errors tell no credential.
pub(super) async fn gather(
    exchange: &Exchange,
    front: Option<&dyn Front>,
    translating: &mut Translating<'_>,
    trial: &mut Trial,
) -> Result<Completed, Box<Failed>> {
    translating.request.stream = false;
    let outgoing = translating.outgoing(exchange).await?;
    let Translating { codec, model, whom, .. } = &*translating;
    let input = outgoing.body.len() as u64;
    let ask = Ask { codec: *codec, model, body: outgoing.body, streams: false };
    let Reply { status, body, account, head } = send(exchange, front, *whom, ask, trial).await?;
    let ReplyBody::Whole(body) = body else {
        return Err(GatewayError::new(Code::Internal, "nobody asked for a stream").into());
    };
    let mut answer = if status.is_success() {
        match codec.decode_response(&body) {
            Ok(answer) => Ok(answer),
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Invalid(text)) => return Err(unreadable(text).into()),
        }
    } else {
        Err(codec.decode_error(status.as_u16(), &body))
    };
    if let Err(error) = &mut answer {
        answer::withhold(error, account);
    }
    let sizes = Sizes { input, output: body.len() as u64 };
    Ok(Completed { answer, head, losses: outgoing.losses, sizes })
}

/// Asks a provider on behalf of the gateway.
pub(crate) async fn complete(
    exchange: &Exchange,
    refs: &Refs<resources::Provider>,
    wanted: &Wanted,
    course: Course,
    request: Request,
) -> Result<Response, GatewayError> {
    let single = course.is_single();
    let attempt = async |candidate: &Candidate, trial: &mut Trial| {
        let provider = &candidate.provider;
        let chosen = wanted.chosen(exchange, candidate)?;
        trial.asks_for(chosen.model.as_ref());
        let model = chosen.model.as_deref().unwrap_or_default();
        let mut translating = Translating {
            whom: Whom { candidate, timeouts: candidate.timeouts.with(&refs.timeouts), single },
            codec: provider.codec(Format::Chat, Some(model)).ok_or_else(no_chats)?,
            model: model.to_owned(),
            request: request.clone(),
            input_bytes: 0,
            strict: [provider.fidelity, refs.fidelity].contains(&Fidelity::Strict),
        };
        let size = Size {
            model,
            provider: &provider.id,
            input_tokens: request.estimated_tokens(),
            max_output: request.max_tokens,
        };
        limit::reserve(exchange, &size).await?;
        let Completed { answer, head, losses, sizes } =
            gather(exchange, None, &mut translating, trial).await?;
        let answer = answer.map_err(|error| Failed::told(refused(&error, &head), &error, &head))?;
        let guess = sizes.output.div_ceil(BYTES_PER_TOKEN);
        answer::count(exchange, trial, answer.usage, sizes.input, guess);
        exchange.account.set_fidelity(&losses);
        Ok(answer)
    };
    attempts::run(exchange, course, attempt).await.map_err(|failed| failed.gateway_error())
}

/// What a caller that does not know of the provider is told of its error.
fn refused(error: &ProviderError, head: &HeaderMap) -> GatewayError {
    let retry_after = head.get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    let code = match error.kind {
        ErrorKind::RateLimit => Code::RateLimited,
        ErrorKind::Overloaded => Code::UpstreamUnavailable,
        ErrorKind::Timeout => Code::UpstreamTimeout,
        _ => Code::UpstreamInvalid,
    };
    let text = format!("the provider answered with the status {}", error.status);
    GatewayError { retry_after, ..GatewayError::new(code, text).detail(error.message.clone()) }
}

pub(super) fn unreadable(text: String) -> GatewayError {
    GatewayError::new(Code::UpstreamInvalid, "the provider's answer cannot be read").detail(text)
}
