//! To whom requests that name a provider may come.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::provider::Provider;
use crate::snapshot::Snapshot;

/// Providers that are looked at.
const MOST: usize = 1_024;

/// The provider with this id, where requests that name `named` may come to it: it is that itself, a target
/// of its pool, or what stands in for one of these.
pub(crate) fn reached<'s>(
    snapshot: &'s Snapshot,
    named: &'s Arc<Provider>,
    id: &str,
) -> Option<&'s Arc<Provider>> {
    let mut found: SmallVec<[&Arc<Provider>; 8]> = SmallVec::new();
    found.push(named);
    let mut at = 0;
    while let Some(&provider) = found.get(at) {
        if *provider.id == *id {
            return Some(provider);
        }
        at += 1;
        let members = provider.pool.iter().flat_map(|pool| pool.members());
        let members = members.filter_map(|member| member.provider.find(snapshot));
        let fallback = provider.fallback.as_ref().and_then(|id| snapshot.provider(id));
        for next in members.chain(fallback) {
            if found.len() < MOST && !found.iter().any(|known| Arc::ptr_eq(known, next)) {
                found.push(next);
            }
        }
    }
    None
}
