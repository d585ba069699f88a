//! What a variable is compared with, and how.

use std::net::IpAddr;

use regex::Regex;
use sanmon_shared::network::Network;
use sanmon_wire::json::{Elements, ValueKind};
use serde_json::Value;

use super::found::Found;
use crate::snapshot::compile;

/// A comparison, compiled.
#[derive(Debug)]
pub(super) enum Test {
    Equals(Literal),
    Compares(Comparison, f64),
    Matches(Box<Regex>),
    In(Box<[Literal]>),
    Has(Literal),
    Within(Box<[Network]>),
}

/// What a variable may be equal to.
#[derive(Debug)]
pub(super) enum Literal {
    Nothing,
    Text(Box<str>),
    Number(f64),
    Bool(bool),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// Why there is no such comparison.
pub(super) struct NoTest {
    /// Whether that is for its value, not its operator.
    pub(super) of_value: bool,
    pub(super) text: String,
}

impl Test {
    /// Compiles one. `~=` is the opposite of `==`, and not known here.
    pub(super) fn build(operator: &str, value: &Value) -> Result<Self, NoTest> {
        let wrong = |text: String| NoTest { of_value: true, text };
        let compares = |comparison| {
            let number = match value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => number(text),
                _ => None,
            };
            let number = number.ok_or_else(|| wrong("expected a number".to_owned()))?;
            Ok(Self::Compares(comparison, number))
        };
        let matches = |before: &str, after: &str| {
            let text =
                value.as_str().ok_or_else(|| wrong("expected a regular expression".to_owned()))?;
            // Alone first: what closes a group early is not taken.
            let expression = compile::bounded(text).map_err(wrong)?;
            if before.is_empty() {
                return Ok(Self::Matches(Box::new(expression)));
            }
            let expression = compile::bounded(&format!("{before}{text}{after}")).map_err(wrong)?;
            Ok(Self::Matches(Box::new(expression)))
        };
        match operator {
            "==" => Literal::read(value).map(Self::Equals).map_err(wrong),
            ">" => compares(Comparison::Greater),
            ">=" => compares(Comparison::AtLeast),
            "<" => compares(Comparison::Less),
            "<=" => compares(Comparison::AtMost),
            "~~" => matches("", ""),
            "~*" => matches("(?i:", ")"),
            "in" => {
                let list = value.as_array().filter(|list| !list.is_empty());
                let list = list.ok_or_else(|| wrong("expected a list of values".to_owned()))?;
                let list = list.iter().map(Literal::read).collect::<Result<_, _>>();
                list.map(Self::In).map_err(wrong)
            }
            "has" => Literal::read(value).map(Self::Has).map_err(wrong),
            "ipmatch" => networks(value).map(Self::Within).map_err(wrong),
            _ => Err(NoTest {
                of_value: false,
                text: format!(
                    "there is no operator {operator:?}; there are ==, ~=, >, >=, <, <=, ~~, ~*, in, \
                     has and ipmatch"
                ),
            }),
        }
    }

    /// Whether each of a variable's values is to be looked at, not only the first.
    pub(super) fn looks_at_all(&self) -> bool {
        matches!(self, Self::Has(_))
    }

    /// Whether a value is as expected.
    pub(super) fn is_met(&self, found: &Found<'_>) -> bool {
        match self {
            Self::Equals(literal) => literal.is(found),
            Self::Compares(comparison, other) => {
                found.number().is_some_and(|number| comparison.holds(number, *other))
            }
            Self::Matches(expression) => {
                found.text().is_some_and(|text| expression.is_match(&text))
            }
            Self::In(literals) => literals.iter().any(|literal| literal.is(found)),
            Self::Has(literal) => match found {
                Found::Json(list) if list.kind == ValueKind::Array => {
                    Elements::of(list.raw).any(|one| literal.is(&Found::of(one)))
                }
                one => literal.is(one),
            },
            Self::Within(networks) => found
                .address()
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, other: f64) -> bool {
        match self {
            Self::Greater => number > other,
            Self::AtLeast => number >= other,
            Self::Less => number < other,
            Self::AtMost => number <= other,
        }
    }
}

impl Literal {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::Nothing),
            Value::Bool(bool) => Ok(Self::Bool(*bool)),
            Value::Number(number) => number
                .as_f64()
                .map(Self::Number)
                .ok_or_else(|| "the number is too large".to_owned()),
            Value::String(text) => Ok(Self::Text(text.as_str().into())),
            Value::Array(_) | Value::Object(_) => {
                Err("expected a string, a number, true, false or null".to_owned())
            }
        }
    }

    /// A number is equal to a text that says the same number.
    fn is(&self, found: &Found<'_>) -> bool {
        match self {
            Self::Nothing => matches!(found, Found::Nothing),
            Self::Bool(bool) => {
                matches!(found, Found::Json(value) if value.bool() == Some(*bool))
            }
            Self::Number(number) =>
            {
                #[expect(clippy::float_cmp, reason = "both were read from decimal texts")]
                found.number().is_some_and(|other| other == *number)
            }
            Self::Text(text) => found.string().is_some_and(|other| *other == **text),
        }
    }
}

/// The number that a text says.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// The address that a text says.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn networks(value: &Value) -> Result<Box<[Network]>, String> {
    let read = |value: &Value| {
        let text = value.as_str().ok_or("expected addresses and networks")?;
        text.parse::<Network>().map_err(|error| error.to_string())
    };
    match value {
        Value::Array(list) if list.is_empty() => Err("expected addresses and networks".to_owned()),
        Value::Array(list) => list.iter().map(read).collect(),
        one => read(one).map(|network| [network].into()),
    }
}
