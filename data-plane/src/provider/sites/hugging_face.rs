use sanmon_shared::Problem;

use super::{Given, Site};
use crate::provider::kinds::embeddings;

/// Hugging Face: its router has a format of its own for embeddings, servers of its images speak like
/// OpenAI.
pub(in crate::provider) fn hugging_face(
    given: &Given<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Site> {
    let own = given.kind.base_url;
    let site = given.site(given.base(own, problems)?);
    let host = site.base.host_str();
    let router = own.strip_prefix("https://").is_some_and(|router| host == Some(router));
    if router {
        return Some(site);
    }
    Some(Site { embeds: embeddings::V1, ..site })
}
