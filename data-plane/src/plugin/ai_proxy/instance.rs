//! From an instance of a config to a provider.

use sanmon_shared::Problem;
use sanmon_shared::reference::{check_reference, is_reference};
use sanmon_shared::resources::Connection;
use sanmon_shared::secret::Secret;
use sanmon_wire::format::Format;
use serde_json::{Map, Value, json};

use super::config::{Auth, Common, Gcp, Override, ProviderConf, VendorName};
use crate::plugin::BuildContext;
use crate::provider::inline::{Bound, Change, Inline, Spot};
use crate::provider::{Provider, members};

/// Where the machinery of providers sees a mistake, and where it is in an instance.
const PLACES: &[(&str, &str)] = &[
    ("/connection/headers", "/auth/header"),
    ("/query", "/auth/query"),
    ("/connection/base_url", "/override/endpoint"),
    ("/connection/region", "/provider_conf/region"),
    ("/connection/location", "/provider_conf/region"),
    ("/connection/project_id", "/provider_conf/project_id"),
    ("/connection/service_account", "/auth/gcp/service_account_json"),
    ("/connection/access_key_id", "/auth/aws/access_key_id"),
    ("/connection/secret_access_key", "/auth/aws/secret_access_key"),
    ("/connection/session_token", "/auth/aws/session_token"),
];

/// An instance of a config.
pub(in crate::plugin) struct Instance<'a> {
    pub(in crate::plugin) name: &'a str,
    pub(in crate::plugin) provider: VendorName,
    pub(in crate::plugin) auth: &'a Auth,
    pub(in crate::plugin) options: &'a Map<String, Value>,
    pub(in crate::plugin) overrides: &'a Override,
    pub(in crate::plugin) conf: &'a ProviderConf,
}

impl Instance<'_> {
    /// Checks and compiles it; problems point into the instance.
    pub(in crate::plugin) fn build(
        &self,
        plugin: &str,
        common: &Common,
        context: &BuildContext<'_>,
    ) -> Result<Provider, Vec<Problem>> {
        let mut problems = self.missing();
        let endpoint = self.overrides.endpoint.as_deref();
        let endpoint = endpoint.map(|text| resolved(text, "http://localhost/", context));
        let endpoint = endpoint
            .transpose()
            .unwrap_or_else(|text| note(&mut problems, "/override/endpoint", text));
        let model = match self.options.get("model") {
            None | Some(Value::Null) => None,
            Some(Value::String(model)) => resolved(model, model, context)
                .map_or_else(|text| note(&mut problems, "/options/model", text), Some),
            Some(_) => {
                note(&mut problems, "/options/model", "the name of a model is a string".into())
            }
        };
        if !common.ssl_verify && !endpoint.as_deref().is_some_and(|e| e.starts_with("http://")) {
            let text = "the certificates of providers are always verified: leave \"ssl_verify\" \
                        out, and let the system trust the certificate's authority";
            problems.push(Problem::at("/override/endpoint", text));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let inline = Inline {
            id: format!("{}/{plugin}/{}", context.owner, self.name).into(),
            name: self.name,
            vendor: self.provider.vendor(),
            connection: self.connection(common),
            endpoint: endpoint.as_deref(),
            query: &self.auth.query,
            model: model.as_deref(),
            changes: self.changes(),
            most: common.max_response_bytes,
            keep: common.keep,
        };
        let built = Provider::inline(&inline, context);
        built.map_err(|inner| inner.into_iter().map(told).collect())
    }

    /// Whether streams are asked for, whatever requests say.
    pub(in crate::plugin) fn streams(&self) -> Option<bool> {
        self.options.get("stream")?.as_bool()
    }

    /// What the provider cannot do without.
    fn missing(&self) -> Vec<Problem> {
        let endpoint = self.overrides.endpoint.is_some();
        let ProviderConf { project_id, region } = self.conf;
        let mut problems = Vec::new();
        let mut need = |there: bool, at: &str, text: String| {
            if !there {
                problems.push(Problem::at(at, text));
            }
        };
        let name = self.provider.as_str();
        match self.provider {
            VendorName::OpenaiCompatible | VendorName::AzureOpenai => {
                let text = format!("override.endpoint is required for {name} provider");
                need(endpoint, "/override/endpoint", text);
            }
            VendorName::VertexAi => {
                let there = endpoint || (project_id.is_some() && region.is_some());
                let text = "vertex-ai requires either provider_conf (project_id + region) or \
                            override.endpoint";
                need(there, "/provider_conf", text.to_owned());
            }
            VendorName::Bedrock => {
                let text = "bedrock requires provider_conf.region";
                need(region.is_some(), "/provider_conf/region", text.to_owned());
                need(self.auth.aws.is_some(), "/auth/aws", "bedrock requires auth.aws".to_owned());
            }
            _ => {}
        }
        let text = "it takes credentials of AWS only with the provider bedrock";
        let bedrock = self.provider == VendorName::Bedrock;
        need(bedrock || self.auth.aws.is_none(), "/auth/aws", text.to_owned());
        let text = "it takes credentials of Google only with the provider vertex-ai";
        let vertex = self.provider == VendorName::VertexAi;
        need(vertex || self.auth.gcp.is_none(), "/auth/gcp", text.to_owned());
        problems
    }

    fn connection(&self, common: &Common) -> Connection {
        let mut connection = Connection::default();
        connection.headers.clone_from(&self.auth.header);
        connection.timeout = common.timeout.max(1);
        connection.connect_timeout = connection.timeout;
        connection.idle_timeout = connection.timeout;
        connection.stream_timeout =
            common.max_stream_duration_ms.unwrap_or(connection.stream_timeout);
        connection.supports_streaming = self.streams() != Some(false);
        let own = ["model", "stream"];
        let options = self.options.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        connection.additional_body_params =
            options.map(|(name, value)| (name.clone(), value.clone())).collect();
        match self.provider {
            VendorName::VertexAi => {
                connection.project_id.clone_from(&self.conf.project_id);
                connection.region.clone_from(&self.conf.region);
                let account = self.auth.gcp.as_ref();
                let account = account
                    .and_then(|Gcp { service_account_json, .. }| service_account_json.clone());
                // The one of the environment, where nothing else says who calls.
                let usual = self.auth.header.is_empty() || self.auth.gcp.is_some();
                let usual = usual.then(|| Secret::stored("$env://GCP_SERVICE_ACCOUNT"));
                connection.service_account = account.or(usual);
            }
            VendorName::Bedrock => {
                connection.region.clone_from(&self.conf.region);
                if let Some(aws) = &self.auth.aws {
                    connection.access_key_id = Some(aws.access_key_id.clone());
                    connection.secret_access_key = Some(aws.secret_access_key.clone());
                    connection.session_token.clone_from(&aws.session_token);
                }
            }
            _ => {}
        }
        connection
    }

    /// What of bodies changes, in this order.
    fn changes(&self) -> Vec<(Spot, Change)> {
        let mut changes = Vec::new();
        if let Some(most) = self.overrides.llm_options.max_tokens {
            let mut set = |format: Format, name: &str| {
                let Value::Object(member) = json!({name: most}) else { return };
                let each = members(&member).into_vec().into_iter();
                changes.extend(each.map(|member| (Spot::Chat(format), Change::Set(member))));
            };
            match self.provider.vendor().bound {
                Bound::Older => set(Format::Chat, "max_tokens"),
                Bound::Newer | Bound::Either => set(Format::Chat, "max_completion_tokens"),
            }
            set(Format::Responses, "max_output_tokens");
            set(Format::Anthropic, "max_tokens");
            if self.provider.vendor().bound == Bound::Newer {
                changes.push((Spot::Chat(Format::Chat), Change::Remove("max_tokens")));
            }
            if let Value::Object(own) = json!({"inferenceConfig": {"maxTokens": most}}) {
                let merge = Change::Merge { members: members(&own), force: true };
                changes.push((Spot::Chat(Format::Converse), merge));
            }
        }
        let body = &self.overrides.request_body;
        for (spot, own) in [
            (Spot::Chat(Format::Anthropic), &body.anthropic_messages),
            (Spot::Chat(Format::Converse), &body.bedrock_converse),
            (Spot::Chat(Format::Chat), &body.openai_chat),
            (Spot::Chat(Format::Responses), &body.openai_responses),
            (Spot::Embeddings, &body.openai_embeddings),
            (Spot::Passed, &body.passthrough),
        ] {
            if !own.is_empty() {
                let force = self.overrides.request_body_force_override;
                changes.push((spot, Change::Merge { members: members(own), force }));
            }
        }
        changes
    }
}

/// A text, or what it refers to; `unknown` where nothing is revealed.
fn resolved(text: &str, unknown: &str, context: &BuildContext<'_>) -> Result<String, String> {
    if !is_reference(text) {
        return Ok(text.to_owned());
    }
    check_reference(text).map_err(|error| error.to_string())?;
    let Some(seal) = context.seal else { return Ok(unknown.to_owned()) };
    let revealed = Secret::stored(text).reveal(seal, context.elsewhere);
    revealed.map(|text| text.expose().to_owned()).map_err(|error| error.to_string())
}

fn note<T>(problems: &mut Vec<Problem>, at: &str, text: String) -> Option<T> {
    problems.push(Problem::at(at, text));
    None
}

/// A problem where the author of the instance sees it.
fn told(problem: Problem) -> Problem {
    let place = PLACES.iter().find_map(|(from, to)| {
        let rest = problem.pointer.strip_prefix(from)?;
        Some(format!("{to}{rest}"))
    });
    let Some(pointer) = place else { return problem };
    let message = if pointer.starts_with("/auth/gcp") {
        format!("invalid gcp service_account_json: {}", problem.message)
    } else {
        problem.message
    };
    Problem { pointer, message }
}
