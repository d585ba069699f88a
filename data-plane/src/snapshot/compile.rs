//! What building documents has in common: regular expressions within limits, and reading JSON with
//! the place of a mistake.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A compiled expression may take this much memory, and its cache as much again.
const EXPRESSION_BYTES: usize = 1 << 20;

/// `expression`, matching whole texts only.
pub(crate) fn whole(expression: &str) -> Result<Regex, String> {
    // Compiled alone first: what closes our group early is not taken.
    bounded(expression)?;
    bounded(&anchored(expression))
}

/// Expressions of which one has to match a whole text; none where there are no expressions or one
/// of them is a problem.
pub(crate) fn whole_set(
    expressions: &[String],
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<RegexSet> {
    if expressions.is_empty() {
        return None;
    }
    let before = problems.len();
    for (index, expression) in expressions.iter().enumerate() {
        if let Err(error) = bounded(expression) {
            problems.push(Problem::at(join_pointer(at, &index.to_string()), error));
        }
    }
    if problems.len() > before {
        return None;
    }
    RegexSetBuilder::new(expressions.iter().map(|expression| anchored(expression)))
        .size_limit(EXPRESSION_BYTES)
        .dfa_size_limit(EXPRESSION_BYTES)
        .build()
        .map_err(|error| problems.push(Problem::at(at, said(&error))))
        .ok()
}

fn anchored(expression: &str) -> String {
    format!("^(?:{expression})$")
}

/// `expression`, matching anywhere.
pub(crate) fn bounded(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(expression)
        .size_limit(EXPRESSION_BYTES)
        .dfa_size_limit(EXPRESSION_BYTES)
        .build()
        .map_err(|error| said(&error))
}

fn said(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the expression is too large".to_owned(),
        // The last line says it; those before it draw it.
        other => {
            let text = other.to_string();
            let line = text.lines().last().unwrap_or_default();
            format!("not a regular expression: {}", line.trim_start_matches("error: "))
        }
    }
}

/// Reads a value; the problem points at what is wrong.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Problem>> {
    serde_path_to_error::deserialize(value).map_err(|error| vec![problem(&error)])
}

/// Reads a document.
pub(crate) fn read_text<T: DeserializeOwned>(text: &str) -> Result<T, Vec<Problem>> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| vec![problem(&error)])
}

fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_path_to_error::Segment;
    let pointer = error.path().iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => join_pointer(&pointer, &index.to_string()),
        Segment::Map { key } | Segment::Enum { variant: key } => join_pointer(&pointer, key),
        Segment::Unknown => pointer,
    });
    Problem::at(pointer, error.inner().to_string())
}
