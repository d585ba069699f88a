//! The counters that one worker used last, found without asking the table of all.

use std::cell::{RefCell, RefMut};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use sanmon_shared::counters::Quota;

use super::counter::Now;
use super::table::{Entry, Table};

/// Counters that a worker remembers; of two that meet in one place the last one is.
const PLACES: usize = 512;

/// Counters by the hash of their keys. Empty until a limit is met.
#[derive(Default)]
pub(crate) struct Recent {
    places: RefCell<Vec<Option<Arc<Entry>>>>,
    hasher: foldhash::fast::RandomState,
    /// Where keys are put together.
    key: RefCell<String>,
}

impl Recent {
    /// Where to put a key together. One at a time: what is there is over when the next one begins.
    pub(super) fn key(&self) -> RefMut<'_, String> {
        self.key.borrow_mut()
    }

    /// The counter of this key. The table hears of it now and then, so that it does not take it for
    /// idle.
    pub(super) fn entry(&self, table: &Table, key: &str, quota: Quota, now: Now) -> Arc<Entry> {
        let mut places = self.places.borrow_mut();
        if places.is_empty() {
            places.resize_with(PLACES, || None);
        }
        let hash = usize::try_from(self.hasher.hash_one(key)).unwrap_or(usize::MAX);
        let Some(place) = places.get_mut(hash % PLACES) else {
            return table.entry(key, quota, now);
        };
        if let Some(entry) = place
            && *entry.key == *key
            && entry.is_fresh(now)
        {
            return Arc::clone(entry);
        }
        let entry = table.entry(key, quota, now);
        *place = Some(Arc::clone(&entry));
        entry
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sanmon_shared::counters::Span;

    use super::*;

    #[test]
    fn a_counter_is_the_tables_for_as_long_as_that_has_it() {
        let quota = Quota { limit: 1, span: Span::Window(Duration::from_mins(1)) };
        let at = |millis: u64| Now { nanos: millis * 1_000_000, wall: 0 };
        let table = Table::of(1);
        let recent = Recent::default();
        let first = recent.entry(&table, "a", quota, at(0));
        assert!(Arc::ptr_eq(&first, &table.entry("a", quota, at(1))));
        assert!(Arc::ptr_eq(&first, &recent.entry(&table, "a", quota, at(2))));
        assert!(first.is_fresh(at(900)) && !first.is_fresh(at(1_100)));
        assert!(Arc::ptr_eq(&first, &recent.entry(&table, "a", quota, at(1_100))));
        assert!(first.is_fresh(at(2_000)));
        // Another one takes its place in the table, and so here.
        table.entry("b", quota, at(2_001));
        table.entry("c", quota, at(2_002));
        assert_eq!(table.len(), 1);
        assert!(!first.is_fresh(at(2_003)));
        let again = recent.entry(&table, "a", quota, at(2_004));
        assert!(!Arc::ptr_eq(&first, &again));
    }
}
