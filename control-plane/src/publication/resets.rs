//! Resets of quotas, for data planes that count on their own: each is told of those that it has not heard
//! of when it reports. They are no configuration: a control plane that starts again has forgotten them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::ReportAnswer;

/// The most resets that are remembered, and that one answer tells.
const MOST: usize = 256;

/// Resets that data planes may not have heard of.
pub(crate) struct Resets {
    clock: Clock,
    /// By their numbers, which grow.
    made: Mutex<VecDeque<(u64, Arc<str>)>>,
}

impl Resets {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, made: Mutex::default() }
    }

    /// The quotas of this key are to be whole again.
    pub(crate) fn add(&self, key: &str) {
        let mut made = self.made();
        // By the time, so that those of a control plane that has started again come after.
        let now = u64::try_from(self.clock.millis()).unwrap_or_default();
        let number = made.back().map_or(now, |(last, _)| now.max(last + 1));
        made.retain(|(_, other)| **other != *key);
        if made.len() == MOST {
            made.pop_front();
        }
        made.push_back((number, key.into()));
    }

    /// What a data plane is answered that was told of resets so far. Who was never told anything has just
    /// begun to count.
    pub(crate) fn after(&self, told: Option<u64>) -> ReportAnswer {
        let made = self.made();
        let news = made.iter().filter(|(number, _)| told.is_some_and(|told| *number > told));
        ReportAnswer {
            resets_until: made.back().map_or(0, |(last, _)| *last),
            resets: news.map(|(_, key)| Arc::clone(key)).collect(),
        }
    }

    /// Whether a data plane that was told so far has yet to hear of a reset of this key.
    pub(crate) fn is_pending(&self, key: &str, told: Option<u64>) -> bool {
        self.made().iter().any(|(number, of)| **of == *key && *number > told.unwrap_or_default())
    }

    fn made(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<str>)>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_plane_is_told_each_reset_once() {
        let clock = Clock::manual(1_000);
        let resets = Resets::new(clock.clone());
        let told = |answer: &ReportAnswer| answer.resets.iter().map(ToString::to_string).collect();
        let keys = |told: Vec<String>| told.join(" ");
        let first = resets.after(None);
        assert_eq!((first.resets_until, keys(told(&first))), (0, String::new()));
        resets.add("a");
        resets.add("b");
        assert!(resets.is_pending("a", Some(0)) && !resets.is_pending("c", Some(0)));
        let next = resets.after(Some(first.resets_until));
        assert_eq!((next.resets_until, keys(told(&next))), (1_001, "a b".to_owned()));
        assert!(!resets.is_pending("a", Some(next.resets_until)));
        assert_eq!(keys(told(&resets.after(Some(1_001)))), "");
        resets.add("a");
        assert_eq!(keys(told(&resets.after(Some(0)))), "b a");
        assert_eq!(keys(told(&resets.after(Some(1_001)))), "a");
        // Who begins to count now has nothing to reset.
        assert_eq!(resets.after(None), ReportAnswer { resets_until: 1_002, resets: Vec::new() });

        // Started again, with data planes that were told of the resets before.
        clock.advance(60_000);
        let again = Resets::new(clock);
        again.add("c");
        assert_eq!(keys(told(&again.after(Some(1_002)))), "c");
    }

    #[test]
    fn they_are_bounded() {
        let resets = Resets::new(Clock::manual(0));
        (0..=MOST).for_each(|number| resets.add(&format!("key{number}")));
        let told = resets.after(Some(0)).resets;
        assert_eq!(told.len(), MOST);
        assert_eq!(*told[MOST - 1], *format!("key{MOST}"));
    }
}
