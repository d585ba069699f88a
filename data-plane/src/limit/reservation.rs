use std::sync::Arc;

use sanmon_shared::counters::{Quota, Settlement};

use super::counter::{Now, Want, Window};
use super::table::Entry;
use super::{Limiter, Rule};
use crate::exchange::Tokens;

/// What a request took of its limits and has still to settle: guesses that become known, and places
/// that are given back. Dropped unsettled it gives everything back.
pub(crate) struct Reservation {
    pub(super) limiter: Arc<Limiter>,
    pub(super) parts: Vec<Reserved>,
}

/// What was taken by one rule.
pub(super) struct Reserved {
    pub(super) rule: Arc<Rule>,
    pub(super) quota: Quota,
    /// What its counter is called without the provider, where it may turn out to be another one's.
    pub(super) subject: Option<Box<str>>,
    /// Nothing yet, or nothing at all: the rule is not for the provider that was to be asked.
    pub(super) taken: Option<Took>,
    pub(super) input: u64,
}

/// From which counter how much.
pub(super) struct Took {
    pub(super) entry: Arc<Entry>,
    pub(super) want: Want,
    pub(super) place: Place,
}

/// Whose counter it is.
pub(super) enum Place {
    /// This data plane's: the window from which it was taken.
    Local(Arc<Window>),
    /// That of all.
    Shared { mark: u64, lease: u128 },
}

/// How a request ended.
#[derive(Clone, Copy)]
pub(crate) struct Used<'a> {
    /// What was counted, or guessed of what came.
    pub(crate) tokens: Option<Tokens>,
    /// Who answered.
    pub(crate) provider: &'a str,
    /// The caller left while a provider worked for it: what went in is used, whatever would have come.
    pub(crate) abandoned: bool,
}

impl Reservation {
    /// Settles with what was used.
    pub(crate) fn settle(mut self, used: Used<'_>) {
        self.end(Some(used));
    }

    fn end(&mut self, used: Option<Used<'_>>) {
        if self.parts.is_empty() {
            return;
        }
        let now = self.limiter.now();
        for part in std::mem::take(&mut self.parts) {
            self.limiter.end(part, used, now);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl Reserved {
    /// What it comes to by its own measure.
    fn amount(&self, used: Option<Used<'_>>) -> u64 {
        let Some(used) = used else { return 0 };
        match used.tokens {
            Some(tokens) => self.rule.measure.used(&tokens),
            None if used.abandoned => {
                let input = Tokens { input: self.input, estimated: true, ..Tokens::default() };
                self.rule.measure.used(&input)
            }
            None => 0,
        }
    }
}

impl Limiter {
    /// Ends what one rule reserved. Where another provider answered than was to be asked, what its own
    /// counter was promised is given back, and the other's is charged.
    fn end(&self, mut part: Reserved, used: Option<Used<'_>>, now: Now) {
        let amount = part.amount(used);
        let guessed = part.rule.measure.is_guessed();
        let provider = used.map(|used| used.provider).filter(|id| !id.is_empty());
        let moved = provider.filter(|_| guessed).zip(part.subject.take()).map(|(id, subject)| {
            part.rule.providers.admit(id).then(|| {
                let mut key = String::from(subject);
                part.rule.complete(&mut key, id);
                key
            })
        });
        let stays = match (&moved, &part.taken) {
            (None, _) => true,
            (Some(Some(key)), Some(took)) => **key == *took.entry.key,
            (Some(_), _) => false,
        };
        if let Some(took) = part.taken.take() {
            if let Some(tokens) = used.and_then(|used| used.tokens).filter(|_| stays && guessed) {
                took.entry.learn(tokens.output);
            }
            self.correct(&part, took, if stays { amount } else { 0 }, now);
        }
        if let (false, Some(Some(key)), true) = (stays, moved, amount > 0) {
            self.charge(&part, &key, amount, now);
        }
    }

    /// Makes `amount` of what was taken.
    fn correct(&self, part: &Reserved, took: Took, amount: u64, now: Now) {
        let Took { entry, want, place } = took;
        match place {
            Place::Local(window) => {
                entry.counter.settle(part.quota, &window, want, amount, now);
            }
            Place::Shared { mark, lease } => {
                let Some(shared) = &self.shared else { return };
                let settlement = Settlement {
                    key: Arc::clone(&entry.key),
                    quota: part.quota,
                    change: difference(amount, want.amount),
                    mark,
                    estimated: want.estimated,
                    lease,
                };
                if part.rule.measure.is_guessed() {
                    shared.settle(settlement);
                } else {
                    shared.release(settlement);
                }
            }
        }
    }

    /// Counts what nobody had reserved.
    fn charge(&self, part: &Reserved, key: &str, amount: u64, now: Now) {
        if let Some((shared, _)) = self.shared_by(&part.rule) {
            return shared.settle(Settlement {
                key: key.into(),
                quota: part.quota,
                change: difference(amount, 0),
                mark: 0,
                estimated: false,
                lease: 0,
            });
        }
        self.table.entry(key, part.quota, now).counter.charge(part.quota, amount, now);
    }
}

fn difference(used: u64, taken: u64) -> i64 {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    signed(used).saturating_sub(signed(taken))
}
