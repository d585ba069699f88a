use std::borrow::Cow;

use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Target;
use crate::resources::ProviderId;

/// The schema of a provider's options: those of its vendor's API, which are not listed, and those of
/// the kind `loadbalancer`, of which `refs` are references.
pub struct ProviderOptions;

impl PartialSchema for ProviderOptions {
    fn schema() -> RefOr<Schema> {
        let any_of = OneOfBuilder::new().item(ProviderId::schema()).item(Target::schema());
        let refs = ArrayBuilder::new().items(any_of).description(Some(
            "Of the kind `loadbalancer`: its targets, as ids or as objects. The same as `targets`.",
        ));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("refs", refs)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .into()
    }
}

impl ToSchema for ProviderOptions {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProviderOptions")
    }
}
