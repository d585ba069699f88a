//! Where what is known of targets survives a new snapshot: kept by id for as long as some snapshot
//! has a use for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::budget::{Budget, BudgetRules};
use super::load::Load;
use super::probe::Probed;
use super::semantic::{Key, Memory};
use super::state::Health;
use super::sticky::Sticky;
use super::summary::Summary;

/// What is known of all targets of a data plane. Asked when providers are built and when somebody
/// wants to know, never by a request.
#[derive(Debug, Default)]
pub struct Registry {
    tables: Mutex<Tables>,
    probes: Mutex<Probes>,
    probes_came: Notify,
}

#[derive(Debug, Default)]
struct Probes {
    /// By the provider's id, the one that was built last.
    current: HashMap<Arc<str>, Weak<Probed>>,
    /// Those that nobody runs yet.
    new: Vec<Weak<Probed>>,
}

#[derive(Debug, Default)]
struct Tables {
    /// By the provider's id.
    summary: Table<Arc<str>, Summary>,
    /// By the provider's id, and its host and credential.
    health: Table<(Arc<str>, u64), Health>,
    /// By the provider's id.
    budgets: Table<Arc<str>, Budget>,
    /// By the provider's id.
    conversations: Table<Arc<str>, Sticky>,
    /// By the server's address.
    loads: Table<Box<str>, Load>,
    /// By what the vectors of examples depend on.
    examples: Table<Key, Memory>,
}

impl Registry {
    /// What is known of the credentials of a provider, which is now built anew with these.
    pub(crate) fn health(&self, provider: &Arc<str>, credentials: &[u64]) -> Box<[Arc<Health>]> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &mut *tables;
        let summary = tables.summary.get(Arc::clone(provider), Arc::default);
        let health = credentials.iter().enumerate().map(|(number, credential)| {
            let key = (Arc::clone(provider), *credential);
            let new = || Health::new(Arc::clone(provider), Arc::clone(&summary));
            let health = tables.health.get(key, new);
            health.set_number(number);
            health
        });
        health.collect()
    }

    /// The budget of a provider, which is now built anew with these rules; a new one where the rules
    /// are.
    pub(super) fn budget(&self, provider: &Arc<str>, rules: BudgetRules) -> Arc<Budget> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Arc::clone(provider);
        let same = |budget: &Budget| budget.rules == rules;
        tables.budgets.get_if(key, same, || Arc::new(Budget::new(rules)))
    }

    /// Where the conversations of a provider went.
    pub(super) fn conversations(&self, provider: &Arc<str>, ttl: Duration) -> Arc<Sticky> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Arc::clone(provider);
        let same = |sticky: &Sticky| sticky.ttl == ttl;
        tables.conversations.get_if(key, same, || Arc::new(Sticky::new(ttl)))
    }

    /// What is known of a server of plain proxying.
    pub(crate) fn load(&self, server: &str) -> Arc<Load> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.loads.get(server.into(), Arc::default)
    }

    /// What is known of the examples of a pool.
    pub(super) fn examples(&self, key: Key) -> Arc<Memory> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.examples.get(key, Arc::default)
    }

    /// A provider was built that is to be probed, instead of any before it with its id.
    pub(crate) fn probe(&self, probed: &Arc<Probed>) {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        probes.current.insert(Arc::clone(&probed.provider), Arc::downgrade(probed));
        probes.new.push(Arc::downgrade(probed));
        self.probes_came.notify_one();
    }

    /// Ends when there are new probes to run.
    pub(super) async fn probes_came(&self) {
        self.probes_came.notified().await;
    }

    /// The probes that nobody runs yet.
    pub(super) fn new_probes(&self) -> Vec<Weak<Probed>> {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        probes.current.retain(|_, probed| probed.strong_count() > 0);
        std::mem::take(&mut probes.new)
    }

    /// Whether no newer probe of the same provider is there.
    pub(super) fn is_probed_by(&self, probed: &Arc<Probed>) -> bool {
        let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        let current = probes.current.get(&probed.provider).and_then(Weak::upgrade);
        current.is_none_or(|current| Arc::ptr_eq(&current, probed))
    }

    /// Everything that is known, in the order of the providers' ids.
    pub(crate) fn all(&self) -> Vec<Arc<Health>> {
        let mut all = {
            let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            tables.health.all()
        };
        all.sort_by(|a, b| a.common.provider.cmp(&b.common.provider));
        all
    }
}

/// What is known of the credentials of a provider that nobody else has a use for.
pub(crate) fn alone(provider: &Arc<str>, credentials: usize) -> Box<[Arc<Health>]> {
    let summary = Arc::<Summary>::default();
    (0..credentials).map(|_| Health::new(Arc::clone(provider), Arc::clone(&summary))).collect()
}

/// Values that are kept as long as somebody else keeps them.
#[derive(Debug)]
struct Table<K, V> {
    entries: HashMap<K, Weak<V>>,
    /// At this size those that nobody has any more are taken out.
    crowded: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), crowded: 64 }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn get(&mut self, key: K, new: impl FnOnce() -> Arc<V>) -> Arc<V> {
        self.get_if(key, |_| true, new)
    }

    fn get_if(
        &mut self,
        key: K,
        is_right: impl FnOnce(&V) -> bool,
        new: impl FnOnce() -> Arc<V>,
    ) -> Arc<V> {
        if let Some(value) = self.entries.get(&key).and_then(Weak::upgrade)
            && is_right(&value)
        {
            return value;
        }
        if self.entries.len() >= self.crowded {
            self.entries.retain(|_, value| value.strong_count() > 0);
            self.crowded = self.entries.len() * 2 + 64;
        }
        let value = new();
        self.entries.insert(key, Arc::downgrade(&value));
        value
    }

    fn all(&self) -> Vec<Arc<V>> {
        self.entries.values().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_lives_as_long_as_somebody_wants_it() {
        let registry = Registry::default();
        let id: Arc<str> = Arc::from("p");
        let before = registry.health(&id, &[1, 2]);
        let after = registry.health(&id, &[2, 3]);
        assert!(Arc::ptr_eq(&before[1], &after[0]), "the same credential");
        assert!(!Arc::ptr_eq(&before[0], &after[1]), "another one");
        assert!(Arc::ptr_eq(&before[0].common.summary, &after[1].common.summary));
        assert_eq!(registry.all().len(), 3);
        drop(before);
        assert_eq!(registry.all().len(), 2);
        drop(after);
        assert_eq!(registry.all().len(), 0);
    }

    #[test]
    fn the_dead_make_room() {
        let registry = Registry::default();
        for number in 0..1_000 {
            registry.health(&Arc::from(number.to_string()), &[0]);
        }
        let tables = registry.tables.lock().unwrap();
        assert!(tables.health.entries.len() <= 64, "{}", tables.health.entries.len());
    }
}
