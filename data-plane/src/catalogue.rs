//! The catalogue as the control plane sees it: kinds of plugins and providers, and whether a
//! document can be built. It is built by the code that data planes run, and dropped again.

mod loops;

use std::collections::BTreeMap;

use sanmon_shared::catalogue::{Lookup, PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use sanmon_shared::marks::{Mark, marks};
use sanmon_shared::problem::join_pointer;
use sanmon_shared::reference::Nowhere;
use sanmon_shared::resources::{
    self, EmbeddingModel, PluginInstance, Provider as ProviderDocument,
};
use sanmon_shared::{Problem, Resource};
use serde_json::Value;

use crate::plugin::{BuildContext, PluginKind, registry};
use crate::prompts::{Prompt, PromptContext, PromptTemplate};
use crate::provider::{self, Provider};
use crate::secrets::Manager;
use crate::snapshot::{
    Apikey, Backend, Consumer, ConsumerGroup, GlobalPlugin, NamedPlugin, Route, Service, compile,
};

/// Every kind of plugin and provider that this data plane knows.
pub struct Catalogue {
    plugins: Vec<PluginKindInfo>,
    /// Data planes may be several and have nothing in common.
    apart: bool,
}

/// The catalogue; made once, for it costs every plugin's schema.
pub fn catalogue() -> Catalogue {
    Catalogue { plugins: registry::PLUGINS.iter().map(PluginKind::info).collect(), apart: false }
}

impl PluginCatalogue for Catalogue {
    fn plugins(&self) -> &[PluginKindInfo] {
        &self.plugins
    }

    fn plugin(&self, name: &str) -> Option<&PluginKindInfo> {
        let kind = registry::find(name)?;
        self.plugins.iter().find(|info| info.name == kind.name)
    }

    fn providers(&self) -> &[ProviderKindInfo] {
        provider::kind_infos()
    }

    fn check(&self, plural: &str, document: &Value, lookup: &dyn Lookup) -> Vec<Problem> {
        let owner = ["id", "clientId"].into_iter().find_map(|name| document.get(name)?.as_str());
        let owner = owner.unwrap_or_default();
        let context = BuildContext { owner, seal: None, elsewhere: &Nowhere, targets: None };
        let mut problems = match plural {
            resources::Route::PLURAL => built(document, |route| Route::build(route, &context)),
            resources::Service::PLURAL => {
                built(document, |service| Service::build(service, &context))
            }
            resources::BackendEntity::PLURAL => {
                built(document, |entity: &resources::BackendEntity| {
                    Backend::build(&entity.backend, &context)
                        .map_err(|inner| inner.into_iter().map(|p| p.under("/backend")).collect())
                })
            }
            PluginInstance::PLURAL => {
                built(document, |plugin| NamedPlugin::build(plugin, &context))
            }
            resources::GlobalPlugin::PLURAL => {
                built(document, |plugin| GlobalPlugin::build(plugin, &context))
            }
            ProviderDocument::PLURAL => {
                built(document, |provider| Provider::build(provider, &context))
            }
            EmbeddingModel::PLURAL => {
                built(document, |model| Provider::build_embedding(model, &context))
            }
            resources::Prompt::PLURAL => built(document, |prompt| Prompt::build(prompt, &context)),
            resources::PromptContext::PLURAL => {
                built(document, |messages| PromptContext::build(messages, &context))
            }
            resources::PromptTemplate::PLURAL => {
                built(document, |template| PromptTemplate::build(template, &context))
            }
            resources::Apikey::PLURAL => built(document, |key| Apikey::build(key, &context)),
            resources::Consumer::PLURAL => {
                built(document, |consumer| Consumer::build(consumer, &context))
            }
            resources::ConsumerGroup::PLURAL => {
                built(document, |group| ConsumerGroup::build(group, &context))
            }
            resources::SecretManager::PLURAL => {
                built(document, |manager| Manager::build(manager, &context))
            }
            _ => Vec::new(),
        };
        if plural == ProviderDocument::PLURAL {
            problems.extend(loops::loops(document, lookup));
        }
        for (pointer, slot) in slots(document) {
            let apart = self.apart.then(|| kept_apart(slot)).flatten();
            problems.extend(apart.map(|p| p.under("/config").under(&pointer)));
            problems.extend(self.ambiguous(slot, lookup).into_iter().map(|p| p.under(&pointer)));
        }
        problems
    }

    fn concerns_referrers(&self, plural: &str, before: &Value, after: &Value) -> bool {
        matches!(plural, ProviderDocument::PLURAL | EmbeddingModel::PLURAL)
            && slug(before) != slug(after)
    }
}

/// The problems of reading and building a document.
fn built<R: Resource, T>(
    document: &Value,
    build: impl FnOnce(&R) -> Result<T, Vec<Problem>>,
) -> Vec<Problem> {
    compile::read(document).and_then(|document| build(&document)).err().unwrap_or_default()
}

/// What of a document has `plugin` and `config`: itself, or its slots.
fn slots(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let itself = document.get("plugin").is_some().then(|| (String::new(), document));
    let slots = document.get("plugins").and_then(Value::as_array).into_iter().flatten();
    let at = |index: usize| join_pointer("/plugins", &index.to_string());
    itself.into_iter().chain(slots.enumerate().map(move |(index, slot)| (at(index), slot)))
}

/// By what callers name a provider or embedding model.
fn slug(document: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let metadata: BTreeMap<String, String> = document
        .get("metadata")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .collect();
    let name = document.get("name").and_then(text).unwrap_or_default();
    provider::slug(&metadata, &name)
}

/// What a slot keeps between requests although data planes have nothing in common.
fn kept_apart(slot: &Value) -> Option<Problem> {
    let kind = registry::find(slot.get("plugin")?.as_str()?)?;
    kind.kept_apart(slot.get("config").unwrap_or(&Value::Null))
}

impl Catalogue {
    /// For data planes that may be several and have nothing in common: what they would have to keep
    /// together is refused.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { apart: true, ..self }
    }

    /// Two references of one list whose targets callers would name by the same word.
    fn ambiguous(&self, slot: &Value, lookup: &dyn Lookup) -> Vec<Problem> {
        let (Some(plugin), Some(config)) = (
            slot.get("plugin").and_then(Value::as_str).and_then(|name| self.plugin(name)),
            slot.get("config"),
        ) else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        // By list and slug, the id that has it.
        let mut taken: BTreeMap<(String, String), &str> = BTreeMap::new();
        for marked in marks(&plugin.schema, &plugin.schema, config, self) {
            let Mark::Reference(plural) = marked.mark else { continue };
            if !matches!(plural.as_str(), ProviderDocument::PLURAL | EmbeddingModel::PLURAL) {
                continue;
            }
            let Some(id) = config.pointer(&marked.pointer).and_then(Value::as_str) else {
                continue;
            };
            let Some(target) = lookup.get(&plural, id) else { continue };
            let list = marked.pointer.rsplit_once('/').map_or("", |(list, _)| list);
            let slug = slug(&target);
            match taken.get(&(list.to_owned(), slug.clone())) {
                Some(other) if *other != id && !slug.is_empty() => problems.push(Problem::at(
                    format!("/config{}", marked.pointer),
                    format!("{id:?} and {other:?} are both called {slug:?} by callers"),
                )),
                _ => {
                    taken.insert((list.to_owned(), slug), id);
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests;
