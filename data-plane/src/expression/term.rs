//! One term: a name, perhaps with a default, and what it finds.

use std::borrow::Cow;

use regex::Regex;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::date::Moment;
use super::family::{FAMILIES, Family, Key, LISTS, List};
use super::field::{FIELDS, Field};
use super::{BAD, Found, Scope};
use crate::snapshot::compile;

/// A term.
#[derive(Debug)]
pub(super) struct Term {
    source: Source,
    default: Option<Box<str>>,
}

/// Where its value is from.
#[derive(Debug)]
enum Source {
    /// Nowhere.
    Unknown,
    /// It says it itself.
    Text(&'static str),
    /// From chance.
    Random,
    /// A field of the request.
    Field(Field),
    /// A member of something that has many: the first of these keys that it has.
    Member(&'static Family, Box<[Key]>),
    /// The same, some of its text replaced.
    Replaced(&'static Family, Key, Replacement),
    /// An item of a list.
    Item(&'static List, usize),
    /// A time.
    Moment(Moment),
}

/// `.replace('a','b')` and `.replaceAll('a','b')`.
#[derive(Debug)]
enum Replacement {
    Text(Box<str>, Box<str>),
    Expression(Regex, Box<str>),
}

impl Term {
    /// Reads a term: the last colon separates its default. `depth` counts the terms around it.
    pub(super) fn parse(text: &str, depth: u8) -> Self {
        let plain = |source| Self { source, default: None };
        match text {
            // For whoever makes tokens of the text.
            "nbf" => return plain(Source::Text("{nbf}")),
            "iat" => return plain(Source::Text("{iat}")),
            "exp" => return plain(Source::Text("{exp}")),
            "rand" => return plain(Source::Random),
            _ => {}
        }
        if let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == text) {
            return plain(Source::Field(*field));
        }
        if let Some(moment) = Moment::parse(text, depth) {
            return plain(Source::Moment(moment));
        }
        for list in LISTS {
            if let Some((index, default)) = text.strip_prefix(list.name).and_then(index) {
                return Self { source: Source::Item(list, index), default };
            }
        }
        let family =
            FAMILIES.iter().find_map(|family| Some((family, text.strip_prefix(family.prefix)?)));
        let Some((family, key)) = family else { return plain(Source::Unknown) };
        if !family.has_defaults {
            return plain(Source::Member(family, [Key::new(key)].into()));
        }
        if family.has_functions
            && let Some(source) = replaced(family, key)
        {
            return plain(source);
        }
        let (keys, default) = match key.rsplit_once(':') {
            Some((keys, default)) => (keys, Some(default.into())),
            None => (key, None),
        };
        let keys =
            if family.has_functions { either(family, keys) } else { [Key::new(keys)].into() };
        Self { source: Source::Member(family, keys), default }
    }

    pub(super) fn reads_body(&self) -> bool {
        match &self.source {
            Source::Member(family, _) => family.reads_body,
            Source::Moment(moment) => moment.reads_body(),
            _ => false,
        }
    }

    /// Its value, its default counting as one.
    pub(super) fn find<'a>(&'a self, scope: &Scope<'a>) -> Found<'a> {
        match (self.source.find(scope), &self.default) {
            (Found::Missing | Found::Nothing, Some(default)) => {
                Found::Value(Cow::Borrowed(default))
            }
            (found, _) => found,
        }
    }

    /// Its value, or what stands for it.
    pub(super) fn text<'a>(&'a self, scope: &Scope<'a>) -> Cow<'a, str> {
        match self.find(scope) {
            Found::Value(value) => value,
            Found::Missing => self.source.marker().into(),
            Found::Nothing => BAD.into(),
        }
    }
}

impl Source {
    fn find<'a>(&'a self, scope: &Scope<'a>) -> Found<'a> {
        match self {
            Self::Unknown => Found::Nothing,
            Self::Text(text) => Found::Value((*text).into()),
            Self::Random => random().map_or(Found::Nothing, Found::Value),
            Self::Field(field) => field(scope).map_or(Found::Nothing, Found::Value),
            Self::Member(family, keys) => {
                let mut found = Found::Nothing;
                for key in keys {
                    found = (family.find)(scope, key);
                    if matches!(found, Found::Value(_)) {
                        break;
                    }
                }
                found
            }
            Self::Replaced(family, key, replacement) => match (family.find)(scope, key) {
                Found::Value(value) => Found::Value(replacement.apply(&value).into()),
                none => none,
            },
            Self::Item(list, index) => {
                (list.item)(scope, *index).map_or(Found::Nothing, Found::Value)
            }
            Self::Moment(moment) => moment.text(scope).map_or(Found::Nothing, Found::Value),
        }
    }

    /// The word for a member that is not there.
    fn marker(&self) -> String {
        let of = |family: &Family, keys: &[Key]| {
            let keys: Vec<&str> = keys.iter().map(Key::text).collect();
            format!("{}{}", family.marker, keys.join("-"))
        };
        match self {
            Self::Member(family, keys) => of(family, keys),
            Self::Replaced(family, key, _) => of(family, std::slice::from_ref(key)),
            _ => BAD.to_owned(),
        }
    }
}

/// `['0']` or `['0':'default']`.
fn index(text: &str) -> Option<(usize, Option<Box<str>>)> {
    let inner = text.strip_prefix("['")?.strip_suffix("']")?;
    match inner.split_once("':'") {
        Some((index, default)) => Some((index.parse().ok()?, Some(default.into()))),
        None => Some((inner.parse().ok()?, None)),
    }
}

/// `x|token.y`: each part after the first names the family again.
fn either(family: &'static Family, keys: &str) -> Box<[Key]> {
    let mut parts = keys.split('|');
    let first = parts.next().unwrap_or_default();
    let others: Option<Vec<&str>> = parts.map(|part| part.strip_prefix(family.prefix)).collect();
    match others {
        Some(others) => [first].into_iter().chain(others).map(Key::new).collect(),
        None => [Key::new(keys)].into(),
    }
}

/// `x.replace('a','b')`, `x.replaceAll('a','b')`; a blank may follow the comma.
fn replaced(family: &'static Family, text: &str) -> Option<Source> {
    let inner = text.strip_suffix("')")?;
    let (function, at) = [".replaceAll('", ".replace('"]
        .iter()
        .find_map(|function| Some((*function, inner.find(function)?)))?;
    let key = Key::new(inner.get(..at)?);
    let arguments = inner.get(at + function.len()..)?;
    let (from, to) = arguments.split_once("','").or_else(|| arguments.split_once("', '"))?;
    let replacement = if function == ".replaceAll('" {
        match compile::bounded(from) {
            Ok(expression) => Replacement::Expression(expression, to.into()),
            Err(_) => return Some(Source::Unknown),
        }
    } else {
        Replacement::Text(from.into(), to.into())
    };
    Some(Source::Replaced(family, key, replacement))
}

impl Replacement {
    fn apply(&self, text: &str) -> String {
        match self {
            Self::Text(from, to) => text.replace(&**from, to),
            Self::Expression(from, to) => from.replace_all(text, &**to).into_owned(),
        }
    }
}

/// A token of 64 characters that nobody can guess.
fn random<'a>() -> Option<Cow<'a, str>> {
    let mut chance = [0; 32];
    SystemRandom::new().fill(&mut chance).ok()?;
    Some(hex::encode(chance).into())
}
