use sanmon_shared::Problem;

use super::{Given, Site};

/// OVH: one address for all models, or a host for each.
pub(in crate::provider) fn ovh(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Site> {
    if given.connection.unified.unwrap_or(true) {
        return super::plain(given, problems);
    }
    let hosts = "https://endpoints.kepler.ai.cloud.ovh.net/api/openai_compat/v1";
    let base = given.base(hosts, problems)?;
    Some(Site {
        lists: Vec::new(),
        // A base that is given is that of the one model.
        host_per_model: given.given_base().1.is_none(),
        default_model: Some("Mixtral-8x22B-Instruct-v0.1".to_owned()),
        ..given.site(base)
    })
}
