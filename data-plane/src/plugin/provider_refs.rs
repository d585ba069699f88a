//! The config of plugins that refer to providers.

use sanmon_shared::Problem;
use sanmon_shared::resources::{Fidelity, Provider, ProviderId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::protocol::refs::Refs;
use crate::provider::TimeoutOverrides;

/// Which providers answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProviderRefs {
    /// Providers, the default one first. Requests name another by `model`: `slug/model` or
    /// `id###model`, or by `provider`.
    #[schema(example = json!(["provider_openai_1"]))]
    pub refs: Vec<ProviderId>,
    /// One more.
    #[serde(rename = "ref")]
    pub one: Option<ProviderId>,
    /// `strict` refuses requests that a provider cannot be told whole, by 400 with the names of the
    /// members; `report` names them in `x-sanmon-fidelity`.
    pub fidelity: Fidelity,
    /// How long calls may take that are made from here, in milliseconds; what is absent is as the
    /// provider has it.
    pub timeouts: TimeoutOverrides,
}

impl ProviderRefs {
    /// Compiled.
    pub(super) fn build(self) -> Result<Refs<Provider>, Vec<Problem>> {
        let mut refs = Refs::build(self.refs, self.one)?;
        refs.fidelity = self.fidelity;
        refs.timeouts = self.timeouts;
        Ok(refs)
    }
}
