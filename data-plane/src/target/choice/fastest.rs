use super::{Dice, View};

/// So many of [`ALL`] go to any, to see how those do now that are not the fastest.
pub(super) const EXPLORED: u16 = 32;

/// Of so many requests.
pub(super) const ALL: u16 = 1024;

/// The one whose first content comes soonest. Those of which nothing is known come first, and now and
/// then another is taken, so that one that became quick is found out.
#[derive(Debug)]
pub(super) struct Fastest {
    count: usize,
    /// So many of [`ALL`] go to any.
    others: u16,
    dice: Dice,
}

impl Fastest {
    pub(super) fn new(count: usize, others: u16, dice: Dice) -> Self {
        Self { count, others, dice }
    }

    pub(super) fn pick(&self, view: &dyn View) -> Option<usize> {
        let there = |at: &usize| view.is_there(*at);
        let unknown = |at: &usize| there(at) && view.latency(*at).is_none();
        if let Some(at) = self.one_of(unknown) {
            return Some(at);
        }
        if self.dice.below(ALL.into()) < self.others.into() {
            return self.one_of(there);
        }
        let mut best: Option<(usize, f64)> = None;
        for at in (0..self.count).filter(there) {
            let millis = view.latency(at).unwrap_or_default();
            if best.is_none_or(|(_, least)| millis < least) {
                best = Some((at, millis));
            }
        }
        best.map(|(at, _)| at)
    }

    fn one_of(&self, is_in: impl Fn(&usize) -> bool) -> Option<usize> {
        let count = (0..self.count).filter(&is_in).count();
        let nth = usize::try_from(self.dice.below(count as u64)).unwrap_or_default();
        (0..self.count).filter(is_in).nth(nth)
    }
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    fn counts(picker: &Fastest, view: &Said) -> [u32; 3] {
        let mut counts = [0; 3];
        for _ in 0..3_200 {
            counts[picker.pick(view).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn the_fastest_has_nearly_all_and_the_others_are_looked_at() {
        let picker = Fastest::new(3, EXPLORED, Dice::seeded(5));
        let view = Said { latency: vec![Some(300.0), Some(100.0), Some(200.0)], ..Said::default() };
        let counts = counts(&picker, &view);
        assert!(counts[1] > 3_000, "{counts:?}");
        assert!(counts[0] > 10 && counts[2] > 10, "{counts:?}");
    }

    #[test]
    fn a_part_may_go_to_any() {
        let picker = Fastest::new(3, ALL / 2, Dice::seeded(5));
        let view = Said { latency: vec![Some(300.0), Some(100.0), Some(200.0)], ..Said::default() };
        let counts = counts(&picker, &view);
        assert!((1_900..2_400).contains(&counts[1]), "{counts:?}");
        assert!(counts[0] > 400 && counts[2] > 400, "{counts:?}");
    }

    #[test]
    fn the_unknown_are_asked_first() {
        let picker = Fastest::new(3, EXPLORED, Dice::seeded(5));
        let view = Said { latency: vec![None, Some(1.0), None], ..Said::default() };
        let counts = counts(&picker, &view);
        assert_eq!(counts[1], 0);
        assert!(counts[0] > 1_000 && counts[2] > 1_000, "{counts:?}");
        assert_eq!(picker.pick(&Said { out: vec![0, 2], ..view }), Some(1));
        assert_eq!(picker.pick(&Said::without(&[0, 1, 2])), None);
    }
}
