use std::time::Duration;

use sanmon_shared::Head;

/// Hints that came without news. A source that gives many of them must not keep a core busy.
#[derive(Default)]
pub(super) struct Vain {
    head: Option<Head>,
    hints: u32,
}

impl Vain {
    /// How long to rest before the next wait for something other than `head`.
    pub(super) fn pause(&mut self, head: &Head) -> Duration {
        if self.head.as_ref() != Some(head) {
            self.hints = 0;
        }
        Duration::from_millis(5) * self.hints.saturating_sub(3).min(20)
    }

    /// The wait is over, by a hint or by the time.
    pub(super) fn woken(&mut self, head: Head, hinted: bool) {
        self.head = Some(head);
        self.hints = if hinted { self.hints.saturating_add(1) } else { 0 };
    }
}
