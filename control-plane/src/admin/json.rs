//! Reads documents strictly: bounded depth, and no member twice, of which one would win silently.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep a document may be nested.
pub(crate) const DEPTH: usize = 64;

/// By which the error of a document that is nested too deep is known.
const TOO_DEEP: &str = "nested deeper than 64 levels";

/// A document, read strictly from JSON or YAML.
pub(crate) struct Strict(pub(crate) Value);

/// Why a document could not be read. Tells places, and no values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is nested deeper than [`DEPTH`].
    TooDeep,
    /// It is not of the form.
    Malformed(String),
}

/// Reads JSON.
pub(crate) fn read_json(bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = utf8(bytes)?;
    serde_json::from_str::<Strict>(text).map(|strict| strict.0).map_err(|error| {
        let what = error.to_string();
        if what.contains(TOO_DEEP) {
            return Unreadable::TooDeep;
        }
        // Syntax errors name the expected token and the place; none quotes the document, except
        // our own, which quotes a member's name.
        Unreadable::Malformed(format!("the body is not JSON: {what}"))
    })
}

/// Reads YAML; anchors and size within the parser's budgets.
pub(crate) fn read_yaml(bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = utf8(bytes)?;
    serde_saphyr::from_str::<Strict>(text).map(|strict| strict.0).map_err(|error| {
        let error = error.without_snippet();
        // The parser has the same limit, and may meet it first.
        let depth = matches!(
            error,
            serde_saphyr::Error::Budget {
                breach: serde_saphyr::budget::BudgetBreach::Depth { .. },
                ..
            }
        );
        if depth || error.to_string().contains(TOO_DEEP) {
            return Unreadable::TooDeep;
        }
        // The parser's texts quote the document, which may hold a secret: only the place is told.
        Unreadable::Malformed(match error.location() {
            Some(at) => {
                format!("the body is not YAML: line {}, column {}", at.line(), at.column())
            }
            None => "the body is not YAML".to_owned(),
        })
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|error| {
        Unreadable::Malformed(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Node { levels: DEPTH }.deserialize(deserializer).map(Self)
    }
}

/// A value that may be nested this deep.
#[derive(Clone, Copy)]
struct Node {
    levels: usize,
}

impl Node {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // YAML has infinities, JSON has not.
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let value = members.next_value_seed(inside)?;
            if object.contains_key(&*name) {
                let short: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("the member {short:?} stands twice")));
            }
            object.insert(name.into_owned(), value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_refused_also_spelt_with_escapes() {
        let read = |text: &str| read_json(text.as_bytes());
        let wrong = read(r#"{"a": {"id": 1, "\u0069d": 2}}"#).unwrap_err();
        assert!(
            matches!(wrong, Unreadable::Malformed(text) if text.contains(r#""id" stands twice"#))
        );
        assert!(read_yaml(b"a: 1\na: 2\n").is_err());
    }

    #[test]
    fn depth_is_bounded_in_both_forms() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for read in [read_json, read_yaml] {
            assert!(read(nested(DEPTH).as_bytes()).is_ok());
            assert_eq!(read(nested(DEPTH + 1).as_bytes()), Err(Unreadable::TooDeep));
        }
        assert_eq!(read_json(&b"[".repeat(1_000_000)), Err(Unreadable::TooDeep));
    }

    #[test]
    fn errors_tell_places_and_no_values() {
        for text in
            ["{\"key\": \"canary", "{\"key\": \"canary\"", "{\"key\": canary}", "\"canary\" 1"]
        {
            let wrong = read_json(text.as_bytes()).unwrap_err();
            assert!(!format!("{wrong:?}").contains("canary"), "{wrong:?}");
        }
        for text in [
            "key: \"canary",
            "key: [canary",
            "key: *canary",
            "key: canary: canary",
            "- canary\nkey: 1",
        ] {
            let wrong = read_yaml(text.as_bytes()).unwrap_err();
            assert!(!format!("{wrong:?}").contains("canary"), "{wrong:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let wrong = read_json(b"{\"a\": \"\xff\"}").unwrap_err();
        assert_eq!(wrong, Unreadable::Malformed("the body is not UTF-8 at byte 7".to_owned()));
    }

    proptest! {
        #[test]
        fn it_reads_as_the_library_does(text in r#"[\[\]{}:,"a1.e\-\\ ]{0,24}"#) {
            match (read_json(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(Unreadable::Malformed(what)), Ok(_)) => prop_assert!(what.contains("twice")),
                (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_err()),
            }
        }
    }
}
