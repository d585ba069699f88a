//! To whom requests that name a provider may come.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Ask, Pool, condition};
use crate::provider::Provider;
use crate::snapshot::Snapshot;

/// The targets of a provider's pools that are not for this request, as what their pools know them, and why.
pub(crate) fn passed_over(ask: &Ask<'_>, named: &Arc<Provider>) -> Vec<(Arc<str>, String)> {
    let snapshot = &ask.exchange.snapshot;
    let mut over = Vec::new();
    let mut seen: SmallVec<[&Arc<Provider>; 8]> = SmallVec::new();
    seen.push(named);
    let mut at = 0;
    while let Some(&provider) = seen.get(at) {
        at += 1;
        for member in provider.pool.iter().flat_map(Pool::members) {
            let reason = match member.provider.find(snapshot) {
                None => Some("it is not there, or could not be built".to_owned()),
                Some(target) if !condition::are_met(&member.conditions, target, ask) => {
                    Some("the request does not meet its conditions".to_owned())
                }
                Some(target) => {
                    if seen.len() < MOST && !seen.iter().any(|known| Arc::ptr_eq(known, target)) {
                        seen.push(target);
                    }
                    let held = target.held.as_ref();
                    held.map(|reason| format!("an operator holds it back: {reason}"))
                }
            };
            over.extend(reason.map(|reason| (Arc::clone(&member.name), reason)));
        }
    }
    over
}

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
        let members = provider.pool.iter().flat_map(Pool::members);
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
