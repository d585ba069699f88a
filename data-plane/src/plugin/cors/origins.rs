//! Origins, as names, patterns and expressions.

use actix_web::http::header::HeaderValue;
use regex::Regex;
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;

use crate::router::glob;
use crate::snapshot::compile;

/// Which origins something is for.
pub(super) struct Origins {
    any: bool,
    /// `*` stands for any text.
    patterns: Box<[Box<str>]>,
    /// They match anywhere.
    expressions: Box<[Regex]>,
}

impl Origins {
    /// Compiles patterns with commas between them, and expressions, whose problems point below `at`.
    pub(super) fn build(
        patterns: &str,
        expressions: &[String],
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let patterns = patterns
            .split(',')
            .map(|origin| origin.trim().trim_end_matches('/').to_ascii_lowercase())
            .filter(|origin| !origin.is_empty());
        let (any, patterns): (Vec<_>, Vec<_>) = patterns.partition(|origin| *origin == "*");
        let mut built = Vec::with_capacity(expressions.len());
        for (index, expression) in expressions.iter().enumerate() {
            match compile::bounded(expression) {
                Ok(expression) => built.push(expression),
                Err(error) => {
                    problems.push(Problem::at(join_pointer(at, &index.to_string()), error));
                }
            }
        }
        Self {
            // Whoever lists expressions does not want everybody.
            any: !any.is_empty() && expressions.is_empty(),
            patterns: patterns.into_iter().map(Box::from).collect(),
            expressions: built.into(),
        }
    }

    /// Whether no origin is named.
    pub(super) fn is_empty(&self) -> bool {
        !self.any && self.patterns.is_empty() && self.expressions.is_empty()
    }

    /// What to tell this origin that the allowed one is. With credentials `*` counts for nothing in
    /// browsers, so the origin itself is told.
    pub(super) fn answer(&self, origin: &HeaderValue, credentials: bool) -> Option<HeaderValue> {
        if self.any {
            let star = HeaderValue::from_static("*");
            return Some(if credentials { origin.clone() } else { star });
        }
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        let is_in = self.patterns.iter().any(|pattern| glob(pattern, &text))
            || self.expressions.iter().any(|expression| expression.is_match(&text));
        is_in.then(|| origin.clone())
    }
}
