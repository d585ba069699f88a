use super::random::Random;
use super::{Dice, View};

/// Of two that are drawn by weight, the one with less under way for its weight. Nearly as even as
/// asking all of them, without all callers running to the same one.
#[derive(Debug)]
pub(super) struct LeastBusy(Random);

impl LeastBusy {
    pub(super) fn new(weights: Box<[u32]>, dice: Dice) -> Self {
        Self(Random::new(weights, dice))
    }

    pub(super) fn pick(&self, view: &dyn View) -> Option<usize> {
        let first = self.0.draw(|at| view.is_there(at))?;
        let Some(second) = self.0.draw(|at| at != first && view.is_there(at)) else {
            return Some(first);
        };
        // What is under way over the weight, without dividing.
        let load = |at: usize, other: usize| {
            u64::from(view.in_flight(at)) * u64::from(self.0.weight(other))
        };
        Some(if load(second, first) < load(first, second) { second } else { first })
    }
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    #[test]
    fn the_busier_one_of_two_is_left_alone() {
        let picker = LeastBusy::new([1, 1].into(), Dice::seeded(1));
        let view = Said { in_flight: vec![3, 2], ..Said::default() };
        assert!((0..100).all(|_| picker.pick(&view) == Some(1)));
    }

    #[test]
    fn a_larger_one_may_be_busier() {
        let picker = LeastBusy::new([4, 1].into(), Dice::seeded(1));
        let view = Said { in_flight: vec![7, 2], ..Said::default() };
        assert!((0..100).all(|_| picker.pick(&view) == Some(0)));
    }

    #[test]
    fn of_many_the_busiest_is_never_taken() {
        let picker = LeastBusy::new([1; 5].into(), Dice::seeded(3));
        let view = Said { in_flight: vec![1, 1, 9, 1, 1], ..Said::default() };
        assert!((0..1_000).all(|_| picker.pick(&view) != Some(2)));
        let last = Said { out: vec![0, 1, 3, 4], ..view };
        assert_eq!(picker.pick(&last), Some(2), "unless it is the last one");
    }
}
