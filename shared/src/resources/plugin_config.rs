use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The config of the plugin named beside it. Its schema carries `x-plugin-config`: the schema of
/// that kind of plugin goes on from there.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginConfig(pub Value);

impl PartialSchema for PluginConfig {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("By the schema of the plugin, as `/plugin-kinds` shows it."))
            .extensions(Some(ExtensionsBuilder::new().add("x-plugin-config", true).build()))
            .into()
    }
}

impl ToSchema for PluginConfig {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PluginConfig")
    }
}
