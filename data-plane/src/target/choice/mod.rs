//! Which of the targets of a tier a request goes to: a file per way of choosing.
//!
//! A choice is made among those that can be asked now; what that means is for [`View`] to say.

mod cheapest;
mod dice;
mod fastest;
mod hash;
mod least_busy;
mod random;
mod round_robin;
mod semantic;

pub(crate) use cheapest::Price;
pub(crate) use hash::HashOn;

use cheapest::Cheapest;
use dice::Dice;
use fastest::Fastest;
use hash::Ring;
use least_busy::LeastBusy;
use random::Random;
use round_robin::RoundRobin;

/// A way of choosing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Choice {
    /// In turn, by weight.
    #[default]
    RoundRobin,
    /// By chance, by weight.
    Random,
    /// The less busy one of two, by weight.
    LeastBusy,
    /// The one whose first content comes soonest.
    Fastest {
        /// So many of 1024 go to any of them.
        others: u16,
    },
    /// The one that costs least.
    Cheapest,
    /// The same one for the same value.
    Hash(HashOn),
    /// The one whose examples are most like what is asked, as its pool says.
    Semantic,
}

impl Choice {
    /// The one whose first content comes soonest; now and then another, to see how that does.
    pub(crate) const FASTEST: Self = Self::Fastest { others: fastest::EXPLORED };

    /// The same for this part of requests; the others go to any.
    pub(crate) fn fastest(part: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1024"
        )]
        let others = ((1.0 - part.clamp(0.0, 1.0)) * f64::from(fastest::ALL)) as u16;
        Self::Fastest { others: others.max(fastest::EXPLORED) }
    }
}

/// A target of a tier, as far as choices are concerned.
#[derive(Clone, Debug)]
pub(crate) struct Contender<'a> {
    /// Unlike that of any other.
    pub(crate) name: &'a str,
    pub(crate) weight: u32,
    pub(crate) price: Option<Price>,
}

/// The targets of a tier as they are now, by their places in it.
pub(crate) trait View {
    /// Whether it can be asked.
    fn is_there(&self, at: usize) -> bool;
    /// What is under way there.
    fn in_flight(&self, at: usize) -> u32;
    /// Milliseconds to its first content; none where that is not known.
    fn latency(&self, at: usize) -> Option<f64>;
    /// All of them in the order in which the request is put to them, where it has one of its own.
    fn order(&self) -> &[u16] {
        &[]
    }
}

/// A way of choosing, made for the targets of a tier.
#[derive(Debug)]
pub(crate) struct Picker(Way);

#[derive(Debug)]
enum Way {
    RoundRobin(RoundRobin),
    Random(Random),
    LeastBusy(LeastBusy),
    Fastest(Fastest),
    Cheapest(Cheapest),
    Ring(Ring),
    Semantic,
}

impl Picker {
    pub(crate) fn new(choice: &Choice, contenders: &[Contender<'_>]) -> Self {
        let weights = || contenders.iter().map(|one| one.weight).collect::<Box<[u32]>>();
        Self(match choice {
            Choice::RoundRobin => Way::RoundRobin(RoundRobin::new(&weights())),
            Choice::Random => Way::Random(Random::new(weights(), Dice::new())),
            Choice::LeastBusy => Way::LeastBusy(LeastBusy::new(weights(), Dice::new())),
            Choice::Fastest { others } => {
                Way::Fastest(Fastest::new(contenders.len(), *others, Dice::new()))
            }
            Choice::Cheapest => {
                Way::Cheapest(Cheapest::new(contenders.iter().map(|one| one.price).collect()))
            }
            Choice::Hash(_) => Way::Ring(Ring::new(contenders)),
            Choice::Semantic => Way::Semantic,
        })
    }

    /// One that can be asked; none where none can be. `hash` is of the request.
    pub(crate) fn pick(&self, view: &dyn View, hash: u64) -> Option<usize> {
        match &self.0 {
            Way::RoundRobin(picker) => picker.pick(view),
            Way::Random(picker) => picker.pick(view),
            Way::LeastBusy(picker) => picker.pick(view),
            Way::Fastest(picker) => picker.pick(view),
            Way::Cheapest(picker) => picker.pick(view),
            Way::Ring(picker) => picker.pick(view, hash),
            Way::Semantic => semantic::pick(view),
        }
    }
}

#[cfg(test)]
mod for_test {
    use super::View;

    /// Targets of which everything is said.
    #[derive(Clone, Debug, Default)]
    pub(super) struct Said {
        pub(super) out: Vec<usize>,
        pub(super) in_flight: Vec<u32>,
        pub(super) latency: Vec<Option<f64>>,
        pub(super) order: Vec<u16>,
    }

    impl Said {
        pub(super) fn without(out: &[usize]) -> Self {
            Self { out: out.to_vec(), ..Self::default() }
        }
    }

    impl View for Said {
        fn is_there(&self, at: usize) -> bool {
            !self.out.contains(&at)
        }

        fn in_flight(&self, at: usize) -> u32 {
            self.in_flight.get(at).copied().unwrap_or_default()
        }

        fn latency(&self, at: usize) -> Option<f64> {
            self.latency.get(at).copied().flatten()
        }

        fn order(&self) -> &[u16] {
            &self.order
        }
    }
}
