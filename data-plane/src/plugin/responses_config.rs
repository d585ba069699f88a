//! The config of the plugins that speak Responses.

use std::time::Duration;

use sanmon_shared::Problem;
use sanmon_shared::resources::{Fidelity, ProviderId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::provider_refs::ProviderRefs;
use crate::protocol::responses::{Form, LONGEST, Responses};
use crate::provider::TimeoutOverrides;

/// Which providers answer, and whether their answers are kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ResponsesConfig)]
pub struct Config {
    /// Providers, the default one first. Requests name another by `model`: `slug/model` or
    /// `id###model`, or by `provider`.
    #[schema(example = json!(["provider_openai_1"]))]
    refs: Vec<ProviderId>,
    /// One more.
    #[serde(rename = "ref")]
    one: Option<ProviderId>,
    /// `strict` refuses requests that a provider cannot be told whole, by 400 with the names of the
    /// members; `report` names them in `x-sanmon-fidelity`.
    fidelity: Fidelity,
    /// How long calls may take that are made from here, in milliseconds; what is absent is as the
    /// provider has it.
    timeouts: TimeoutOverrides,
    /// `gateway`: an answer can be gone on from, read and deleted by its id, by the API key that it was
    /// given to (without keys: on the route). Answers are kept in Redis where there is one, else in the
    /// memory of the data plane: up to 128 MiB of them, until it stops. Refused where data planes
    /// follow a control plane over HTTP, for they may be several. `none`: nothing is kept, and no id
    /// can be used.
    store: Store,
    /// Seconds for which answers are kept; up to 30 days.
    #[schema(minimum = 1, maximum = 2_592_000)]
    store_ttl: u64,
}

/// Who keeps answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ResponsesStore)]
pub(super) enum Store {
    /// The gateway, for its callers.
    #[default]
    Gateway,
    /// Nobody.
    None,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            refs: Vec::new(),
            one: None,
            fidelity: Fidelity::default(),
            timeouts: TimeoutOverrides::default(),
            store: Store::default(),
            store_ttl: 24 * 60 * 60,
        }
    }
}

impl Config {
    /// Of these providers; the usual time where none is said.
    pub(super) fn of(providers: ProviderRefs, store: Store, store_ttl: Option<u64>) -> Self {
        let usual = Self::default();
        let ProviderRefs { refs, one, fidelity, timeouts } = providers;
        let store_ttl = store_ttl.unwrap_or(usual.store_ttl);
        Self { refs, one, fidelity, timeouts, store, store_ttl }
    }

    /// Compiled.
    pub(super) fn build(self, form: Form) -> Result<Responses, Vec<Problem>> {
        let Self { refs, one, fidelity, timeouts, store, store_ttl } = self;
        let kept = Duration::from_secs(store_ttl);
        let mut problems = Vec::new();
        if kept.is_zero() || kept > LONGEST {
            problems.push(Problem::at("/store_ttl", "it has to be from 1 to 2592000 seconds"));
        }
        let refs = ProviderRefs { refs, one, fidelity, timeouts }.build();
        match refs {
            Ok(refs) if problems.is_empty() => {
                Ok(Responses::new(refs, form, (store == Store::Gateway).then_some(kept)))
            }
            refs => {
                problems.extend(refs.err().into_iter().flatten());
                Err(problems)
            }
        }
    }
}

/// Where data planes have nothing in common, none of them may keep answers.
pub(super) fn kept_apart(config: &Value) -> Option<Problem> {
    let store = config.get("store").and_then(Value::as_str);
    (store != Some("none")).then(|| {
        let text = "data planes that follow a control plane over HTTP have nothing in common to \
                    keep answers in: say \"store\": \"none\", or run control plane and data planes \
                    with Redis";
        Problem::at("/store", text)
    })
}
