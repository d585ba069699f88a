use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::Problem;
use sanmon_shared::reference::is_reference;
use sanmon_shared::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use utoipa::ToSchema;

use super::super::ai_proxy::config::{Auth, Common, Override, ProviderConf, VendorName};
use super::super::ai_proxy::instance::Instance;
use super::{AiProxyMulti, InstanceConfig};
use crate::plugin::{BuildContext, Plugin as _};
use crate::provider::{Provider, Transport};
use crate::target::{Embedder, SemanticConfig, check_examples, check_threshold, check_total};

/// How instances are chosen by what is asked.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiProxyMultiSemantic)]
pub(super) struct SemanticOpts {
    /// Who makes vectors of examples and of the last message of a user.
    embeddings: Embeddings,
    /// How like one of its examples a message has to be for an instance that says nothing else, as the
    /// cosine of the angle between them.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    threshold: f64,
    /// The instance that is asked where none is like the message, or nothing is known of it; the first
    /// when absent.
    #[serde(default)]
    fallback: Option<String>,
    /// Tells callers in `X-AI-Semantic-Scores` and `X-AI-Semantic-Picked-Instance`.
    #[serde(default)]
    debugging: bool,
}

/// Who makes vectors.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiProxyMultiEmbeddings)]
struct Embeddings {
    /// Whose model it is.
    provider: EmbeddingsProvider,
    /// The model.
    #[schema(min_length = 1, example = "text-embedding-3-small")]
    model: String,
    /// Who calls it.
    auth: EmbeddingsAuth,
    /// Its address, taken as it is where it has a path. Of `azure-openai` the whole one of a deployment.
    #[serde(default)]
    endpoint: Option<String>,
    /// Milliseconds that choosing may take.
    #[serde(default = "three_seconds")]
    #[schema(minimum = 1, maximum = 60_000)]
    timeout: u64,
    /// Whether certificates are verified. They are in any case: `false` is refused where there is a
    /// certificate.
    #[serde(default = "crate::plugin::ai_proxy::config::yes")]
    ssl_verify: bool,
}

/// Who calls whoever makes vectors. May be empty, for a server that asks nobody.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyMultiEmbeddingsAuth)]
struct EmbeddingsAuth {
    /// Headers of every call.
    header: BTreeMap<String, Secret>,
    /// Query parameters of every call; one of the endpoint's own goes over one of these.
    query: BTreeMap<String, Secret>,
}

/// Whose model makes vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AiProxyMultiEmbeddingsProvider)]
enum EmbeddingsProvider {
    /// That of whoever speaks like OpenAI.
    Openai,
    /// One of Azure OpenAI.
    AzureOpenai,
}

const fn three_seconds() -> u64 {
    3_000
}

/// Where an instance has what embeddings have here.
const PLACES: &[(&str, &str)] =
    &[("/override/endpoint", "/endpoint"), ("/options/model", "/model")];

/// Checks and compiles the options, if there are any; problems point into the plugin's config.
pub(super) fn config(
    options: Option<&SemanticOpts>,
    instances: &[InstanceConfig],
    common: &Common,
    context: &BuildContext<'_>,
) -> Result<SemanticConfig, Vec<Problem>> {
    let mut problems = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let at = |name: &str| format!("/instances/{index}/{name}");
        check_examples(&instance.examples, &at("examples"), &mut problems);
        if let Some(threshold) = instance.threshold {
            check_threshold(threshold, &at("threshold"), &mut problems);
        }
    }
    let count = instances.iter().map(|instance| instance.examples.len()).sum();
    check_total(count, "/instances", &mut problems);
    let Some(SemanticOpts { embeddings, threshold, fallback, debugging }) = options else {
        let text = "the algorithm \"semantic\" needs it: it says who embeds what is asked";
        problems.push(Problem::at("/semantic_opts", text));
        return Err(problems);
    };
    let threshold = check_threshold(*threshold, "/semantic_opts/threshold", &mut problems);
    if let Some(name) = fallback
        && !instances.iter().any(|instance| instance.name == *name)
    {
        let text = format!("no instance is called {name:?}");
        problems.push(Problem::at("/semantic_opts/fallback", text));
    }
    let built = embeddings.build(common, context).map_err(|inner| {
        problems.extend(inner.into_iter().map(|p| told(p).under("/semantic_opts/embeddings")));
    });
    match built {
        Ok(provider) if problems.is_empty() => Ok(SemanticConfig {
            embedder: Embedder::Own {
                provider: Arc::new(provider),
                identity: embeddings.identity().into(),
            },
            model: None,
            timeout: Duration::from_millis(embeddings.timeout.max(1)),
            threshold,
            fallback: fallback.as_deref().map(Into::into),
            debugging: *debugging,
        }),
        _ => Err(problems),
    }
}

impl Embeddings {
    /// What vectors depend on. Who calls is no part of it.
    fn identity(&self) -> String {
        json!([self.provider, self.endpoint, self.model]).to_string()
    }

    /// The provider; problems point into an instance.
    fn build(&self, common: &Common, context: &BuildContext<'_>) -> Result<Provider, Vec<Problem>> {
        let wrong = |at: &str, text: &str| vec![Problem::at(at, text)];
        if self.model.trim().is_empty() {
            return Err(wrong("/options/model", "it names no model"));
        }
        let whole = "azure-openai needs the whole address of a deployment here: \
                     https://<resource>.openai.azure.com/openai/deployments/<deployment>/embeddings\
                     ?api-version=<version>";
        let provider = match self.provider {
            EmbeddingsProvider::Openai => VendorName::Openai,
            EmbeddingsProvider::AzureOpenai if self.endpoint.is_none() => {
                return Err(wrong("/override/endpoint", whole));
            }
            EmbeddingsProvider::AzureOpenai => VendorName::AzureOpenai,
        };
        let common = Common {
            timeout: self.timeout,
            max_stream_duration_ms: None,
            max_response_bytes: None,
            ssl_verify: self.ssl_verify,
            logs: false,
            ..*common
        };
        let instance = Instance {
            name: "embeddings",
            provider,
            auth: &Auth::plain(self.auth.header.clone(), self.auth.query.clone()),
            options: &Map::from_iter([("model".to_owned(), json!(self.model))]),
            overrides: &Override::at(self.endpoint.clone()),
            conf: &ProviderConf::default(),
        };
        let plugin = format!("{}/semantic_opts", AiProxyMulti::NAME);
        let built = instance.build(&plugin, &common, context)?;
        // While a write is checked nobody knows what a reference says.
        let is_known =
            context.seal.is_some() || !self.endpoint.as_deref().is_some_and(is_reference);
        match &built.transport {
            Transport::Http(http) if is_known && http.embeds(&self.model).is_none() => {
                Err(wrong("/override/endpoint", whole))
            }
            _ => Ok(built),
        }
    }
}

/// A problem of an instance where the author of the options sees it.
fn told(problem: Problem) -> Problem {
    let place = PLACES.iter().find_map(|(from, to)| {
        let rest = problem.pointer.strip_prefix(from)?;
        Some(format!("{to}{rest}"))
    });
    match place {
        Some(pointer) => Problem { pointer, ..problem },
        None => problem,
    }
}
