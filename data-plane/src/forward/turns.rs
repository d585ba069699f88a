//! Whose turn it is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use crate::snapshot::{Backend, Target};

/// Routes whose turns one worker remembers; beyond, all begin anew.
const REMEMBERED: usize = 10_000;

/// How many requests of each route went to targets. State of one worker: it survives swaps.
#[derive(Default)]
pub(crate) struct Turns(RefCell<HashMap<Box<str>, u64>>);

impl Turns {
    /// The targets in the order in which they are to be tried for the next request of `route`.
    pub(super) fn order<'a>(&self, route: &str, backend: &'a Backend) -> Order<'a> {
        let count = if backend.targets.len() > 1 { self.count(route) } else { 0 };
        Order { targets: &backend.targets, count, tier: 0..0, first: 0, tried: 0 }
    }

    fn count(&self, route: &str) -> u64 {
        let mut counts = self.0.borrow_mut();
        if let Some(count) = counts.get_mut(route) {
            *count = count.wrapping_add(1);
            return *count;
        }
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
        counts.insert(route.into(), 0);
        0
    }
}

/// Targets for one request: the one of its tier whose turn it is, the others of the tier after it, then
/// the next tier.
pub(super) struct Order<'a> {
    targets: &'a [Target],
    count: u64,
    /// Where the targets of the tier stand.
    tier: Range<usize>,
    /// The one of them whose turn it is.
    first: usize,
    tried: usize,
}

impl<'a> Iterator for Order<'a> {
    /// The place of a target, and the target.
    type Item = (usize, &'a Target);

    fn next(&mut self) -> Option<Self::Item> {
        if self.tried == self.tier.len() {
            let rest = self.targets.get(self.tier.end..)?;
            let tier = rest.chunk_by(|a, b| a.tier == b.tier).next()?;
            self.tier = self.tier.end..self.tier.end + tier.len();
            (self.first, self.tried) = (choose(tier, self.count), 0);
        }
        let at = self.tier.start + (self.first + self.tried) % self.tier.len();
        self.tried += 1;
        self.targets.get(at).map(|target| (at, target))
    }
}

/// The index of the target whose turn it is. In each cycle, as long as the sum of weights, a target
/// comes up as often as its weight says, its turns spread over the cycle.
fn choose(targets: &[Target], count: u64) -> usize {
    let total: u64 = targets.iter().map(|target| u64::from(target.weight)).sum();
    let Some(turn) = count.checked_rem(total) else { return 0 };
    let mut place = u64::try_from(u128::from(turn) * u128::from(stride(total)) % u128::from(total))
        .unwrap_or(0);
    for (index, target) in targets.iter().enumerate() {
        let weight = u64::from(target.weight);
        if place < weight {
            return index;
        }
        place -= weight;
    }
    0
}

/// A step near the golden section of `total` that meets every place of the cycle once.
fn stride(total: u64) -> u64 {
    let golden = (u128::from(total) * 618 / 1000).max(1);
    let mut step = u64::try_from(golden).unwrap_or(1);
    while gcd(step, total) != 1 {
        step += 1;
    }
    step
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
