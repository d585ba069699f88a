//! Whether a key that was proved may be used for a request, whichever plugin found it.

use actix_web::http::Method;

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::snapshot::{Apikey, Restricted, Verdict};

/// A caller of whom nobody knows who it is.
pub(in crate::plugin) fn unauthorized(message: &'static str) -> GatewayError {
    GatewayError::new(Code::InvalidApiKey, message)
}

/// A caller that is known and may not.
fn forbidden(message: &'static str) -> GatewayError {
    GatewayError::new(Code::Forbidden, message)
}

/// Whether the key is valid, `authorised` on the route, and not restricted to other requests.
pub(in crate::plugin) fn permit(
    key: &Apikey,
    exchange: &Exchange,
    authorised: bool,
) -> Result<(), GatewayError> {
    if !key.is_valid_at(exchange.at) {
        return Err(unauthorized("the API key is disabled or has expired"));
    }
    if !authorised {
        return Err(forbidden("the API key is not authorised on this route"));
    }
    let method = exchange.request.method();
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    if key.is_read_only() && !reads {
        return Err(forbidden("the API key may only read"));
    }
    let Some(restrictions) = key.restrictions() else { return Ok(()) };
    let host = exchange.host();
    let (path, route) = (exchange.path(), &exchange.matched.route);
    match restrictions.judge(&Restricted { method: method.as_str(), host: &host, path, route }) {
        Verdict::Passes => Ok(()),
        Verdict::Forbidden => Err(forbidden("the API key may not call this path")),
        Verdict::Hidden => Err(GatewayError::new(Code::Hidden, "there is nothing here")),
    }
}
