//! What would become of a request. The data plane implements it, the binary injects it, and so a request is
//! explained by the code that would answer it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::catalogue::Phase;
use crate::{Entry, Head};

/// A request that nobody makes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// `POST` when absent.
    #[serde(default = "post")]
    #[schema(example = "POST")]
    pub method: String,
    /// As in the header `Host`.
    #[serde(default)]
    #[schema(example = "api.example.com")]
    pub host: String,
    /// With its query.
    #[schema(example = "/v1/chat/completions")]
    pub path: String,
    /// By name; credentials among them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body: a JSON value, or a text that is the body as it stands.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub body: Value,
}

fn post() -> String {
    "POST".to_owned()
}

/// What would become of a request. Nobody was called, and nothing counted.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Explanation {
    /// The revision that says so.
    pub revision: u64,
    /// The route that it would take: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Routes that its host and path lead to as well, and why they are not the one.
    pub other_routes: Vec<OtherRoute>,
    /// The API key that it shows: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose key that is: the consumer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The plugins that it would pass, phase by phase, in their order.
    pub plugins: Vec<ExplainedPlugin>,
    /// With what it would be refused before anybody is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<ExplainedError>,
    /// The provider or embedding model that it names, or the first: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who would be asked, in this order, each where the one before it fails. Where one is out, the data
    /// plane asks those first that are not.
    pub targets: Vec<ExplainedTarget>,
    /// Targets that would not be asked, and why.
    pub other_targets: Vec<OtherTarget>,
    /// What else their order depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The limits that would be looked at.
    pub limits: Vec<ExplainedLimit>,
}

/// A route that is not taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OtherRoute {
    /// Its id.
    pub route: String,
    /// Why it is not.
    pub reason: String,
}

/// A plugin on the way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedPlugin {
    /// When it acts.
    pub phase: Phase,
    /// Which it is.
    pub plugin: String,
}

/// An error as its caller would see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedError {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What the caller is told.
    pub message: String,
}

/// Somebody who would be asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedTarget {
    /// The provider: its id.
    pub provider: String,
    /// As what its pool knows it.
    pub name: String,
    /// Which of its credentials.
    pub credential: usize,
    /// The model as it calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the request would travel; none where it cannot be put to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<ExplainedWay>,
    /// The format in which it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What of the request it would not get, or not as it is.
    pub losses: Vec<String>,
    /// Why the request cannot be put to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<ExplainedError>,
    /// The data planes on which it is out, as they reported last.
    pub out_on: Vec<ExplainedOutage>,
}

/// A data plane on which a target is out: its breaker is open, probes find it unwell, or its provider
/// wants to be left alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedOutage {
    /// The data plane.
    #[schema(value_type = String, example = "dp_01jd3x7c7v5x")]
    pub data_plane: Arc<str>,
    /// For how many milliseconds yet; none where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_for: Option<u64>,
    /// Why.
    #[schema(example = "server (500)")]
    pub reason: String,
}

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExplainedWay {
    /// As the bytes that it came in.
    Native,
    /// In another format.
    Translated,
}

/// Somebody who would not be asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OtherTarget {
    /// As what its pool knows it.
    pub name: String,
    /// Why not.
    pub reason: String,
}

/// A limit that would be looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedLimit {
    /// What callers are told of it.
    pub name: String,
}

/// The configuration by which a request is explained.
pub trait Configured {
    /// Where it stands.
    fn head(&self) -> &Head;

    /// Shows every document, secrets sealed.
    fn each(&self, visit: &mut dyn FnMut(&Entry));
}

/// Explains requests.
pub trait Explain: Send + Sync + 'static {
    /// What would become of `request`. May take a while where the configuration has changed.
    fn explain(&self, configured: &dyn Configured, request: &ExplainRequest) -> Explanation;
}
