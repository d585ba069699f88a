//! The table of vendors. One that speaks like OpenAI is a row in [`compatible`]; one with a format of
//! its own is a row whose `formats` name its codec.

mod clouds;
mod compatible;
pub(super) mod embeddings;
pub(super) mod formats;
mod labs;
mod servers;

use std::sync::LazyLock;

use sanmon_shared::catalogue::ProviderKindInfo;

use super::kind::{Kind, ROW};
use crate::target;

/// Kinds that Otoroshi has and Sanmon does not yet, and what to take instead.
const MISSING: &[(&str, &str)] = &[
    ("alphaedge", "it reads documents and does not chat"),
    (
        "jlama",
        "models in the gateway's own process are not there; \"ollama\" or \"openai-compatible\" reaches a local server",
    ),
    (
        "all-minilm-l6-v2",
        "models in the gateway's own process are not there; \"ollama\" or \"openai-compatible\" reaches a local server",
    ),
    ("otoroshi", "not there yet; a route's backend plugin takes several refs"),
];

/// Calls nobody itself but its targets.
pub(super) static BALANCER: Kind =
    Kind { name: target::KIND, label: "Load balancer", lists: &[], balances: true, ..ROW };

/// Every kind.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    let vendors = [labs::ROWS, clouds::ROWS, servers::ROWS, compatible::ROWS];
    vendors.into_iter().flatten().chain([&BALANCER])
}

static INFOS: LazyLock<Vec<ProviderKindInfo>> = LazyLock::new(|| {
    all()
        .map(|kind| ProviderKindInfo {
            name: kind.name,
            label: kind.label,
            base_url: kind.base_url,
            default_model: kind.chat.flatten().or_else(|| kind.embeddings.flatten()),
            chat: kind.chat.is_some(),
            embeddings: kind.embeddings.is_some(),
        })
        .collect()
});

/// The catalogue of kinds.
pub fn infos() -> &'static [ProviderKindInfo] {
    &INFOS
}

/// The kind with this name, in whatever case; the text of the error says what there is instead.
pub(super) fn find(name: &str) -> Result<&'static Kind, String> {
    let same = |other: &str| other.eq_ignore_ascii_case(name.trim());
    if let Some(kind) = all().find(|kind| same(kind.name)) {
        return Ok(kind);
    }
    let reason = MISSING.iter().find(|(name, _)| same(name)).map_or_else(
        || {
            "there is no such kind; \"openai-compatible\" takes the base_url of any server that \
             speaks OpenAI's dialect"
                .to_owned()
        },
        |(_, reason)| (*reason).to_owned(),
    );
    let names = all().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    Err(format!("{name:?}: {reason}. there are: {names}"))
}
