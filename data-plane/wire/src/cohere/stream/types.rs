//! What events carry: one form for all, of which each uses a part.

use serde::Deserialize;

use crate::cohere::types::{Content, Logprobs, ToolCall, Usage};
use crate::json::Json;
use crate::lenient::null_as_default;

#[derive(Default, Deserialize)]
pub(super) struct Event {
    /// The event's name, again; errors have none.
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) index: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) delta: EventDelta,
    #[serde(default)]
    pub(super) logprobs: Option<Logprobs>,
    /// An error says what is wrong here.
    #[serde(default)]
    pub(super) message: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct EventDelta {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) message: EventMessage,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// Lists where a message begins, single ones where something is added to it. A text of JSON cannot be
/// read through [`OneOf`].
#[derive(Default, Deserialize)]
pub(super) struct EventMessage {
    #[serde(default)]
    pub(super) content: Option<OneOf<Content>>,
    #[serde(default)]
    pub(super) tool_plan: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Option<OneOf<ToolCall>>,
    #[serde(default)]
    pub(super) citations: Option<Json>,
}

/// One, or a list, of which the first counts.
pub(super) struct OneOf<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
        struct Either<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Either<T> {
            type Value = OneOf<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a list of them")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(OneOf(None))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                list: A,
            ) -> Result<Self::Value, A::Error> {
                let list = Vec::<T>::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(OneOf(list.into_iter().next()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                one: A,
            ) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(one)).map(|one| OneOf(Some(one)))
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}
