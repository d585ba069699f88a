//! Providers that stand in the config of a plugin instead of in a document of their own: called by the
//! machinery of all providers, at addresses that are taken as they are written, with bodies that the
//! config changes.

mod patch;
#[cfg(test)]
mod tests;
pub(crate) mod vendors;

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{Connection, ModelFilter};
use sanmon_shared::secret::{Revealed, Secret};
use sanmon_wire::format::Format;
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) use patch::{Change, Patch, Spot};
pub(crate) use vendors::{Bound, Vendor};

use super::build::{Parts, Purpose};
use super::kind::{Embeds, Speaks};
use super::sites::{Given, Site, segment};
use super::{Fidelity, ParameterPolicy, Provider, slug};
use crate::plugin::BuildContext;
use crate::upstream::Keep;

/// A provider in the config of a plugin. Problems of building it point into a provider's document.
pub(crate) struct Inline<'a> {
    /// `<document>/<plugin>/<instance>`.
    pub(crate) id: Arc<str>,
    /// Of the instance.
    pub(crate) name: &'a str,
    /// Whose models it has.
    pub(crate) vendor: &'static Vendor,
    /// Credentials, place and times; members of every body.
    pub(crate) connection: Connection,
    /// The address as it is written; the vendor's when absent. One with a path is that of every call.
    pub(crate) endpoint: Option<&'a str>,
    /// Parameters of every call.
    pub(crate) query: &'a BTreeMap<String, Secret>,
    /// Asked whatever requests name.
    pub(crate) model: Option<&'a str>,
    /// What of bodies changes, and where.
    pub(crate) changes: Vec<(Spot, Change)>,
    /// The most bytes of an answer.
    pub(crate) most: Option<usize>,
    /// How connections are kept.
    pub(crate) keep: Keep,
}

/// Formats of chats and of embeddings.
type Spoken = (&'static [Speaks], &'static [Embeds]);

/// An address as it is written.
struct Written {
    /// Without path and query.
    origin: Url,
    /// None where the vendor's own paths follow.
    path: Option<String>,
    query: Option<String>,
}

impl Written {
    fn read(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "invalid endpoint: it is no URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("invalid endpoint: it is neither http nor https");
        }
        if !url.has_host() {
            return Err("invalid endpoint: it has no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("invalid endpoint: credentials belong into \"auth\"");
        }
        let behind = text.trim().split_once("://").map_or("", |(_, behind)| behind);
        let before_query = behind.split(['?', '#']).next().unwrap_or_default();
        let path = before_query.contains('/').then(|| url.path().to_owned());
        let query = url.query().map(str::to_owned);
        let mut origin = url;
        origin.set_path("");
        origin.set_query(None);
        origin.set_fragment(None);
        Ok(Self { origin, path, query })
    }
}

impl Provider {
    /// Checks and compiles a provider of a plugin's config.
    pub(crate) fn inline(
        inline: &Inline<'_>,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        // What the config names goes over what callers name.
        let options = json!({"model": inline.model, "allow_config_override": false});
        let options = if let Value::Object(options) = options { options } else { Map::new() };
        Self::of(
            &Parts {
                purpose: Purpose::Chat,
                id: Arc::clone(&inline.id),
                slug: slug(&BTreeMap::new(), inline.name),
                display_name: inline.name,
                kind: inline.vendor.kind,
                connection: &inline.connection,
                options: &options,
                models: &ModelFilter::default(),
                fidelity: Fidelity::default(),
                parameters: ParameterPolicy::default(),
                inline: Some(inline),
            },
            context,
        )
    }
}

impl Inline<'_> {
    /// Where its calls go.
    pub(super) fn site(&self, given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Site> {
        let vendor = self.vendor;
        let site = |base, prefix, query, fixed: Option<Spoken>| {
            let (formats, embeds) = fixed.unwrap_or((vendor.formats, vendor.embeds));
            Site {
                base,
                prefix,
                query,
                formats,
                embeds,
                lists: Vec::new(),
                host_per_model: false,
                default_model: None,
                fixed: fixed.is_some(),
            }
        };
        let Some(text) = self.endpoint else {
            let base = match vendor.origin {
                "" => (given.kind.site)(given, problems)?.base,
                origin => Url::parse(origin).ok()?,
            };
            return Some(site(base, vendor.prefix.to_owned(), None, None));
        };
        let Written { origin, path, query } = match Written::read(text) {
            Ok(written) => written,
            Err(text) => {
                problems.push(Problem::at(format!("{}/base_url", given.at), text));
                return None;
            }
        };
        Some(match path {
            Some(path) => site(origin, path.clone(), query, Some(vendor.at(&path))),
            None => site(origin, self.prefix(), query, None),
        })
    }

    /// Between the host that is given and the vendor's paths.
    fn prefix(&self) -> String {
        let Connection { project_id, region, .. } = &self.connection;
        match (project_id, region) {
            (Some(project), Some(region)) => {
                format!("/v1/projects/{}/locations/{}", segment(project), segment(region))
            }
            _ => self.vendor.prefix.to_owned(),
        }
    }

    /// The parameters of every call; none are revealed while a write is checked.
    pub(super) fn parameters(
        &self,
        context: &BuildContext<'_>,
        problems: &mut Vec<Problem>,
    ) -> Box<[(Box<str>, Revealed)]> {
        let Some(seal) = context.seal else { return Box::default() };
        let mut parameters = Vec::with_capacity(self.query.len());
        for (name, secret) in self.query {
            match secret.reveal(seal, context.elsewhere) {
                Ok(value) => parameters.push((name.as_str().into(), value)),
                Err(error) => {
                    problems.push(Problem::at(join_pointer("/query", name), error.to_string()));
                }
            }
        }
        parameters.into()
    }

    /// The changes of bodies that go there.
    pub(super) fn patch(&self, spot: Spot) -> Patch {
        let changes = self.changes.iter().filter(|(at, _)| *at == spot);
        Patch::of(changes.map(|(_, change)| change.clone()))
    }
}

impl Vendor {
    /// What is spoken at this path: as its end says, else whatever the vendor speaks.
    fn at(&self, path: &str) -> Spoken {
        let path = path.trim_end_matches('/');
        let ends = [
            ("/chat/completions", Format::Chat),
            ("/messages", Format::Anthropic),
            ("/responses", Format::Responses),
        ];
        if path.ends_with("/embeddings") {
            return (&[], vendors::EMBEDDINGS);
        }
        let format = ends.into_iter().find(|(end, _)| path.ends_with(end));
        let Some((_, format)) = format else { return (self.formats, self.embeds) };
        let one = |formats: &'static [Speaks]| {
            let mut each = formats.chunks(1);
            each.find(|chunk| chunk.iter().any(|speaks| speaks.format == format))
        };
        (one(self.formats).or_else(|| one(vendors::ANY)).unwrap_or_default(), &[])
    }
}
