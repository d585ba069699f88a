//! How far back a store remembers, and what a change set may follow.

use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::{ChangeSet, Digest, Head};

/// How many revisions are kept: those that either bound still covers.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The newest of them are kept whatever their age.
    pub revisions: u64,
    /// Younger ones are kept whatever their number.
    pub age: Duration,
    /// The most that one commit removes, so that no commit pays for the past.
    pub per_commit: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { revisions: 10_000, age: Duration::from_hours(90 * 24), per_commit: 32 }
    }
}

impl Retention {
    /// What was committed before this time, in milliseconds since 1970, may go for its age.
    pub(crate) fn cutoff(&self, clock: &Clock) -> i64 {
        clock.millis().saturating_sub(i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX))
    }

    /// Whether `revision`, committed at `at`, may go once `head` is the newest.
    pub(crate) fn releases(&self, head: u64, cutoff: i64, revision: u64, at: i64) -> bool {
        head.saturating_sub(revision) >= self.revisions && at < cutoff
    }
}

/// The most bytes of change sets that one answer of `changes` holds; a larger one comes alone.
pub(crate) const CHANGES_BYTES: usize = 16 << 20;

/// The digest that a configuration must have for `set` to follow it.
pub(crate) fn base_digest(set: &ChangeSet) -> Digest {
    set.changes.iter().fold(set.head.digest, |digest, change| {
        let of = |document| Digest::of(change.kind.as_str(), &change.id, document);
        let without = change.after.as_ref().map_or(digest, |after| digest.minus(of(after)));
        change.before.as_ref().map_or(without, |before| without.plus(of(before)))
    })
}

/// Whether `set` is made for `head`. The digest is compared too: after a failover that lost
/// commits, the same number may name another configuration.
pub(crate) fn follows(set: &ChangeSet, head: &Head) -> bool {
    set.head.lineage == head.lineage
        && set.head.revision == head.revision + 1
        && base_digest(set) == head.digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_goes_only_when_it_is_both_old_and_far_back() {
        let retention = Retention::default();
        assert!(retention.releases(10_001, 50, 1, 49));
        assert!(!retention.releases(10_000, 50, 1, 49));
        assert!(!retention.releases(10_001, 50, 1, 50));
    }
}
