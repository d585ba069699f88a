//! What a variable is.

use std::borrow::Cow;
use std::net::IpAddr;

use sanmon_wire::json::{Value, ValueKind};

use super::test::{address, number};

/// A value of a variable.
pub(super) enum Found<'a> {
    /// The request lacks it; as good as `null`.
    Nothing,
    Text(Cow<'a, str>),
    Address(IpAddr),
    /// A value of a JSON body, other than `null`.
    Json(Value<'a>),
}

impl<'a> Found<'a> {
    /// A value of a body.
    pub(super) fn of(value: Value<'a>) -> Self {
        if value.kind == ValueKind::Null { Self::Nothing } else { Self::Json(value) }
    }

    /// Bytes that are text, mostly.
    pub(super) fn bytes(bytes: &'a [u8]) -> Self {
        Self::Text(String::from_utf8_lossy(bytes))
    }

    /// The text, of what is one.
    pub(super) fn string(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Address(address) => Some(Cow::Owned(address.to_string())),
            Self::Json(value) => value.text(),
            Self::Nothing => None,
        }
    }

    /// The text, also of numbers, `true` and `false`.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(value) if matches!(value.kind, ValueKind::Number | ValueKind::Bool) => {
                std::str::from_utf8(value.raw).ok().map(Cow::Borrowed)
            }
            other => other.string(),
        }
    }

    /// The number, also of a text that says one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Json(value) if value.kind == ValueKind::Bool => None,
            other => number(&other.text()?),
        }
    }

    /// The address, also of a text that says one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            other => address(&other.string()?),
        }
    }
}
