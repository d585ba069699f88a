use sanmon_shared::Problem;
use url::Url;

use super::{Given, Site};

/// Bedrock: the host of the region; its models are listed by another one.
pub(in crate::provider) fn bedrock(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Site> {
    // Calls are signed for the region, so it is needed with a base URL too.
    let region = given.label("region", given.connection.region.as_deref(), problems)?;
    let base = given.base(&format!("https://bedrock-runtime.{region}.amazonaws.com"), problems)?;
    let mut site = given.site(base);
    if given.given_base().1.is_none() {
        let control = Url::parse(&format!("https://bedrock.{region}.amazonaws.com")).ok()?;
        for list in &mut site.lists {
            list.base.clone_from(&control);
        }
    }
    Some(site)
}
