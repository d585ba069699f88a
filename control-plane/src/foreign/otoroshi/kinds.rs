//! Which of Otoroshi's kinds are here, under Otoroshi's names.

use sanmon_shared::Resource as _;
use sanmon_shared::resources::{
    Apikey, BackendEntity, EmbeddingModel, Prompt, PromptContext, PromptTemplate, Provider, Route,
    Service,
};
use serde_json::Value;

use super::fixed;
use crate::configuration::State;

/// The group of Otoroshi's LLM extension.
const LLM: &str = "ai-gateway.extensions.cloud-apim.com";
/// The only version.
pub(super) const VERSION: &str = "v1";

/// A kind as Otoroshi names it.
#[derive(Debug)]
pub(super) struct Kind {
    /// `Route`.
    pub(super) name: &'static str,
    /// `routes`; where documents are kept, also our own plural.
    pub(super) plural: &'static str,
    /// `route`.
    pub(super) singular: &'static str,
    /// `proxy.otoroshi.io`.
    pub(super) group: &'static str,
    pub(super) holds: Holds,
}

/// Where what a kind shows is from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    /// From the configuration: our kind with the same plural.
    Documents,
    /// It follows from the rest, and cannot be written.
    Fixed(fn(&State) -> Vec<Value>),
}

const fn documents(
    name: &'static str,
    plural: &'static str,
    singular: &'static str,
    group: &'static str,
) -> Kind {
    Kind { name, plural, singular, group, holds: Holds::Documents }
}

const fn fixed(
    name: &'static str,
    plural: &'static str,
    singular: &'static str,
    make: fn(&State) -> Vec<Value>,
) -> Kind {
    Kind { name, plural, singular, group: "organize.otoroshi.io", holds: Holds::Fixed(make) }
}

/// API keys.
pub(super) const APIKEY: Kind =
    documents("Apikey", Apikey::PLURAL, Apikey::KIND, "apim.otoroshi.io");

/// Every kind that is here.
pub(super) const KINDS: &[Kind] = &[
    documents("Route", Route::PLURAL, Route::KIND, "proxy.otoroshi.io"),
    documents("Service", Service::PLURAL, Service::KIND, "proxy.otoroshi.io"),
    documents("Backend", BackendEntity::PLURAL, BackendEntity::KIND, "proxy.otoroshi.io"),
    APIKEY,
    documents("AiProvider", Provider::PLURAL, Provider::KIND, LLM),
    documents("EmbeddingModel", EmbeddingModel::PLURAL, EmbeddingModel::KIND, LLM),
    documents("Prompt", Prompt::PLURAL, Prompt::KIND, LLM),
    documents("PromptContext", PromptContext::PLURAL, PromptContext::KIND, LLM),
    documents("PromptTemplate", PromptTemplate::PLURAL, PromptTemplate::KIND, LLM),
    fixed("ServiceGroup", "service-groups", "service-group", fixed::groups),
    fixed("Organization", "organizations", "organization", fixed::tenants),
    fixed("Tenant", "tenants", "tenant", fixed::tenants),
    fixed("Team", "teams", "team", fixed::teams),
];

/// What somebody who knows Otoroshi may look for here, and what there is instead.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "route-compositions",
        "make a service, and a route with its service_ref for each of its routes",
    ),
    ("route-templates", "GET /apis/proxy.otoroshi.io/v1/routes/_template makes a route"),
    ("service-descriptors", "make a route"),
    (
        "global-configs",
        "settings are the program's, and global plugins are /apis/v1/global-plugins",
    ),
    ("globalconfig", "settings are the program's, and global plugins are /apis/v1/global-plugins"),
    ("admins", "they are at /apis/v1/admins"),
    ("consumers", "they are at /apis/v1/consumers"),
    ("consumer-groups", "they are at /apis/v1/consumer-groups"),
    ("global-plugins", "they are at /apis/v1/global-plugins"),
    ("plugins", "they are at /apis/v1/plugins"),
    ("services", "make a route; /apis/proxy.otoroshi.io/v1/services is what several routes share"),
];

/// The kind at a path of the generic API; else why it is not there.
pub(super) fn generic(group: &str, version: &str, name: &str) -> Result<&'static Kind, String> {
    let any = |text: &str| matches!(text, "any" | "all");
    let found = KINDS.iter().find(|kind| {
        (kind.plural == name || kind.name == name) && (kind.group == group || any(group))
    });
    match found {
        Some(kind) if version == VERSION || any(version) => Ok(kind),
        Some(_) => Err(format!("the only version is {VERSION}")),
        None => Err(match KINDS.iter().find(|kind| kind.plural == name || kind.name == name) {
            Some(kind) => format!("{name} are in the group {}", kind.group),
            None => absent(name),
        }),
    }
}

/// The kind at a path of the older API; else why it is not there.
pub(super) fn legacy(name: &str) -> Result<&'static Kind, String> {
    let plural = match name {
        "groups" => "service-groups",
        "routes" | "backends" | "apikeys" | "tenants" | "teams" => name,
        _ => return Err(absent(name)),
    };
    KINDS.iter().find(|kind| kind.plural == plural).ok_or_else(|| absent(name))
}

fn absent(name: &str) -> String {
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(plural, _)| *plural == name) {
        return format!("there are no {name} here; {instead}");
    }
    let name: String = name.chars().take(64).collect();
    format!("there is no kind {name:?} here; GET /apis/entities lists those that are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_plural_and_name_in_their_group_or_any() {
        let found = |group, version, name| generic(group, version, name).map(|kind| kind.name);
        assert_eq!(found("proxy.otoroshi.io", "v1", "routes"), Ok("Route"));
        assert_eq!(found("any", "all", "Route"), Ok("Route"));
        assert_eq!(found(LLM, "any", "providers"), Ok("AiProvider"));
        let wrong = found("proxy.otoroshi.io", "v1", "providers").unwrap_err();
        assert!(wrong.contains(LLM), "{wrong}");
        assert!(found("any", "v2", "routes").unwrap_err().contains("v1"));
        let wrong = found("any", "v1", "route-compositions").unwrap_err();
        assert!(wrong.contains("service_ref"), "{wrong}");
        assert_eq!(legacy("groups").unwrap().name, "ServiceGroup");
        assert!(legacy("services").is_err());
    }

    #[test]
    fn every_kind_with_documents_is_one_of_ours() {
        let ours = ["routes", "services", "backends", "apikeys", "providers", "embedding-models"];
        for plural in ours {
            assert!(KINDS.iter().any(|kind| kind.plural == plural), "{plural}");
        }
    }
}
