use super::{Dice, View};

/// By chance, by weight.
#[derive(Debug)]
pub(super) struct Random {
    weights: Box<[u32]>,
    dice: Dice,
}

impl Random {
    pub(super) fn new(weights: Box<[u32]>, dice: Dice) -> Self {
        Self { weights, dice }
    }

    pub(super) fn pick(&self, view: &dyn View) -> Option<usize> {
        self.draw(|at| view.is_there(at))
    }

    /// One of those for which `is_in` says yes.
    pub(super) fn draw(&self, is_in: impl Fn(usize) -> bool) -> Option<usize> {
        let those = || self.weights.iter().enumerate().filter(|(at, _)| is_in(*at));
        let total: u64 = those().map(|(_, weight)| u64::from(*weight)).sum();
        let mut rest = self.dice.below(total);
        those().find_map(|(at, weight)| {
            let weight = u64::from(*weight);
            if rest < weight {
                return Some(at);
            }
            rest -= weight;
            None
        })
    }

    /// Its weight.
    pub(super) fn weight(&self, at: usize) -> u32 {
        self.weights.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    #[test]
    fn each_has_its_part_of_the_picks() {
        let picker = Random::new([3, 0, 1].into(), Dice::seeded(7));
        let mut counts = [0_u32; 3];
        for _ in 0..4_000 {
            counts[picker.pick(&Said::default()).unwrap()] += 1;
        }
        assert!((2_850..3_150).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[1], 0);
        assert_eq!(picker.pick(&Said::without(&[0])), Some(2));
        assert_eq!(picker.pick(&Said::without(&[0, 2])), None);
    }
}
