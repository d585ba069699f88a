//! The Expression Language: texts with `${…}` in them, for which something of the request stands.
//!
//! A text is compiled once, when a snapshot is made, and evaluated for each request. What an
//! expression gives is data: it is never looked at for expressions again. What is not there shows as
//! a word that says so (`no-header-x-team`, `bad-expr`) unless the expression has a default.
//!
//! An expression sees the request, its route and its key, and what they carry. The environment, the
//! settings, vaults and providers are out of its reach, and so are credentials that must not travel
//! on ([`Exchange::wiped`](crate::exchange::Exchange::wiped)).

mod about;
mod alternatives;
mod date;
mod family;
mod field;
mod path;
mod scope;
mod term;
#[cfg(test)]
mod tests;

use std::ops::Range;

use sanmon_shared::Problem;

use crate::error::GatewayError;
use alternatives::Alternatives;

pub(crate) use about::request_json;
pub use path::Path;
pub use scope::Scope;

/// More expressions in one text are a mistake.
const MOST: usize = 1_000;

/// What stands for an expression that cannot have a value.
const BAD: &str = "bad-expr";

/// A text with expressions, compiled.
#[derive(Debug)]
pub struct Template {
    text: Box<str>,
    expressions: Box<[(Range<usize>, Alternatives)]>,
}

/// What an expression finds.
#[derive(Debug, PartialEq, Eq)]
enum Found<'a> {
    /// This.
    Value(std::borrow::Cow<'a, str>),
    /// What it is a part of is there, and it is not.
    Missing,
    /// Not even that.
    Nothing,
}

impl Template {
    /// Reads a text. What looks like an expression and is none is no problem: it evaluates to
    /// `bad-expr`. A `${` without its end is text.
    pub fn compile(text: &str) -> Result<Self, Problem> {
        let mut expressions = Vec::new();
        let mut at = 0;
        while let Some((range, inner)) = next(text, at) {
            if expressions.len() == MOST {
                return Err(Problem::at("", format!("it has more than {MOST} expressions")));
            }
            at = range.end;
            expressions.push((range, Alternatives::parse(inner)));
        }
        Ok(Self { text: text.into(), expressions: expressions.into() })
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.text
    }

    /// Whether it looks at the body of the request.
    pub fn reads_body(&self) -> bool {
        self.expressions.iter().any(|(_, expression)| expression.reads_body())
    }

    /// The text with the values of its expressions. An error where it would be larger than a body of
    /// a request may be.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<String, GatewayError> {
        let limit = scope.limit();
        let mut out = String::with_capacity(self.text.len().min(limit));
        let mut at = 0;
        let mut push = |piece: &str| {
            if piece.len() > limit - out.len() {
                return Err(scope.too_large());
            }
            out.push_str(piece);
            Ok(())
        };
        for (range, expression) in &self.expressions {
            push(self.text.get(at..range.start).unwrap_or_default())?;
            push(&expression.text(scope))?;
            at = range.end;
        }
        push(self.text.get(at..).unwrap_or_default())?;
        Ok(out)
    }
}

/// The first expression at or after `at`: where it stands, and what is between its brackets.
fn next(text: &str, at: usize) -> Option<(Range<usize>, &str)> {
    let start = at + text.get(at..)?.find("${")?;
    let inner = text.get(start + 2..)?;
    let (inner, _) = inner.split_once('}')?;
    Some((start..start + inner.len() + 3, inner))
}
