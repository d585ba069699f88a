use sanmon_shared::Problem;

use super::{Given, Site, present};

/// Cloudflare: the endpoints of the account's own models.
pub(in crate::provider) fn cloudflare(
    given: &Given<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Site> {
    let account = given.connection.account_id.as_deref();
    let account = given.label("account_id", account, problems)?;
    let mut base = given.base(given.kind.base_url, problems)?;
    let path = format!("{}/accounts/{account}/ai", base.path().trim_end_matches('/'));
    base.set_path(&path);
    Some(Site {
        prefix: "/v1".to_owned(),
        default_model: present(given.connection.model_name.as_deref()).map(str::to_owned),
        ..given.site(base)
    })
}
