use std::sync::atomic::{AtomicUsize, Ordering};

use super::View;

/// What a million tokens cost, in whatever currency all targets of a pool have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
    /// Of the input.
    pub(crate) input: f64,
    /// Of the output.
    pub(crate) output: f64,
}

impl Price {
    /// One number to compare: output counts three times, as Otoroshi's routers have it.
    fn compared(self) -> f64 {
        self.output.mul_add(3.0, self.input)
    }
}

/// The one that costs least; those that cost the same take turns, and those of which no price is known
/// come last.
#[derive(Debug)]
pub(super) struct Cheapest {
    prices: Box<[f64]>,
    turn: AtomicUsize,
}

impl Cheapest {
    pub(super) fn new(prices: Vec<Option<Price>>) -> Self {
        let compared = |price: Option<Price>| price.map_or(f64::INFINITY, Price::compared);
        Self { prices: prices.into_iter().map(compared).collect(), turn: AtomicUsize::new(0) }
    }

    pub(super) fn pick(&self, view: &dyn View) -> Option<usize> {
        let there = || self.prices.iter().enumerate().filter(|(at, _)| view.is_there(*at));
        let least = there().map(|(_, price)| *price).min_by(f64::total_cmp)?;
        let equal = || there().filter(|(_, price)| price.total_cmp(&least).is_eq());
        let nth = match equal().count() {
            0 | 1 => 0,
            count => self.turn.fetch_add(1, Ordering::Relaxed) % count,
        };
        equal().nth(nth).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    #[test]
    fn the_next_cheapest_follows_and_unknown_prices_come_last() {
        let price = |input, output| Some(Price { input, output });
        let picker = Cheapest::new(vec![None, price(1.0, 2.0), price(2.0, 1.0), price(9.0, 9.0)]);
        let mut out = Vec::new();
        let mut order = Vec::new();
        while let Some(at) = picker.pick(&Said::without(&out)) {
            order.push(at);
            out.push(at);
        }
        assert_eq!(order, [2, 1, 3, 0]);
    }

    #[test]
    fn equal_prices_take_turns() {
        let price = Some(Price { input: 1.0, output: 1.0 });
        let picker = Cheapest::new(vec![price, None, price]);
        let picks: Vec<usize> = (0..4).filter_map(|_| picker.pick(&Said::default())).collect();
        assert_eq!(picks, [0, 2, 0, 2]);
    }
}
