//! `ai-proxy-multi`: answers from one of several providers that stand in the plugin's own config, and
//! from the next when that fails (APISIX's plugin of this name). Larger priorities come first.

mod balancer;
mod checks;
mod fallback;
mod semantic;

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use self::balancer::Balancer;
use self::checks::Checks;
use self::fallback::{Strategy, retry};
use self::semantic::SemanticOpts;
use super::ai_proxy::config::{self, Auth, Common, Override, ProviderConf, VendorName};
use super::ai_proxy::instance::Instance;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::apisix::{Proxy, Says};
use crate::provider::Provider;
use crate::target::{MemberConfig, Pool, PoolConfig, ProviderRef};

/// The plugin.
pub struct AiProxyMulti(Proxy);

config::config! {
    /// Who answers, who is chosen when, and how they are called.
    Config as AiProxyMultiConfig {
        /// How one of a priority is chosen.
        #[serde(default)]
        balancer: Balancer,
        /// Who may answer.
        #[schema(min_items = 1)]
        instances: Vec<InstanceConfig>,
        /// After which failures another instance is asked: `http_429`, `http_5xx` (whatever the gateway
        /// itself would answer with, timeouts among them, counts as its status), `rate_limiting`, or
        /// several of them as a list. Without it none is.
        #[serde(default)]
        fallback_strategy: Option<Strategy>,
        /// After which statuses of a provider another instance is asked too.
        #[serde(default)]
        #[schema(example = json!([404]))]
        fallback_http_statuses: Vec<u16>,
        /// How many more instances are asked; all when absent.
        #[serde(default)]
        max_retries: Option<u32>,
        /// Milliseconds: after a failure that took longer none is.
        #[serde(default)]
        #[schema(minimum = 1)]
        retry_on_failure_within_ms: Option<u64>,
        /// For the algorithm `semantic`: who embeds what is asked, and how like it instances have to be.
        #[serde(default)]
        semantic_opts: Option<SemanticOpts>,
    }
}

/// One that may answer.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AiProxyMultiInstance)]
struct InstanceConfig {
    /// Unlike that of the others.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Whose models are called.
    provider: VendorName,
    /// Who calls it.
    auth: Auth,
    /// Its part of the requests of its priority; where all of a priority have 0, they share them evenly.
    weight: u32,
    /// Larger ones come first; smaller ones only when all of those failed.
    #[serde(default)]
    priority: i64,
    /// Members of every body, over its own. With `model` requests cannot choose one.
    #[serde(default)]
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// Where a cloud has the models.
    #[serde(default)]
    provider_conf: ProviderConf,
    /// What goes over what the provider has usually.
    #[serde(default, rename = "override")]
    overrides: Override,
    /// Calls that find out whether it is well. One that is not is asked when no other is left.
    #[serde(default)]
    checks: Option<Checks>,
    /// For the algorithm `semantic`: messages for which it is chosen.
    #[serde(default)]
    #[schema(max_items = 64, example = json!([]))]
    examples: Vec<String>,
    /// For the algorithm `semantic`: how like one of them a message has to be.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    threshold: Option<f64>,
}

impl InstanceConfig {
    fn instance(&self) -> Instance<'_> {
        Instance {
            name: &self.name,
            provider: self.provider,
            auth: &self.auth,
            options: &self.options,
            overrides: &self.overrides,
            conf: &self.provider_conf,
        }
    }

    /// Its weight, beside those of its priority. Zeroes among themselves are all alike: guides of APISIX
    /// have them where a priority has but one instance.
    fn share(&self, all: &[Self]) -> u32 {
        let mut peers = all.iter().filter(|other| other.priority == self.priority);
        if peers.all(|other| other.weight == 0) { 1 } else { self.weight }
    }

    /// As a target of the plugin's pool. Where what is asked decides, weights and priorities do not.
    fn member(&self, provider: Provider, all: &[Self], is_semantic: bool) -> MemberConfig {
        let (weight, tier) = if is_semantic { (1, 0) } else { (self.share(all), self.priority) };
        #[expect(clippy::cast_possible_truncation, reason = "scores have no more digits")]
        let threshold = self.threshold.map(|threshold| threshold as f32);
        MemberConfig {
            weight,
            tier,
            examples: self.examples.clone().into(),
            threshold,
            ..MemberConfig::of(ProviderRef::Own(Arc::new(provider)), self.name.as_str())
        }
    }

    /// Checks and compiles it; problems point into it.
    fn build(&self, common: &Common, context: &BuildContext<'_>) -> Result<Provider, Vec<Problem>> {
        let rules = self.checks.as_ref().map(Checks::rules).transpose();
        let provider = self.instance().build(AiProxyMulti::NAME, common, context);
        match (provider, rules) {
            (Ok(provider), Ok(None)) => Ok(provider),
            (Ok(provider), Ok(Some(rules))) => {
                let probing = provider.probing(rules, context);
                probing.map_err(|problem| vec![Problem::at("/checks", problem.message)])
            }
            (provider, rules) => {
                Err(provider.err().into_iter().chain(rules.err()).flatten().collect())
            }
        }
    }
}

impl Plugin for AiProxyMulti {
    const NAME: &'static str = "ai-proxy-multi";
    const ABOUT: &'static str =
        "Answers from one of the providers of its config, and from the next when that fails.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    const DERIVES: bool = true;
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({
            "fallback_strategy": ["http_429", "http_5xx"],
            "instances": [
                {
                    "name": "self-hosted",
                    "provider": "openai-compatible",
                    "auth": {},
                    "options": {"model": "meta-llama/Llama-3.1-8B-Instruct"},
                    "override": {"endpoint": "http://vllm-server:8000/v1/chat/completions"},
                    "weight": 1,
                    "priority": 2
                },
                {
                    "name": "cloud-fallback",
                    "provider": "openai",
                    "auth": {"header": {"Authorization": "$env://OPENAI_AUTHORIZATION"}},
                    "options": {"model": "gpt-4o-mini"},
                    "weight": 1,
                    "priority": 1
                }
            ]
        })]
    }

    fn build(config: Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let common = config.common();
        let mut problems = duplicates(&config.instances);
        let mut members = Vec::with_capacity(config.instances.len());
        if config.instances.is_empty() {
            problems.push(Problem::at("/instances", "there is no instance"));
        }
        for (index, own) in config.instances.iter().enumerate() {
            let at = join_pointer("/instances", &index.to_string());
            match own.build(&common, context) {
                Ok(provider) => {
                    let is_semantic = config.balancer.is_semantic();
                    members.push(own.member(provider, &config.instances, is_semantic));
                }
                Err(inner) => problems.extend(inner.into_iter().map(|p| p.under(&at))),
            }
        }
        let mut streams = config.instances.iter().map(|own| own.instance().streams() == Some(true));
        let first = streams.next().unwrap_or_default();
        if streams.any(|other| other != first) {
            let text = "either all instances ask for streams in their \"options\", or none";
            problems.push(Problem::at("/instances", text));
        }
        let semantic = config.balancer.is_semantic().then(|| {
            let options = config.semantic_opts.as_ref();
            semantic::config(options, &config.instances, &common, context)
        });
        let semantic = semantic.transpose().unwrap_or_else(|inner| {
            problems.extend(inner);
            None
        });
        let choice = config.balancer.choice().map_err(|problem| problems.push(problem));
        let Some(choice) = choice.ok().filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        let retry = retry(
            config.fallback_strategy.as_ref(),
            &config.fallback_http_statuses,
            config.max_retries,
            config.retry_on_failure_within_ms,
        );
        let id: Arc<str> = format!("{}/{}", context.owner, Self::NAME).into();
        let pool = PoolConfig { members, choice, semantic, retry, breaker: None, sticky: None };
        let pool = Pool::build(&id, pool, context.targets);
        let provider = Arc::new(Provider::of_pool(&id, Self::NAME, pool));
        Ok(Self(Proxy::new(
            &provider,
            common.max_req_body_size,
            Says { streams: first, logs: common.logs },
        )))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

/// Names that are there twice, the places counted from 1 as APISIX does.
fn duplicates(instances: &[InstanceConfig]) -> Vec<Problem> {
    let each = instances.iter().enumerate();
    let twice = each.filter_map(|(index, own)| {
        let before = instances.iter().take(index);
        let first = before.map(|other| &other.name).position(|name| *name == own.name)?;
        let (first, second) = (first + 1, index + 1);
        let name = &own.name;
        let text = format!(
            "duplicate instance name '{name}' at instances[{first}] and instances[{second}]"
        );
        Some(Problem::at(format!("/instances/{index}/name"), text))
    });
    twice.collect()
}
