//! How bodies of strangers are read: `null` where a list was, one where several could be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// For `#[serde(default, deserialize_with = "null_as_default")]`: `null` is as good as absent.
pub fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A string, or a list of `T`. Unlike an untagged enum it keeps no tree, so that `T` may hold
/// [`Json`](crate::json::Json).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TextOr<T> {
    /// A string.
    Text(String),
    /// A list.
    List(Vec<T>),
}

impl<T> Default for TextOr<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(TextOr::Text(text))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(TextOr::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(TextOr::List)
            }

            // One where several could be.
            fn visit_map<A: MapAccess<'de>>(self, one: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(one)).map(|one| TextOr::List(vec![one]))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Part {
        #[serde(default, deserialize_with = "null_as_default")]
        list: Vec<u8>,
        schema: Option<Json>,
    }

    #[test]
    fn strings_lists_and_single_ones_are_read_and_keep_their_texts() {
        let read = |text: &str| serde_json::from_str::<TextOr<Part>>(text);
        assert_eq!(read("\"a\\n\"").unwrap(), TextOr::Text("a\n".into()));
        assert_eq!(read("null").unwrap(), TextOr::List(vec![]));
        let one = || Part { list: vec![], schema: Json::parse(r#"{"b" : 1.0}"#) };
        assert_eq!(
            read(r#"[{"list":null,"schema":{"b" : 1.0}}]"#).unwrap(),
            TextOr::List(vec![one()])
        );
        assert_eq!(read(r#"{"schema":{"b" : 1.0}}"#).unwrap(), TextOr::List(vec![one()]));
        assert!(read("7").is_err());
    }
}
