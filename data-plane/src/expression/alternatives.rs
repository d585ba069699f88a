use std::borrow::Cow;

use super::term::Term;
use super::{BAD, Found, Scope};

/// What stands between the brackets: one term, or several of which the first that has a value
/// counts (`a || b :: default`).
#[derive(Debug)]
pub(super) struct Alternatives {
    terms: Box<[Term]>,
    /// What stands for them all where none has a value.
    default: Default,
}

#[derive(Debug)]
enum Default {
    /// There is one term, which has its own word.
    Own,
    /// None was written.
    None,
    /// This.
    Some(Box<str>),
}

impl Alternatives {
    /// Reads them.
    pub(super) fn parse(text: &str) -> Self {
        if !text.contains("||") {
            return Self { terms: [Term::parse(text, 0)].into(), default: Default::Own };
        }
        let last = text.rfind("||").unwrap_or_default();
        let (text, default) = match text.rfind("::") {
            Some(at) if at > last => (
                text.get(..at).unwrap_or_default(),
                Default::Some(text.get(at + 2..).unwrap_or_default().trim().into()),
            ),
            _ => (text, Default::None),
        };
        let terms = text.split("||").map(|term| Term::parse(term.trim(), 0)).collect();
        Self { terms, default }
    }

    pub(super) fn reads_body(&self) -> bool {
        self.terms.iter().any(Term::reads_body)
    }

    /// The first value.
    fn find<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        self.terms.iter().find_map(|term| match term.find(scope) {
            Found::Value(value) => Some(value),
            Found::Missing | Found::Nothing => None,
        })
    }

    /// The first value, or what stands for it.
    pub(super) fn text<'a>(&'a self, scope: &Scope<'a>) -> Cow<'a, str> {
        match &self.default {
            Default::Own => self.terms.first().map_or(BAD.into(), |term| term.text(scope)),
            Default::None => self.find(scope).unwrap_or("no-chain-value".into()),
            Default::Some(default) => self.find(scope).unwrap_or(Cow::Borrowed(default)),
        }
    }
}
