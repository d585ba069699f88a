use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A member that is taken and kept, and has no effect yet; answers to writes list it in `warnings`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inert;

impl<'de> Deserialize<'de> for Inert {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Serialize for Inert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl PartialSchema for Inert {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .description(Some("Taken and kept; without effect yet."))
            .extensions(Some(ExtensionsBuilder::new().add("x-inert", true).build()))
            .into()
    }
}

impl ToSchema for Inert {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Inert")
    }
}
