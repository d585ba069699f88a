use std::sync::atomic::{AtomicUsize, Ordering};

use super::View;

/// The longest cycle. Weights that need a longer one are made smaller, and so less exact.
const LONGEST: u64 = 8_192;

/// In turn, by weight: over a cycle each target has exactly its part, and its turns are spread over
/// it. The cycle is made once, and all threads take their turns from one counter, so that it is
/// exact whoever asks.
#[derive(Debug)]
pub(super) struct RoundRobin {
    cycle: Box<[u16]>,
    turn: AtomicUsize,
}

impl RoundRobin {
    pub(super) fn new(weights: &[u32]) -> Self {
        Self { cycle: cycle(&reduced(weights)), turn: AtomicUsize::new(0) }
    }

    /// Who cannot be asked loses its turn, and the next ones get it by their weights.
    pub(super) fn pick(&self, view: &dyn View) -> Option<usize> {
        let count = self.cycle.len();
        (0..count).find_map(|_| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let at = usize::from(*self.cycle.get(turn % count)?);
            view.is_there(at).then_some(at)
        })
    }
}

/// The weights over their greatest common divisor, and in a cycle that is not too long.
fn reduced(weights: &[u32]) -> Vec<u64> {
    let mut weights: Vec<u64> = weights.iter().copied().map(u64::from).collect();
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor).max(1);
    for weight in &mut weights {
        *weight /= divisor;
    }
    let total: u64 = weights.iter().sum();
    if total > LONGEST {
        for weight in weights.iter_mut().filter(|weight| **weight > 0) {
            *weight = (*weight * LONGEST / total).max(1);
        }
    }
    weights
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// A cycle in which the turns of each are spread: whoever is owed most is next, and pays all.
fn cycle(weights: &[u64]) -> Box<[u16]> {
    let total: u64 = weights.iter().sum();
    let mut owed: Vec<i128> = vec![0; weights.len()];
    let mut cycle = Vec::new();
    for _ in 0..total {
        for (owed, weight) in owed.iter_mut().zip(weights) {
            *owed += i128::from(*weight);
        }
        let mut most: Option<(usize, i128)> = None;
        for (at, owed) in owed.iter().enumerate() {
            if most.is_none_or(|(_, best)| *owed > best) {
                most = Some((at, *owed));
            }
        }
        let Some((at, _)) = most else { break };
        if let Some(owed) = owed.get_mut(at) {
            *owed -= i128::from(total);
        }
        cycle.push(u16::try_from(at).unwrap_or_default());
    }
    cycle.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::for_test::Said;
    use super::*;

    fn picks(picker: &RoundRobin, view: &Said, count: usize) -> Vec<usize> {
        (0..count).filter_map(|_| picker.pick(view)).collect()
    }

    fn counts(picks: &[usize], members: usize) -> Vec<usize> {
        (0..members).map(|at| picks.iter().filter(|pick| **pick == at).count()).collect()
    }

    #[test]
    fn turns_are_spread_over_the_cycle() {
        let picker = RoundRobin::new(&[5, 1, 1]);
        assert_eq!(picks(&picker, &Said::default(), 7), [0, 0, 1, 0, 2, 0, 0]);
        let picker = RoundRobin::new(&[8, 2]);
        assert_eq!(counts(&picks(&picker, &Said::default(), 10), 2), [8, 2]);
    }

    #[test]
    fn the_turns_of_one_that_is_out_go_to_all_others_by_weight() {
        let picker = RoundRobin::new(&[1, 1, 1]);
        assert_eq!(picks(&picker, &Said::without(&[0]), 4), [1, 2, 1, 2]);
        let picker = RoundRobin::new(&[4, 2, 1]);
        assert_eq!(counts(&picks(&picker, &Said::without(&[0]), 300), 3), [0, 200, 100]);
        assert_eq!(picker.pick(&Said::without(&[0, 1, 2])), None);
    }

    #[test]
    fn weight_0_has_no_turn() {
        let picker = RoundRobin::new(&[0, 3]);
        assert_eq!(picks(&picker, &Said::default(), 3), [1, 1, 1]);
        assert_eq!(RoundRobin::new(&[0]).pick(&Said::default()), None);
        assert_eq!(RoundRobin::new(&[]).pick(&Said::default()), None);
    }

    #[test]
    fn threads_together_have_an_exact_cycle() {
        let picker = RoundRobin::new(&[3, 2, 1]);
        let all: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..6).map(|_| scope.spawn(|| picks(&picker, &Said::default(), 1_000))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(counts(&all, 3), [3_000, 2_000, 1_000]);
    }

    proptest! {
        #[test]
        fn every_cycle_is_exact(weights in prop::collection::vec(0_u32..20, 1..8)) {
            let picker = RoundRobin::new(&weights);
            let reduced = reduced(&weights);
            let length = usize::try_from(reduced.iter().sum::<u64>()).unwrap();
            for _ in 0..3 {
                let counts = counts(&picks(&picker, &Said::default(), length), weights.len());
                let counts: Vec<u64> = counts.into_iter().map(|count| count as u64).collect();
                prop_assert_eq!(&counts, &reduced);
            }
        }

        #[test]
        fn large_weights_keep_their_proportions(a in 1_u32..u32::MAX, b in 1_u32..u32::MAX) {
            let reduced = reduced(&[a, b]);
            prop_assert!(reduced.iter().sum::<u64>() <= LONGEST + 2);
            let (wanted, got) = (
                f64::from(a) / (f64::from(a) + f64::from(b)),
                f64::from(u32::try_from(reduced[0]).unwrap())
                    / f64::from(u32::try_from(reduced[0] + reduced[1]).unwrap()),
            );
            prop_assert!((wanted - got).abs() < 0.001, "{} {}", wanted, got);
        }
    }
}
