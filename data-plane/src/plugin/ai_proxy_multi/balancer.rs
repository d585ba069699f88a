use sanmon_shared::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::target::{Choice, HashOn};

/// How one of a priority is chosen.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyMultiBalancer)]
pub(super) struct Balancer {
    /// In turn by weight, the same one for the same value, or by what is asked.
    algorithm: Algorithm,
    /// What value: a variable of the request, a header, a cookie, the consumer, or several variables.
    hash_on: On,
    /// Its name: of a header or cookie; `remote_addr`, `uri`, `request_uri`, `query_string`, `host` or
    /// `arg_<name>`; of several variables, all of them with a `$` before each.
    #[schema(example = "remote_addr")]
    key: Option<String>,
}

/// How one is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AiProxyMultiAlgorithm)]
enum Algorithm {
    /// The same one for the same value.
    Chash,
    /// In turn, by weight.
    #[default]
    Roundrobin,
    /// By what is asked: `semantic_opts` and the `examples` of instances say how.
    Semantic,
}

/// By which value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AiProxyMultiHashOn)]
enum On {
    /// A variable of the request.
    #[default]
    Vars,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The consumer whose key it is.
    Consumer,
    /// Several variables.
    VarsCombinations,
}

impl Balancer {
    /// Whether instances are chosen by what is asked. Then nothing else counts.
    pub(super) fn is_semantic(&self) -> bool {
        self.algorithm == Algorithm::Semantic
    }

    /// Checks and compiles it; the problem points into the config.
    pub(super) fn choice(&self) -> Result<Choice, Problem> {
        match self.algorithm {
            Algorithm::Roundrobin => Ok(Choice::RoundRobin),
            Algorithm::Chash => self.hash().map(Choice::Hash),
            Algorithm::Semantic => Ok(Choice::Semantic),
        }
    }

    fn hash(&self) -> Result<HashOn, Problem> {
        let key = self.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        if self.hash_on == On::Consumer {
            return Ok(HashOn::Consumer);
        }
        let wrong = |text: String| Problem::at("/balancer/key", text);
        let key = key.ok_or_else(|| {
            let text = "must configure `hash_key` when balancer `hash_on` is not set to cookie";
            wrong(text.to_owned())
        })?;
        let unknown = || {
            wrong(format!(
                "invalid configuration: failed to match pattern: there is no {key:?} here"
            ))
        };
        let plain = |key: &str| {
            key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match self.hash_on {
            On::Header if plain(key) => Ok(HashOn::Header(key.to_ascii_lowercase().into())),
            On::Cookie if plain(key) => Ok(HashOn::Cookie(key.into())),
            On::Vars => variable(key).ok_or_else(unknown),
            On::VarsCombinations => {
                let each = key.split('$').map(str::trim).filter(|name| !name.is_empty());
                let all: Option<Vec<HashOn>> = each.map(variable).collect();
                let all = all.filter(|all| !all.is_empty() && key.starts_with('$'));
                all.map(|all| HashOn::Several(all.into())).ok_or_else(unknown)
            }
            On::Header | On::Cookie | On::Consumer => Err(unknown()),
        }
    }
}

/// A variable of a request as APISIX calls it. Those that are the same for all requests of a client, or
/// say nothing of it, are not there.
fn variable(name: &str) -> Option<HashOn> {
    Some(match name {
        "remote_addr" => HashOn::Client,
        "uri" => HashOn::Path,
        "request_uri" => HashOn::Uri,
        "query_string" => HashOn::QueryString,
        "host" | "hostname" | "server_name" => HashOn::Host,
        other => HashOn::Query(other.strip_prefix("arg_").filter(|name| !name.is_empty())?.into()),
    })
}
