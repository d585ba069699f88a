//! What a request's body says that decides about it.

use std::borrow::Cow;

use bytes::Bytes;
use sanmon_wire::json::{
    MemberError, Members, Object, ScanError, ScanErrorKind, Scanner, Value, ValueKind, is_utf8,
};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;

/// Reads the body and finds its members on the way.
pub(crate) async fn read(exchange: &Exchange) -> Result<(Bytes, Members), GatewayError> {
    if exchange.request.method() != actix_web::http::Method::POST {
        return Err(GatewayError::new(Code::MethodNotAllowed, "this endpoint takes POST"));
    }
    let depth = u32::try_from(exchange.worker.limits.json_depth).unwrap_or(u32::MAX);
    let mut scanner = Scanner::with_depth(depth);
    let body = exchange.body(usize::MAX, |piece| scanner.feed(piece).map_err(malformed)).await?;
    let members = scanner.finish().map_err(malformed)?;
    if !is_utf8(&body) {
        return Err(GatewayError::new(Code::BadRequest, "the body is not UTF-8"));
    }
    Ok((body, members))
}

pub(crate) fn malformed(error: ScanError) -> GatewayError {
    let code = match error.kind {
        ScanErrorKind::TooDeep(_) => Code::TooDeep,
        ScanErrorKind::TooLarge => Code::BodyTooLarge,
        ScanErrorKind::NotAnObject
        | ScanErrorKind::Truncated
        | ScanErrorKind::Trailing
        | ScanErrorKind::Malformed
        | ScanErrorKind::TooManyMembers => Code::BadRequest,
    };
    GatewayError::new(code, format!("the body cannot be read: {error}"))
}

/// A member that decides something: there once or not at all.
pub(crate) fn get<'a>(object: &Object<'a>, name: &str) -> Result<Option<Value<'a>>, GatewayError> {
    object.get(name).map_err(|error| unreliable(&error, name))
}

/// The error of a member that two readers could take for different ones.
pub(crate) fn unreliable(error: &MemberError, name: &str) -> GatewayError {
    let code = match error {
        MemberError::Duplicate(_) | MemberError::Lookalike { .. } => Code::DuplicateMember,
        MemberError::Key(_) => Code::BadRequest,
    };
    GatewayError::new(code, error.to_string()).param(name.to_owned())
}

/// The same, `null` being as good as absent.
pub(crate) fn present<'a>(
    object: &Object<'a>,
    name: &str,
) -> Result<Option<Value<'a>>, GatewayError> {
    Ok(get(object, name)?.filter(|value| !value.is_null()))
}

/// A text; an error when it is something else.
pub(crate) fn text<'a>(
    object: &Object<'a>,
    name: &str,
) -> Result<Option<Cow<'a, str>>, GatewayError> {
    present(object, name)?
        .map(|value| value.text().ok_or_else(|| wrong(name, "a string")))
        .transpose()
}

/// `true` or `false`; an error when it is something else.
pub(crate) fn flag(object: &Object<'_>, name: &str) -> Result<Option<bool>, GatewayError> {
    present(object, name)?
        .map(|value| value.bool().ok_or_else(|| wrong(name, "true or false")))
        .transpose()
}

/// A member that chooses a provider. An object under this name is a vendor's own member.
pub(crate) fn provider<'a>(
    object: &Object<'a>,
) -> Result<Option<(Value<'a>, Cow<'a, str>)>, GatewayError> {
    let Some(value) = get(object, "provider")? else { return Ok(None) };
    if value.kind != ValueKind::String {
        return Ok(None);
    }
    let text = value.text().ok_or_else(|| wrong("provider", "a string"))?;
    Ok(Some((value, text)))
}

pub(crate) fn wrong(name: &str, expected: &str) -> GatewayError {
    GatewayError::new(Code::BadRequest, format!("{name:?} has to be {expected}"))
        .param(name.to_owned())
}
