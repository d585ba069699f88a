//! Headers on their way through: what is not named here does not travel.

use actix_web::http::header as caller;
use reqwest::header as upstream;

use super::{Forwards, Front};
use crate::exchange::Exchange;
use crate::upstream::Call;
use sanmon_wire::fidelity::Losses;

/// What the provider gets to see of the caller's headers. Credentials and cookies are not among
/// them, nor what chooses an account (`openai-organization`, `openai-project`): that is for whoever
/// configured the provider.
const REQUEST: [caller::HeaderName; 4] = [
    caller::HeaderName::from_static("openai-beta"),
    caller::HeaderName::from_static("idempotency-key"),
    caller::HeaderName::from_static("traceparent"),
    caller::HeaderName::from_static("tracestate"),
];

/// What the caller gets to see of the provider's headers, and under which name. Rate limits are
/// those of the account that all callers share, so only the wish to wait is passed on.
const RESPONSE: [(upstream::HeaderName, caller::HeaderName); 8] = [
    passed("retry-after", "retry-after"),
    passed("retry-after-ms", "retry-after-ms"),
    passed("x-should-retry", "x-should-retry"),
    passed("x-request-id", "x-upstream-request-id"),
    passed("request-id", "x-upstream-request-id"),
    passed("openai-processing-ms", "openai-processing-ms"),
    passed("openai-version", "openai-version"),
    passed("openai-model", "openai-model"),
];

const fn passed(
    name: &'static str,
    told_as: &'static str,
) -> (upstream::HeaderName, caller::HeaderName) {
    (upstream::HeaderName::from_static(name), caller::HeaderName::from_static(told_as))
}

const AGENT: &str = concat!("sanmon/", env!("CARGO_PKG_VERSION"));

/// The headers of a call: the endpoint's own come first.
pub(crate) fn request<'a>(exchange: &Exchange, call: Call<'a>, accept: &'static str) -> Call<'a> {
    let mut call = own(call, accept);
    for name in REQUEST {
        if let Some(value) = exchange.request.headers().get(&name)
            && let Ok(value) = upstream::HeaderValue::from_bytes(value.as_bytes())
            && let Ok(name) = upstream::HeaderName::from_bytes(name.as_str().as_bytes())
        {
            call = call.default_header(name, value);
        }
    }
    call
}

/// The same of a call that is the gateway's own: nothing of a caller is in it.
pub(crate) fn own<'a>(call: Call<'a>, accept: &'static str) -> Call<'a> {
    call.header(upstream::CONTENT_TYPE, upstream::HeaderValue::from_static("application/json"))
        // Usage has to stay readable.
        .header(upstream::ACCEPT_ENCODING, upstream::HeaderValue::from_static("identity"))
        .default_header(upstream::ACCEPT, upstream::HeaderValue::from_static(accept))
        .default_header(upstream::USER_AGENT, upstream::HeaderValue::from_static(AGENT))
}

/// The headers of an answer.
pub(crate) fn response(from: &upstream::HeaderMap, to: &mut caller::HeaderMap) {
    for (name, told_as) in RESPONSE {
        if let Some(value) = from.get(name)
            && let Ok(value) = caller::HeaderValue::from_bytes(value.as_bytes())
        {
            to.insert(told_as, value);
        }
    }
}

/// The caller's headers that are for providers of its own format.
pub(crate) fn forward(exchange: &Exchange, front: &dyn Front, call: &mut Call<'_>) {
    for (name, value) in exchange.request.headers() {
        let forwards = front.forwards(name);
        if forwards != Forwards::No
            && let Ok(name) = upstream::HeaderName::from_bytes(name.as_str().as_bytes())
            && let Ok(value) = upstream::HeaderValue::from_bytes(value.as_bytes())
        {
            if forwards == Forwards::Instead {
                call.headers_mut().insert(name, value);
            } else {
                call.headers_mut().append(name, value);
            }
        }
    }
}

const FIDELITY: caller::HeaderName = caller::HeaderName::from_static("x-sanmon-fidelity");

/// Says which members of the request the provider did not get, or not as they were.
pub(crate) fn fidelity(losses: &Losses, to: &mut caller::HeaderMap) {
    if !losses.is_empty()
        && let Ok(value) = caller::HeaderValue::from_str(&losses.header())
    {
        to.insert(FIDELITY, value);
    }
}
