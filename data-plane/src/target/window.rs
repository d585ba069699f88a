//! Two counts over a sliding window, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In so many steps a window slides.
const STEPS: usize = 10;

/// How many bits a count has; it stays at its largest value rather than run over.
const BITS: u32 = 20;
const MOST: u64 = (1 << BITS) - 1;

/// Two counts over the last while. One word holds a step and both of its counts, so that they are
/// never seen apart.
#[derive(Debug)]
pub(super) struct Window {
    step_millis: u64,
    steps: [AtomicU64; STEPS],
}

/// Both counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) first: u64,
    pub(super) second: u64,
}

impl Counts {
    const FIRST: Self = Self { first: 1, second: 0 };
    const SECOND: Self = Self { first: 0, second: 1 };
}

impl Window {
    /// Of this width.
    pub(super) fn new(width: Duration) -> Self {
        let millis = u64::try_from(width.as_millis()).unwrap_or(u64::MAX);
        Self { step_millis: (millis / STEPS as u64).max(1), steps: Default::default() }
    }

    /// Counts one of the first.
    pub(super) fn add_first(&self, now: u64) {
        self.add(now, Counts::FIRST, None);
    }

    /// Counts one of the second.
    pub(super) fn add_second(&self, now: u64) {
        self.add(now, Counts::SECOND, None);
    }

    /// Counts one of the second if `may` says so of the counts before; and whether it did. Exact
    /// whoever counts at the same time, but for the moments in which the window slides on.
    pub(super) fn try_second(&self, now: u64, may: impl Fn(Counts) -> bool) -> bool {
        self.add(now, Counts::SECOND, Some(&may))
    }

    /// The counts of the window that ends now.
    pub(super) fn counts(&self, now: u64) -> Counts {
        let step = self.step(now);
        let words = self.steps.iter().map(|word| word.load(Ordering::Acquire));
        sum(words.filter(|word| is_within(*word, step)))
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        for word in &self.steps {
            word.store(0, Ordering::Release);
        }
    }

    /// The number of the step at a time, from 1: 0 is a word that was never written.
    fn step(&self, now: u64) -> u64 {
        (now / self.step_millis + 1) & (u64::MAX >> (2 * BITS))
    }

    fn add(&self, now: u64, more: Counts, may: Option<&dyn Fn(Counts) -> bool>) -> bool {
        let step = self.step(now);
        let Some(word) =
            usize::try_from(step % STEPS as u64).ok().and_then(|at| self.steps.get(at))
        else {
            return false;
        };
        let mut before = word.load(Ordering::Acquire);
        loop {
            let own = if step_of(before) == step { counts_of(before) } else { Counts::default() };
            if let Some(may) = may {
                let others = self.others(step);
                if !may(Counts {
                    first: others.first + own.first,
                    second: others.second + own.second,
                }) {
                    return false;
                }
            }
            let next = word_of(step, own.first + more.first, own.second + more.second);
            let set = word.compare_exchange_weak(before, next, Ordering::AcqRel, Ordering::Acquire);
            match set {
                Ok(_) => return true,
                Err(now) => before = now,
            }
        }
    }

    /// The counts of the window's steps before this one.
    fn others(&self, step: u64) -> Counts {
        let words = self.steps.iter().map(|word| word.load(Ordering::Acquire));
        sum(words.filter(|word| step_of(*word) != step && is_within(*word, step)))
    }
}

fn is_within(word: u64, step: u64) -> bool {
    let of = step_of(word);
    of != 0 && of <= step && step - of < STEPS as u64
}

fn step_of(word: u64) -> u64 {
    word >> (2 * BITS)
}

fn counts_of(word: u64) -> Counts {
    Counts { first: (word >> BITS) & MOST, second: word & MOST }
}

fn word_of(step: u64, first: u64, second: u64) -> u64 {
    step << (2 * BITS) | first.min(MOST) << BITS | second.min(MOST)
}

fn sum(words: impl Iterator<Item = u64>) -> Counts {
    words.map(counts_of).fold(Counts::default(), |sum, counts| Counts {
        first: sum.first + counts.first,
        second: sum.second + counts.second,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window::new(Duration::from_secs(10))
    }

    #[test]
    fn what_is_older_than_the_window_does_not_count() {
        let window = window();
        window.add_first(0);
        window.add_second(0);
        window.add_first(5_000);
        assert_eq!(window.counts(9_999), Counts { first: 2, second: 1 });
        assert_eq!(window.counts(10_000), Counts { first: 1, second: 0 });
        assert_eq!(window.counts(15_000), Counts::default());
    }

    #[test]
    fn a_step_is_used_again_when_the_window_has_gone_round() {
        let window = window();
        for second in 0..40 {
            window.add_first(second * 1_000);
        }
        assert_eq!(window.counts(39_999).first, 10);
        window.clear();
        assert_eq!(window.counts(39_999), Counts::default());
    }

    #[test]
    fn a_condition_is_asked_of_all_that_counts() {
        let window = window();
        window.add_second(0);
        let few = |counts: Counts| counts.second < 3;
        assert!(window.try_second(9_000, few));
        assert!(window.try_second(9_000, few));
        assert!(!window.try_second(9_000, few));
        // The first has left the window.
        assert!(window.try_second(10_000, few));
    }

    #[test]
    fn threads_that_race_for_the_last_places_get_exactly_those() {
        let window = window();
        let got: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..100).filter(|_| window.try_second(500, |c| c.second < 50)).count()
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(got, 50);
        assert_eq!(window.counts(500).second, 50);
    }
}
