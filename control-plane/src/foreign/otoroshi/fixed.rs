//! What tools of Otoroshi ask for and nobody configures here: the one tenant, its one team, and the
//! groups, which are names on routes and keys.

use std::collections::BTreeSet;

use sanmon_shared::Resource as _;
use sanmon_shared::resources::Route;
use serde_json::{Value, json};

use crate::configuration::State;

/// The tenants: one.
pub(super) fn tenants(_: &State) -> Vec<Value> {
    vec![json!({
        "id": "default",
        "name": "default",
        "description": "Everything belongs to it.",
        "metadata": {},
        "tags": [],
    })]
}

/// The teams: one.
pub(super) fn teams(_: &State) -> Vec<Value> {
    vec![json!({
        "id": "default",
        "tenant": "default",
        "name": "default",
        "description": "Everything belongs to it.",
        "metadata": {},
        "tags": [],
    })]
}

/// The groups that routes are in.
pub(super) fn groups(state: &State) -> Vec<Value> {
    #[derive(serde::Deserialize)]
    struct Grouped {
        groups: Option<Vec<String>>,
    }
    let mut names = BTreeSet::from(["default".to_owned()]);
    for entry in state.list(Route::PLURAL) {
        if let Ok(Grouped { groups: Some(groups) }) = serde_json::from_str(entry.document.get()) {
            names.extend(groups);
        }
    }
    let group = |name: String| {
        json!({
            "id": name,
            "name": name,
            "description": "A name on routes and API keys.",
            "metadata": {},
            "tags": [],
        })
    };
    names.into_iter().map(group).collect()
}
