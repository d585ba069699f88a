//! From a document to a provider that is ready to be called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, Connection, ModelFilter};
use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::inline::Inline;
use super::place::Place;
use super::{
    Defaults, Fidelity, Kind, Member, MemberValue, ModelRules, Options, ParameterPolicy, Provider,
    Transport, display_name, kinds, options, slug,
};
use crate::plugin::BuildContext;
use crate::target::{self, BreakerRules, Health, ProbeRules, Probed, Resilience, Retry, Retrying};

/// What a document is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Chat,
    Embeddings,
}

/// The parts of a document that both kinds have.
pub(super) struct Parts<'a> {
    pub(super) purpose: Purpose,
    pub(super) id: Arc<str>,
    pub(super) slug: String,
    pub(super) display_name: &'a str,
    pub(super) kind: &'a str,
    pub(super) connection: &'a Connection,
    pub(super) options: &'a Map<String, Value>,
    pub(super) models: &'a ModelFilter,
    pub(super) fidelity: Fidelity,
    pub(super) parameters: ParameterPolicy,
    /// It stands in a plugin's config.
    pub(super) inline: Option<&'a Inline<'a>>,
}

impl Provider {
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

    pub(super) fn of(parts: &Parts<'_>, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
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
                // A document of a provider says more of it.
                retry: Retrying::new(&parts.id, Retry::default(), None),
                defaults,
            }),
            _ => Err(problems),
        }
    }
}

/// A number that no other build has.
pub(super) fn build_number() -> u64 {
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
