use ring::digest::{SHA256, digest};
use serde::Serialize;

/// Names the counters of a rule: `<owner>/<plugin>/<rule>`. A rule without a name is called after what
/// it says, so that its counters begin anew when it is changed.
pub(crate) fn rule_id(
    owner: &str,
    plugin: &str,
    name: Option<&str>,
    says: &impl Serialize,
) -> String {
    if let Some(name) = name {
        return format!("{owner}/{plugin}/{name}");
    }
    // What was read from JSON can be written as JSON.
    let says = serde_json::to_vec(says).unwrap_or_default();
    let hash = hex::encode(digest(&SHA256, &says));
    format!("{owner}/{plugin}/{}", hash.get(..16).unwrap_or_default())
}
