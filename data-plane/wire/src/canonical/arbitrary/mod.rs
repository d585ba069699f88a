//! Canonical values for property tests: in normal form and moderately small. A format's tests say in
//! [`Carries`] what it can carry, so that `decode(encode(x)) = x` can be asked of it; what is
//! particular to one format they change with `prop_map`.

mod carries;
mod messages;
mod parts;
mod request;
mod response;
mod tools;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) use carries::Carries;
pub(crate) use messages::messages;
pub(crate) use parts::*;
pub(crate) use request::request;
pub(crate) use response::response;
pub(crate) use tools::tools;

use super::*;
use crate::format::Format;
use crate::json::Json;

/// `strategy` half the time, where it is carried.
pub(crate) fn maybe<S: Strategy>(
    carried: bool,
    strategy: S,
) -> impl Strategy<Value = Option<S::Value>> {
    option::of(strategy).prop_map(move |value| value.filter(|_| carried))
}

fn flag(carried: bool) -> impl Strategy<Value = bool> {
    any::<bool>().prop_map(move |flag| flag && carried)
}

/// Text that is not empty, begins and ends with something to see, and has what escapes have to do
/// with.
pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\é😀<{:][a-zA-Z0-9 \n\t\"\\\\é😀<>{}:,/]{0,14}[a-z.}é]"
}

/// A name of a tool or schema.
pub(crate) fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_]{0,9}"
}

/// Base64 of a few bytes.
pub(crate) fn base64() -> impl Strategy<Value = String> {
    "([A-Za-z0-9+/]{4}){1,4}"
}

/// The text of a JSON object, without blanks.
pub(crate) fn object() -> impl Strategy<Value = Json> {
    let value = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        words().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        vec(any::<u8>(), 0..3).prop_map(serde_json::Value::from),
    ];
    proptest::collection::btree_map(name(), value, 0..3)
        .prop_map(|members| Json::of(&members).unwrap())
}

/// A JSON Schema of an object.
pub(crate) fn schema() -> impl Strategy<Value = Json> {
    name().prop_map(|name| {
        let text = format!(
            r#"{{"type":"object","properties":{{"{name}":{{"type":"string"}}}},"required":["{name}"],"additionalProperties":false}}"#
        );
        Json::parse(text).unwrap()
    })
}
