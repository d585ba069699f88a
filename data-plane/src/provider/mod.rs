//! What upstreams speak: addresses, credentials and headers of each kind, and the rows of vendors
//! that speak OpenAI's dialect. Nothing here opens a socket.

mod account;
mod address;
mod base_url;
mod credentials;
mod defaults;
mod filter;
pub(crate) mod inline;
mod kind;
mod kinds;
pub mod mock;
mod operation;
mod options;
mod place;
mod sites;
mod slug;
mod timeouts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, Connection, Mock, ModelFilter, ProviderId};
use sanmon_wire::format::{Codec, Format};
use serde_json::{Map, Value};
use smallvec::SmallVec;

pub use account::{Account, Http, ListAddress};
pub use credentials::Auth;
pub(crate) use credentials::Tokens;
pub use defaults::Defaults;
pub use filter::ModelRules;
pub use kind::{Embeds, Kind, Listing, Models, Speaks};
pub use kinds::{all as kinds, infos as kind_infos};
pub use operation::Operation;
pub use options::{Member, MemberValue, Options, members, merge};
pub use sanmon_shared::resources::{Fidelity, ParameterPolicy, TimeoutOverrides};
pub use slug::{display_name, names, slug};
pub use timeouts::Timeouts;

use crate::plugin::BuildContext;
use crate::target::{
    self, BreakerRules, Health, Pool, ProbeRules, Probed, Resilience, Retry, Retrying,
};
use inline::Inline;
use place::Place;

/// A provider or embedding model, ready to be called.
#[derive(Debug)]
pub struct Provider {
    /// Its id.
    pub id: Arc<str>,
    /// By what callers name it; compare with [`names`].
    pub slug: Arc<str>,
    /// What people call it.
    pub display_name: Arc<str>,
    /// The row of its vendor.
    pub kind: &'static Kind,
    /// Unlike that of any other build in this process: what is cached for a provider is cached
    /// under this number, so that a changed one starts afresh.
    pub build: u64,
    /// How it is called.
    pub transport: Transport,
    /// Taken when a request names no model.
    pub default_model: Option<Arc<str>>,
    /// Members that requests get.
    pub options: Options,
    /// Members that bodies get over all others: of the document, then of the vendor.
    pub additions: Box<[Member]>,
    /// Members of bodies that go under other names: of the document, then of the vendor.
    pub renames: Box<[(Box<str>, Box<str>)]>,
    /// Which models may be used.
    pub models: ModelRules,
    /// What happens to a request that cannot be carried whole.
    pub fidelity: Fidelity,
    /// What happens to members that the model would refuse.
    pub parameters: ParameterPolicy,
    /// Whether the document names the default model, which is the vendor's otherwise.
    pub names_model: bool,
    /// Who is called instead of itself.
    pub(crate) pool: Option<Pool>,
    /// Who is asked when this one, or its pool, fails.
    pub fallback: Option<ProviderId>,
    /// An operator keeps it from being asked, for this reason.
    pub held: Option<Box<str>>,
    /// When failures take it out of pools.
    pub(crate) breaker: BreakerRules,
    /// What is known of each of its credentials.
    pub(crate) health: Box<[Arc<Health>]>,
    /// Asks whether it is well, where the document wants that.
    pub(crate) probe: Option<Arc<Probed>>,
    /// When another attempt follows one at this provider, where it has no pool.
    retry: Retrying,
    defaults: Defaults,
}

/// How a provider is called.
#[derive(Debug)]
pub enum Transport {
    /// Over HTTP.
    Http(Http),
    /// In process: the kind `mock`.
    Mock(Mock),
}

/// What a document is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Chat,
    Embeddings,
}

/// The parts of a document that both kinds have.
struct Parts<'a> {
    purpose: Purpose,
    id: Arc<str>,
    slug: String,
    display_name: &'a str,
    kind: &'a str,
    connection: &'a Connection,
    options: &'a Map<String, Value>,
    models: &'a ModelFilter,
    fidelity: Fidelity,
    parameters: ParameterPolicy,
    /// It stands in a plugin's config.
    inline: Option<&'a Inline<'a>>,
}

impl Provider {
    /// When another attempt follows a failed one of a request that names this provider.
    pub(crate) fn retry(&self) -> &Retrying {
        self.pool.as_ref().map_or(&self.retry, Pool::retry)
    }

    /// How long calls may take.
    pub fn timeouts(&self) -> Timeouts {
        match &self.transport {
            Transport::Http(http) => http.timeouts,
            Transport::Mock(_) => Timeouts::default(),
        }
    }

    /// A number that counts up; its credentials take turns by it.
    pub(crate) fn turn(&self) -> usize {
        match &self.transport {
            Transport::Http(http) => http.turn(),
            Transport::Mock(_) => 0,
        }
    }

    /// A provider that is nothing but a pool.
    pub(crate) fn of_pool(id: &Arc<str>, display_name: &str, pool: Pool) -> Self {
        Self {
            id: Arc::clone(id),
            slug: slug(&BTreeMap::new(), display_name).into(),
            display_name: display_name.into(),
            kind: &kinds::BALANCER,
            build: build_number(),
            transport: Transport::Http(Http::nowhere()),
            default_model: None,
            options: Options::default(),
            additions: Box::default(),
            renames: Box::default(),
            models: ModelRules::default(),
            fidelity: Fidelity::default(),
            parameters: ParameterPolicy::default(),
            names_model: false,
            pool: Some(pool),
            fallback: None,
            held: None,
            breaker: BreakerRules::default(),
            health: Box::default(),
            probe: None,
            retry: Retrying::none(),
            defaults: Defaults::none(),
        }
    }

    /// The codec in which a request that came in `front` about `model` is put to this provider:
    /// `front`'s own where the provider speaks it, so that bytes pass through; else that of the
    /// first format in which it answers about the model.
    pub fn codec(&self, front: Format, model: Option<&str>) -> Option<&'static dyn Codec> {
        let Transport::Http(http) = &self.transport else {
            return Some(self.kind.formats.first()?.codec);
        };
        Some(http.chat(front, model.unwrap_or_default())?.codec)
    }

    /// What requests get from the document's options.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Whether the document's options are in the words of a format, as they are in those of the one that
    /// the vendor speaks first: then they can be put into the bodies of callers as they stand, and
    /// otherwise requests go the canonical way.
    pub fn options_fit(&self, format: Format) -> bool {
        let first = self.kind.formats.first();
        first.is_some_and(|first| first.format == format)
            || self.options.members.iter().all(|option| Defaults::is_word_of(&option.name, format))
    }

    /// Whether encoded bodies get members that the canonical request has none for.
    pub fn extends(&self) -> bool {
        !self.additions.is_empty() || !self.renames.is_empty() || !self.defaults.rest().is_empty()
    }

    /// Checks and compiles a provider; every problem with its pointer.
    pub fn build(
        document: &resources::Provider,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let resilience = Resilience::build(document, context.targets, &mut problems);
        let built = Self::of(
            &Parts {
                purpose: Purpose::Chat,
                id: document.id.text(),
                slug: slug(&document.metadata, &document.name),
                display_name: display_name(&document.metadata, &document.name),
                kind: &document.provider,
                connection: &document.connection,
                options: &document.options,
                models: &document.models,
                fidelity: document.fidelity,
                parameters: document.parameters,
                inline: None,
            },
            context,
        );
        match built {
            Ok(provider) if problems.is_empty() => {
                provider.resilient(document, resilience, context).map_err(|problem| vec![problem])
            }
            Ok(_) => Err(problems),
            Err(mut all) => {
                all.append(&mut problems);
                Err(all)
            }
        }
    }

    /// With what its document says of targets and attempts.
    fn resilient(
        self,
        document: &resources::Provider,
        resilience: Resilience,
        context: &BuildContext<'_>,
    ) -> Result<Self, Problem> {
        let Resilience { pool, retry, breaker, held, probe } = resilience;
        if let Some(health) = self.health.first() {
            health.common.summary.configure(held.as_deref(), probe.is_some());
        }
        let fallback = document.provider_fallback.clone();
        let provider = Self { pool, fallback, held, breaker, retry, ..self };
        match probe {
            Some(rules) => provider.probing(rules, context),
            None => Ok(provider),
        }
    }

    /// The same, probed by these rules.
    pub(crate) fn probing(
        self,
        rules: ProbeRules,
        context: &BuildContext<'_>,
    ) -> Result<Self, Problem> {
        let probed = self.probed(rules)?;
        probed.summary.configure(self.held.as_deref(), true);
        if let Some(registry) = context.targets {
            registry.probe(&probed);
        }
        Ok(Self { probe: Some(probed), ..self })
    }

    /// What asks whether it is well.
    fn probed(&self, rules: ProbeRules) -> Result<Arc<Probed>, Problem> {
        let (Transport::Http(http), Some(health)) = (&self.transport, self.health.first()) else {
            let text = format!("{} has nobody who could be asked", self.kind.label);
            return Err(Problem::at("/probe", text));
        };
        let summary = Arc::clone(&health.common.summary);
        let probed = Probed::new(Arc::clone(&self.id), summary, http.accounts(), rules);
        Ok(Arc::new(probed))
    }

    /// Checks and compiles an embedding model; every problem with its pointer.
    pub fn build_embedding(
        document: &resources::EmbeddingModel,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::of(
            &Parts {
                purpose: Purpose::Embeddings,
                id: document.id.text(),
                slug: slug(&document.metadata, &document.name),
                display_name: display_name(&document.metadata, &document.name),
                kind: &document.provider,
                connection: &document.config.connection,
                options: &document.config.options,
                models: &document.models,
                fidelity: Fidelity::default(),
                parameters: ParameterPolicy::default(),
                inline: None,
            },
            context,
        )
    }

    fn of(parts: &Parts<'_>, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let (config, embeddings) = match parts.purpose {
            Purpose::Chat => ("", false),
            Purpose::Embeddings => ("/config", true),
        };
        let kind =
            kinds::find(parts.kind).map_err(|message| vec![Problem::at("/provider", message)])?;
        let Some(default_model) = (if embeddings { kind.embeddings } else { kind.chat }) else {
            let what = if embeddings { "embeddings" } else { "chat completions" };
            let message = format!("{} does not serve {what}", kind.label);
            return Err(vec![Problem::at("/provider", message)]);
        };
        let mut problems = Vec::new();
        let connection_at = format!("{config}/connection");
        let place = Place {
            kind,
            connection: parts.connection,
            context,
            at: &connection_at,
            responses: parts.options.get("responses") == Some(&Value::Bool(true)),
            inline: parts.inline,
        };
        let (transport, own_model) = match place.transport(&mut problems) {
            Some((transport, model)) => (Some(transport), model),
            None => (None, None),
        };
        let names_model = parts.options.get("model").is_some_and(|model| !model.is_null());
        // Whoever writes a config for another gateway expects no model of ours.
        let default_model = default_model.filter(|_| parts.inline.is_none());
        let default_model = own_model.as_deref().or(default_model);
        let default_model = match parts.options.get("model") {
            None | Some(Value::Null) => default_model.map(Arc::from),
            Some(Value::String(model)) if model.trim().is_empty() => default_model.map(Arc::from),
            Some(Value::String(model)) => Some(Arc::from(model.trim())),
            Some(_) => {
                let at = format!("{config}/options/model");
                problems.push(Problem::at(at, "the name of a model is a string"));
                None
            }
        };
        let renames = renames(kind, parts.connection, embeddings, &connection_at, &mut problems);
        let models = ModelRules::build(parts.models, "/models", &mut problems);
        let mut additions = options::members(&parts.connection.additional_body_params).into_vec();
        if !embeddings {
            for (name, json) in kind.extras {
                if !additions.iter().any(|member| &*member.name == *name) {
                    let value = MemberValue::Plain((*json).into());
                    additions.push(Member { name: (*name).into(), value });
                }
            }
        }
        let options = Options::build(parts.options);
        let defaults = Defaults::build(parts.options, &options, config, &mut problems);
        match transport {
            Some(transport) if problems.is_empty() => Ok(Self {
                id: Arc::clone(&parts.id),
                slug: parts.slug.as_str().into(),
                display_name: parts.display_name.into(),
                kind,
                build: build_number(),
                health: health(parts, &transport, context),
                transport,
                default_model,
                options,
                additions: additions.into(),
                renames,
                models,
                fidelity: parts.fidelity,
                parameters: parts.parameters,
                names_model,
                pool: None,
                fallback: None,
                held: None,
                breaker: BreakerRules::default(),
                probe: None,
                retry: Retrying::new(&parts.id, Retry::default(), context.targets),
                defaults,
            }),
            _ => Err(problems),
        }
    }
}

/// A number that no other build has.
fn build_number() -> u64 {
    static BUILDS: AtomicU64 = AtomicU64::new(1);
    BUILDS.fetch_add(1, Ordering::Relaxed)
}

/// What is known of the provider's credentials, from before where it was built before.
fn health(
    parts: &Parts<'_>,
    transport: &Transport,
    context: &BuildContext<'_>,
) -> Box<[Arc<Health>]> {
    let fingerprints: SmallVec<[u64; 1]> = match transport {
        Transport::Http(http) => http.fingerprints().collect(),
        Transport::Mock(_) => [0].into(),
    };
    match context.targets {
        // An embedding model may have the id of a provider.
        Some(registry) if parts.purpose == Purpose::Chat => {
            registry.health(&parts.id, &fingerprints)
        }
        _ => target::alone(&parts.id, fingerprints.len()),
    }
}

fn renames(
    kind: &'static Kind,
    connection: &Connection,
    embeddings: bool,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Box<[(Box<str>, Box<str>)]> {
    const FIXED: &[&str] = &["model", "messages", "input", "stream", "provider"];
    let mut renames: Vec<(Box<str>, Box<str>)> = Vec::new();
    let mappings_at = format!("{at}/param_mappings");
    for (from, to) in &connection.param_mappings {
        if FIXED.contains(&from.as_str()) || FIXED.contains(&to.as_str()) {
            let at = join_pointer(&mappings_at, from);
            problems.push(Problem::at(at, "the gateway itself decides about this member"));
        }
        renames.push((from.as_str().into(), to.as_str().into()));
    }
    // What vendors of embeddings have under other names, their codecs know.
    for (from, to) in if embeddings { &[] } else { kind.renames } {
        if !renames.iter().any(|(known, _)| &**known == *from) {
            renames.push(((*from).into(), (*to).into()));
        }
    }
    renames.into()
}

#[cfg(test)]
mod tests;
