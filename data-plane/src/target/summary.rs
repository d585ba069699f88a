//! What is known of a provider as a whole, whatever its credential.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::failure::FailureKind;

/// What is known of a provider as a whole.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    attempts: AtomicU64,
    failures: [AtomicU64; FailureKind::ALL.len()],
    /// The same as whether there is a reason, for those in a hurry.
    is_unwell: AtomicBool,
    unwell: ArcSwapOption<String>,
    held: ArcSwapOption<String>,
    probed: AtomicBool,
}

impl Summary {
    /// All attempts.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Failures of each kind.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (FailureKind, u64)> {
        let counts = self.failures.iter().map(|count| count.load(Ordering::Relaxed));
        FailureKind::ALL.into_iter().zip(counts)
    }

    /// Whether probes find it unwell.
    pub(crate) fn is_unwell(&self) -> bool {
        self.is_unwell.load(Ordering::Relaxed)
    }

    /// Why probes find it unwell.
    pub(crate) fn unwell(&self) -> Option<Arc<String>> {
        self.unwell.load_full()
    }

    /// Why an operator keeps it from being asked.
    pub(crate) fn held(&self) -> Option<Arc<String>> {
        self.held.load_full()
    }

    /// Whether it is probed.
    pub(crate) fn is_probed(&self) -> bool {
        self.probed.load(Ordering::Relaxed)
    }

    /// What probes find.
    pub(crate) fn set_unwell(&self, reason: Option<String>) {
        self.is_unwell.store(reason.is_some(), Ordering::Relaxed);
        self.unwell.store(reason.map(Arc::new));
    }

    /// What its document says. What nobody probes is not unwell.
    pub(crate) fn configure(&self, held: Option<&str>, probed: bool) {
        self.held.store(held.map(|reason| Arc::new(reason.to_owned())));
        self.probed.store(probed, Ordering::Relaxed);
        if !probed && self.is_unwell() {
            self.set_unwell(None);
        }
    }

    pub(super) fn attempted(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, kind: FailureKind) {
        if let Some(count) = self.failures.get(kind.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
