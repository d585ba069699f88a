//! Whose turn it is.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::snapshot::{Backend, Target};

/// Routes whose turns one worker remembers; beyond, all begin anew.
const REMEMBERED: usize = 10_000;

/// How many requests of each route went to targets. State of one worker: it survives swaps.
#[derive(Default)]
pub(crate) struct Turns(RefCell<HashMap<Box<str>, u64>>);

impl Turns {
    /// The targets in the order in which they are to be tried for the next request of `route`.
    pub(crate) fn order<'a>(&self, route: &str, backend: &'a Backend) -> Order<'a> {
        let count = if backend.targets.len() > 1 { self.count(route) } else { 0 };
        Order { targets: &backend.targets, count, tried: 0, first: None, backups: false }
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

/// Targets for one request: the one whose turn it is, the other primaries after it, then backups.
pub(crate) struct Order<'a> {
    targets: &'a [Target],
    count: u64,
    tried: usize,
    first: Option<usize>,
    backups: bool,
}

impl<'a> Order<'a> {
    /// The next target to try.
    pub(crate) fn next(&mut self) -> Option<&'a Target> {
        loop {
            let first = match self.first {
                Some(first) => first,
                None => match choose(self.targets, self.backups, self.count) {
                    Some(first) => *self.first.insert(first),
                    None => self.targets.len(),
                },
            };
            while self.tried < self.targets.len() && first < self.targets.len() {
                let at = (first + self.tried) % self.targets.len();
                self.tried += 1;
                match self.targets.get(at) {
                    Some(target) if target.backup == self.backups => return Some(target),
                    _ => {}
                }
            }
            if self.backups {
                return None;
            }
            (self.backups, self.tried, self.first) = (true, 0, None);
        }
    }
}

/// The index of the target whose turn it is. In each cycle, as long as the sum of weights, a target
/// comes up as often as its weight says, its turns spread over the cycle.
fn choose(targets: &[Target], backups: bool, count: u64) -> Option<usize> {
    let of_kind = || targets.iter().enumerate().filter(move |(_, it)| it.backup == backups);
    let total: u64 = of_kind().map(|(_, target)| u64::from(target.weight)).sum();
    let turn = count.checked_rem(total)?;
    let mut place = u64::try_from(u128::from(turn) * u128::from(stride(total)) % u128::from(total))
        .unwrap_or(0);
    for (index, target) in of_kind() {
        let weight = u64::from(target.weight);
        if place < weight {
            return Some(index);
        }
        place -= weight;
    }
    None
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
