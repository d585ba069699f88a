//! How much load attempts after the first may add.

use std::time::Duration;

use tokio::time::Instant;

use super::window::{Counts, Window};

/// What attempts after the first may add, over a sliding window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BudgetRules {
    /// This part of the requests, between 0 and 1.
    pub(crate) ratio: f64,
    /// And so many in any case.
    pub(crate) floor: u32,
    /// The window.
    pub(crate) window: Duration,
}

impl Default for BudgetRules {
    fn default() -> Self {
        Self { ratio: 0.2, floor: 10, window: Duration::from_secs(10) }
    }
}

/// The budget of a provider that requests name.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(super) rules: BudgetRules,
    epoch: Instant,
    /// Requests, and attempts after the first.
    window: Window,
}

impl Budget {
    pub(super) fn new(rules: BudgetRules) -> Self {
        Self { rules, epoch: Instant::now(), window: Window::new(rules.window) }
    }

    /// A request begins.
    pub(super) fn request(&self, now: Instant) {
        self.window.add_first(self.millis(now));
    }

    /// Whether one more attempt may be made, which is then counted.
    pub(super) fn spend(&self, now: Instant) -> bool {
        self.window.try_second(self.millis(now), |Counts { first, second }| {
            #[expect(clippy::cast_precision_loss, reason = "counts of a window are small")]
            let share = first as f64 * self.rules.ratio;
            #[expect(clippy::cast_precision_loss, reason = "counts of a window are small")]
            let next = (second + 1) as f64;
            next <= share.max(f64::from(self.rules.floor))
        })
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_may_be_added_and_a_few_in_any_case() {
        let budget = Budget::new(BudgetRules::default());
        let begun = Instant::now();
        let spent = |now| (0..1_000).filter(|_| budget.spend(now)).count();
        budget.request(begun);
        assert_eq!(spent(begun), 10, "the floor");
        for _ in 0..199 {
            budget.request(begun);
        }
        assert_eq!(spent(begun), 30, "a fifth of 200 in all");
        assert_eq!(spent(begun + Duration::from_secs(20)), 10, "the window has slid on");
    }
}
