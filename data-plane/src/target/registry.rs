//! Where what is known of targets survives a new snapshot: kept by id for as long as some snapshot
//! has a use for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::budget::{Budget, BudgetRules};
use super::state::{Counters, Health};

/// What is known of all targets of a data plane. Asked when providers are built and when somebody
/// wants to know, never by a request.
#[derive(Debug, Default)]
pub struct Registry {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    /// By the provider's id.
    counters: Table<Arc<str>, Counters>,
    /// By the provider's id, and its host and credential.
    health: Table<(Arc<str>, u64), Health>,
    /// By the provider's id.
    budgets: Table<Arc<str>, Budget>,
}

impl Registry {
    /// What is known of the credentials of a provider, which is now built anew with these.
    pub(crate) fn health(&self, provider: &Arc<str>, credentials: &[u64]) -> Box<[Arc<Health>]> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = &mut *tables;
        let counters = tables.counters.get(Arc::clone(provider), Arc::default);
        let health = credentials.iter().map(|credential| {
            let key = (Arc::clone(provider), *credential);
            tables.health.get(key, || Health::new(Arc::clone(provider), Arc::clone(&counters)))
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
    let counters = Arc::<Counters>::default();
    (0..credentials).map(|_| Health::new(Arc::clone(provider), Arc::clone(&counters))).collect()
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
        assert!(Arc::ptr_eq(&before[0].common.counters, &after[1].common.counters));
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
