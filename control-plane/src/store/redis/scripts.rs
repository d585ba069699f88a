//! The scripts, each atomic, and how long they may take.

use std::time::Duration;

use redis::Script;
use sanmon_shared::ChangeSet;

/// How long a commit that was not made stays impossible: longer than a command can linger in the
/// buffers of a connection that is given up.
pub(super) const FENCE_SECONDS: u64 = 3600;

/// How long Redis is asked what became of a commit.
pub(super) const RESOLVE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a commit may take, by its size: Redis runs it in one go.
pub(super) fn commit_patience(set: &ChangeSet) -> Duration {
    let changes = u32::try_from(set.changes.len()).unwrap_or(u32::MAX);
    Duration::from_secs(5).saturating_add(Duration::from_micros(200).saturating_mul(changes))
}

pub(super) struct Scripts {
    pub(super) begin: Script,
    pub(super) commit: Script,
    pub(super) resolve: Script,
    pub(super) changes: Script,
    pub(super) report: Script,
    pub(super) reports: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            begin: Script::new(include_str!("scripts/begin.lua")),
            commit: Script::new(include_str!("scripts/commit.lua")),
            resolve: Script::new(include_str!("scripts/resolve.lua")),
            changes: Script::new(include_str!("scripts/changes.lua")),
            report: Script::new(include_str!("scripts/report.lua")),
            reports: Script::new(include_str!("scripts/reports.lua")),
        }
    }
}
