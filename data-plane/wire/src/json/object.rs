use std::borrow::Cow;

use super::{Member, Members, ScanError, Scanner, ValueKind, number, string};

/// A scanned text and where its members stand.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    text: &'a [u8],
    members: Members,
}

/// A value of an object, as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// Which member it is of.
    pub index: usize,
    /// The value as it stands in the text.
    pub raw: &'a [u8],
    /// What it is.
    pub kind: ValueKind,
}

/// Why a member cannot be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// It is there twice, perhaps once spelt with escapes: who reads the text next may take the
    /// other one.
    #[error("the member {0:?} is there twice")]
    Duplicate(String),
    /// A key differs from it only by the case of letters: some readers take it for the member.
    #[error("the member {found:?} may be read as {name:?}")]
    Lookalike {
        /// What was asked for.
        name: String,
        /// What is there.
        found: String,
    },
    /// A key cannot be read.
    #[error("a key of the JSON object is malformed at byte {0}")]
    Key(usize),
}

impl<'a> Object<'a> {
    /// Scans a text that is all there.
    pub fn scan(text: &'a [u8]) -> Result<Self, ScanError> {
        Ok(Self { text, members: Scanner::scan(text)? })
    }

    /// What a scanner found in `text`.
    pub fn new(text: &'a [u8], members: Members) -> Self {
        Self { text, members }
    }

    /// The whole text.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Where the members stand.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The value of the member called `name`. An error when it is there twice, or something that
    /// another reader could take for it.
    pub fn get(&self, name: &str) -> Result<Option<Value<'a>>, MemberError> {
        let mut found = None;
        for (index, member) in self.members.iter().enumerate() {
            if self.is(member, name)? && found.replace((index, member)).is_some() {
                return Err(MemberError::Duplicate(name.to_owned()));
            }
        }
        Ok(found.map(|(index, member)| self.value(index, member)))
    }

    /// The first value of the member called `name`, whatever else there is: for texts that decide
    /// nothing.
    pub fn first(&self, name: &str) -> Option<Value<'a>> {
        let [value] = self.firsts([name]);
        value
    }

    /// The same of several names, in one go.
    pub fn firsts<const N: usize>(&self, names: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut values = [None; N];
        for (index, member) in self.members.iter().enumerate() {
            let read = if member.odd { self.key(member) } else { None };
            let key = match &read {
                Some(key) => Some(key.as_bytes()),
                None => self.inner_key(member),
            };
            let at = names.iter().position(|name| Some(name.as_bytes()) == key);
            if let Some(value @ None) = at.and_then(|at| values.get_mut(at)) {
                *value = Some(self.value(index, member));
            }
        }
        values
    }

    /// Each key, unescaped, with its value; keys that cannot be read are left out.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.members
            .iter()
            .enumerate()
            .filter_map(|(index, member)| Some((self.key(member)?, self.value(index, member))))
    }

    fn value(&self, index: usize, member: &Member) -> Value<'a> {
        let raw = self.text.get(member.value()).unwrap_or_default();
        Value { index, raw, kind: member.kind }
    }

    fn key(&self, member: &Member) -> Option<Cow<'a, str>> {
        string(self.text.get(member.key())?)
    }

    /// The key as it stands in the text, without its quotes.
    fn inner_key(&self, member: &Member) -> Option<&'a [u8]> {
        let key = member.key();
        self.text.get(key.start + 1..key.end - 1)
    }

    fn is(&self, member: &Member, name: &str) -> Result<bool, MemberError> {
        if !member.odd {
            return Ok(self.inner_key(member) == Some(name.as_bytes()));
        }
        let Some(key) = string(self.text.get(member.key()).unwrap_or_default()) else {
            return Err(MemberError::Key(member.key().start));
        };
        if key == name {
            return Ok(true);
        }
        // Go reads `Model`, and even `ſtream`, as `model` and `stream`.
        let fold = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<String>();
        if key.len() <= name.len() * 3 && fold(&key) == fold(name) {
            let (name, found) = (name.to_owned(), key.into_owned());
            return Err(MemberError::Lookalike { name, found });
        }
        Ok(false)
    }
}

impl<'a> Value<'a> {
    /// The text of a string.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        if self.kind == ValueKind::String { string(self.raw) } else { None }
    }

    /// A whole number that is not negative.
    pub fn number(&self) -> Option<u64> {
        if self.kind == ValueKind::Number { number(self.raw) } else { None }
    }

    /// `true` or `false`.
    pub fn bool(&self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.raw == b"null"
    }

    /// The members of an object.
    pub fn object(&self) -> Option<Object<'a>> {
        if self.kind == ValueKind::Object { Object::scan(self.raw).ok() } else { None }
    }
}
