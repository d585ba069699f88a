use std::cmp::Ordering;
use std::fmt;

use regex::Regex;

use super::glob::glob;
use crate::snapshot::compile;

/// One segment of a configured path.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    /// This text.
    Literal(Box<str>),
    /// `$name<expression>`: what the whole expression matches.
    Expression(Box<str>, Regex),
    /// With `*` in it, for any text within the segment.
    Glob(Box<str>),
    /// `:name`, or `*` alone: any segment.
    Any,
}

/// Two segments are the same where they match the same, names apart.
impl PartialEq for Segment {
    fn eq(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }
}

impl Segment {
    /// Whether this segment of a request is one.
    pub(crate) fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Literal(text) => **text == *segment,
            Self::Expression(_, expression) => expression.is_match(segment),
            Self::Glob(pattern) => glob(pattern, segment),
            Self::Any => true,
        }
    }

    fn rank(&self) -> (u8, &str) {
        match self {
            Self::Literal(text) => (0, text),
            Self::Expression(text, _) => (1, text),
            Self::Glob(text) => (2, text),
            Self::Any => (3, ""),
        }
    }

    /// The more specific first; equal where both match the same.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let ((kind, text), (other_kind, other_text)) = (self.rank(), other.rank());
        kind.cmp(&other_kind)
            .then_with(|| other_text.len().cmp(&text.len()))
            .then_with(|| text.cmp(other_text))
    }
}

/// A configured path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PathPattern {
    pub(crate) segments: Box<[Segment]>,
    pub(crate) captures: Captures,
}

/// The names in a configured path, and which segments of a request they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(Box<[(Box<str>, usize)]>);

impl Captures {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and those of a path that follows after so many segments.
    pub(crate) fn then(&self, segments: usize, next: &Self) -> Self {
        let next = next.0.iter().map(|(name, index)| (name.clone(), index + segments));
        Self(self.0.iter().cloned().chain(next).collect())
    }

    /// The segment of `path` that `name` stands for.
    pub fn get<'a>(&self, path: &'a str, name: &str) -> Option<&'a str> {
        let (_, index) = self.0.iter().find(|(other, _)| **other == *name)?;
        path.split('/').skip(1).nth(*index)
    }
}

impl PathPattern {
    /// Reads what follows the host of a domain.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut names = Vec::new();
        let mut rest = text;
        while let Some(tail) = rest.strip_prefix('/') {
            let (segment, after) = tail.split_at(end_of_segment(tail)?);
            rest = after;
            if segment.is_empty() {
                continue;
            }
            let (name, segment) = Segment::parse(segment)?;
            names.extend(name.map(|name| (name.into(), segments.len())));
            segments.push(segment);
        }
        Ok(Self { segments: segments.into(), captures: Captures(names.into()) })
    }
}

/// A slash within `$name<…>` is part of the expression.
fn end_of_segment(text: &str) -> Result<usize, String> {
    let mut depth = 0_usize;
    let in_expression =
        text.starts_with('$') && text.split('/').next().is_some_and(|s| s.contains('<'));
    for (index, character) in text.char_indices() {
        match character {
            '<' if in_expression => depth += 1,
            '>' if in_expression => depth = depth.saturating_sub(1),
            '/' if depth == 0 => return Ok(index),
            _ => {}
        }
    }
    if depth == 0 { Ok(text.len()) } else { Err("the \"<\" of an expression is not closed".into()) }
}

impl Segment {
    fn parse(text: &str) -> Result<(Option<&str>, Self), String> {
        if let Some(name) = text.strip_prefix(':').filter(|name| !name.is_empty()) {
            return Ok((Some(name), Self::Any));
        }
        let expression = text
            .strip_prefix('$')
            .and_then(|named| named.split_once('<'))
            .and_then(|(name, expression)| Some((name, expression.strip_suffix('>')?)));
        if let Some((name, expression)) = expression {
            let compiled = compile::whole(expression)?;
            return Ok((Some(name), Self::Expression(expression.into(), compiled)));
        }
        let text = super::domain::spelt(text)?;
        Ok(match &*text {
            "*" => (None, Self::Any),
            pattern if pattern.contains('*') => (None, Self::Glob(pattern.into())),
            literal => (None, Self::Literal(literal.into())),
        })
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) | Self::Glob(text) => f.write_str(text),
            Self::Expression(text, _) => write!(f, "$<{text}>"),
            Self::Any => f.write_str("*"),
        }
    }
}
