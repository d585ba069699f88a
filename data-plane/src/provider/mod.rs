//! What upstreams speak: addresses, credentials and headers of each kind, and the rows of vendors
//! that speak OpenAI's dialect. Nothing here opens a socket.

mod base_url;
mod credentials;
mod filter;
mod kind;
pub mod mock;
mod options;
mod slug;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, Connection, Mock, ModelFilter};
use serde_json::{Map, Value};

pub use filter::ModelRules;
pub use kind::{Auth, KINDS, Kind, kinds};
pub use options::{Member, MemberValue, Options};
pub use slug::{display_name, names, slug};

use crate::plugin::BuildContext;
use crate::upstream::{self, Deadlines, Egress, Endpoint};

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
}

/// How a provider is called.
#[derive(Debug)]
pub enum Transport {
    /// Over HTTP.
    Http(Http),
    /// In process: the kind `mock`.
    Mock(Mock),
}

/// Where and how a provider is called over HTTP.
#[derive(Debug)]
pub struct Http {
    /// One per token; a document may hold several, which take turns.
    accounts: Box<[Endpoints]>,
    turn: AtomicUsize,
    /// How long a call may take.
    pub timeouts: Timeouts,
    /// Whether it can stream; otherwise its whole answer is made into a stream.
    pub streams: bool,
}

/// The addresses of a provider, with the headers that every call carries.
#[derive(Debug)]
pub struct Endpoints {
    /// Chat completions.
    pub chat: Endpoint,
    /// Embeddings.
    pub embeddings: Endpoint,
    /// The list of models.
    pub models: Endpoint,
}

impl Http {
    /// The addresses of the next call.
    pub fn endpoints(&self) -> Option<&Endpoints> {
        let count = self.accounts.len();
        let turn = if count > 1 { self.turn.fetch_add(1, Ordering::Relaxed) } else { 0 };
        self.accounts.get(turn % count.max(1))
    }
}

/// How long a call may take; connecting has its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The whole call, and the head of a streamed answer.
    pub total: Duration,
    /// Silence between pieces of a streamed answer.
    pub idle: Duration,
    /// A whole streamed answer.
    pub stream: Duration,
}

impl Timeouts {
    /// Of a call whose answer comes as a whole.
    pub fn whole(&self) -> Deadlines {
        Deadlines { head: self.total, idle: self.total, total: self.total }
    }

    /// Of a call whose answer is streamed.
    pub fn streamed(&self) -> Deadlines {
        Deadlines { head: self.total, idle: self.idle, total: self.stream }
    }
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
}

impl Provider {
    /// Checks and compiles a provider; every problem with its pointer.
    pub fn build(
        document: &resources::Provider,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::of(
            &Parts {
                purpose: Purpose::Chat,
                id: document.id.text(),
                slug: slug(&document.metadata, &document.name),
                display_name: display_name(&document.metadata, &document.name),
                kind: &document.provider,
                connection: &document.connection,
                options: &document.options,
                models: &document.models,
            },
            context,
        )
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
            },
            context,
        )
    }

    fn of(parts: &Parts<'_>, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        static BUILDS: AtomicU64 = AtomicU64::new(1);
        let (config, embeddings) = match parts.purpose {
            Purpose::Chat => ("", false),
            Purpose::Embeddings => ("/config", true),
        };
        let kind =
            Kind::find(parts.kind).map_err(|message| vec![Problem::at("/provider", message)])?;
        let Some(default_model) = (if embeddings { kind.embeddings } else { kind.chat }) else {
            let what = if embeddings { "embeddings" } else { "chat completions" };
            let message = format!("{} does not serve {what}", kind.label);
            return Err(vec![Problem::at("/provider", message)]);
        };
        let mut problems = Vec::new();
        let connection_at = format!("{config}/connection");
        let transport = transport(kind, parts.connection, context, &connection_at, &mut problems);
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
        match transport {
            Some(transport) if problems.is_empty() => Ok(Self {
                id: Arc::clone(&parts.id),
                slug: parts.slug.as_str().into(),
                display_name: parts.display_name.into(),
                kind,
                build: BUILDS.fetch_add(1, Ordering::Relaxed),
                transport,
                default_model,
                options: Options::build(parts.options),
                additions: additions.into(),
                renames,
                models,
            }),
            _ => Err(problems),
        }
    }
}

fn transport(
    kind: &'static Kind,
    connection: &Connection,
    context: &BuildContext<'_>,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Transport> {
    if kind.mock {
        return Some(Transport::Mock(connection.mock.clone()));
    }
    let given = connection.base_url.as_deref().filter(|url| !url.trim().is_empty());
    let (member, given) = match (given, connection.base_domain.as_deref()) {
        (None, Some(domain)) => ("base_domain", Some(domain)),
        (given, _) => ("base_url", given),
    };
    let sets = credentials::build(kind, connection, context, at, problems);
    let base = match base_url::base_url(kind, given) {
        Ok(base) => base,
        Err(message) => {
            problems.push(Problem::at(format!("{at}/{member}"), message));
            return None;
        }
    };
    let models = connection.models_path.as_deref().map_or("/models", str::trim);
    if !models.starts_with('/') {
        problems.push(Problem::at(format!("{at}/models_path"), "it does not begin with a slash"));
    }
    let transport = upstream::Transport {
        connect_timeout: Duration::from_millis(connection.connect_timeout),
        egress: Egress::configured(connection.allow_link_local),
        address: None,
    };
    let mut endpoint = |path: &str, headers: &HeaderMap| {
        let url = base_url::endpoint(&base, path);
        match Endpoint::new(url.as_str(), transport) {
            Ok(endpoint) => Some(headers.iter().fold(endpoint, |endpoint, (name, value)| {
                endpoint.with_header(name.clone(), value.clone())
            })),
            Err(error) => {
                problems.push(Problem::at(format!("{at}/{member}"), error.to_string()));
                None
            }
        }
    };
    let mut accounts = Vec::with_capacity(sets.len());
    for headers in &sets {
        accounts.push(Endpoints {
            chat: endpoint("/chat/completions", headers)?,
            embeddings: endpoint("/embeddings", headers)?,
            models: endpoint(models, headers)?,
        });
    }
    Some(Transport::Http(Http {
        accounts: accounts.into(),
        turn: AtomicUsize::new(0),
        timeouts: Timeouts {
            total: Duration::from_millis(connection.timeout),
            idle: Duration::from_millis(connection.idle_timeout),
            stream: Duration::from_millis(connection.stream_timeout),
        },
        streams: connection.supports_streaming,
    }))
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
    for (from, to) in if embeddings { kind.embedding_renames } else { kind.renames } {
        if !renames.iter().any(|(known, _)| &**known == *from) {
            renames.push(((*from).into(), (*to).into()));
        }
    }
    renames.into()
}

#[cfg(test)]
mod tests;
