//! Takes what a request may use, from all of its limits or from none.

use std::sync::Arc;

use sanmon_shared::counters::{Counted, Take};

use super::claims::Claim;
use super::counter::{Now, Want};
use super::refusal::{refused, unavailable};
use super::reservation::{Place, Reservation, Reserved, Took};
use super::shared::{Away, Shared};
use super::subject::{BETWEEN, shorten};
use super::table::Entry;
use super::{Guess, Limiter, Measure, Rule, WhenUnavailable, rule};
use crate::error::GatewayError;
use crate::exchange::Exchange;

/// What a request is about to ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size<'a> {
    /// As the provider calls it; may be empty.
    pub(crate) model: &'a str,
    /// The provider that is asked first: its id. Empty where no model is asked: then no tokens count.
    pub(crate) provider: &'a str,
    /// What goes in, guessed from its size.
    pub(crate) input_tokens: u64,
    /// The most that may come out, where something bounds it.
    pub(crate) max_output: Option<u64>,
}

/// Takes what the request may use. Later calls for the same request take nothing more, unless what
/// refused were limits of the provider that was to be asked. An error says which limit is reached, and
/// when trying again may help.
pub(crate) async fn reserve(exchange: &Exchange, size: &Size<'_>) -> Result<(), GatewayError> {
    let limits = &exchange.limits;
    if limits.is_empty() {
        return Ok(());
    }
    if let Some(decided) = &*limits.decided.borrow() {
        return decided.clone();
    }
    // Of two attempts at once, one takes.
    limits.decided.replace(Some(Ok(())));
    let taken = match take(exchange, size) {
        Ok(Taken { reservation, asked }) if asked.is_empty() => {
            keep(exchange, reservation);
            Ok(())
        }
        // Apart, so that what asks nobody stays small.
        Ok(taken) => Box::pin(take_shared(exchange, taken)).await,
        Err(refusal) => Err(refusal),
    };
    taken.map_err(|Refusal { error, of_provider }| {
        limits.decided.replace((!of_provider).then(|| Err(error.clone())));
        error
    })
}

/// That a limit refuses.
struct Refusal {
    error: GatewayError,
    /// Another provider may have something left.
    of_provider: bool,
}

impl Refusal {
    fn of(claim: &Claim, error: GatewayError) -> Self {
        Self { error, of_provider: claim.rule.depends_on_provider() }
    }
}

impl From<GatewayError> for Refusal {
    fn from(error: GatewayError) -> Self {
        Self { error, of_provider: false }
    }
}

/// Writes what a counter is called without the provider: the rule, how it counts, for whom.
fn name(
    key: &mut String,
    claim: &Claim,
    exchange: &Exchange,
    size: &Size<'_>,
) -> Result<(), GatewayError> {
    let rule = &claim.rule;
    key.clear();
    key.push_str(&rule.id);
    key.push(BETWEEN);
    key.push(rule::tag(claim.quota));
    key.push(BETWEEN);
    if let Some(subject) = &claim.subject {
        let from = key.len();
        key.push_str(subject);
        shorten(key, from);
        key.push(BETWEEN);
    }
    rule.subject.write(key, exchange, size)
}

/// What the store is asked for, and by which claim.
struct Asked {
    claim: usize,
    entry: Arc<Entry>,
    want: Want,
    lease: u128,
}

/// What was taken here, and what the store is to be asked for.
struct Taken {
    /// Gives everything back where it is not kept.
    reservation: Reservation,
    asked: Vec<Asked>,
}

/// Takes from the counters of this data plane.
fn take(exchange: &Exchange, size: &Size<'_>) -> Result<Taken, Refusal> {
    let limiter = &exchange.worker.limiter;
    let now = limiter.now_at(exchange.at);
    let claims = &exchange.limits.list;
    let counters = &exchange.worker.counters;
    let mut key = counters.key();
    let parts = Vec::with_capacity(claims.len());
    let mut reservation = Reservation { limiter: Arc::clone(limiter), parts };
    let mut asked = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let rule = &claim.rule;
        name(&mut key, claim, exchange, size)?;
        let counts = rule.providers.admit(size.provider)
            && !(rule.measure.is_guessed() && size.provider.is_empty());
        reservation.parts.push(Reserved {
            rule: Arc::clone(rule),
            quota: claim.quota,
            subject: rule.depends_on_provider().then(|| key.as_str().into()),
            taken: None,
            input: size.input_tokens,
        });
        if !counts {
            continue;
        }
        rule.complete(&mut key, size.provider);
        let entry = counters.entry(&limiter.table, &key, claim.quota, now);
        let want = if claim.looks { LOOK } else { want(rule, size, &entry) };
        if limiter.shared_by(rule).is_some() {
            // Somebody else may be asked: that is not worth a question whose answer is known.
            if let Some(wait) = entry.barred(now).filter(|_| rule.depends_on_provider()) {
                return Err(Refusal::of(claim, refused(limiter, claim, wait)));
            }
            asked.push(Asked { claim: index, entry, want, lease: limiter.lease() });
        } else {
            take_here(&mut reservation, claims, index, entry, want, now)?;
        }
    }
    Ok(Taken { reservation, asked })
}

/// Holds what was taken until the request ends.
fn keep(exchange: &Exchange, mut reservation: Reservation) {
    // A request that was let in counts, whatever becomes of it.
    reservation.parts.retain(|part| !matches!(part.rule.measure, Measure::Requests));
    if !reservation.parts.is_empty() {
        exchange.account.reserved(reservation);
    }
}

/// Takes nothing.
const LOOK: Want = Want { amount: 0, estimated: false };

fn want(rule: &Rule, size: &Size<'_>, entry: &Entry) -> Want {
    let output = match (rule.guess, size.max_output) {
        (Guess::Declared, Some(most)) => most,
        (Guess::Learned, Some(most)) => most.min(entry.learned()),
        (_, None) => entry.learned(),
    };
    let estimated = rule.measure.is_guessed();
    Want { amount: rule.measure.guess(size, output).max(1), estimated }
}

/// Takes from a counter of this data plane.
fn take_here(
    reservation: &mut Reservation,
    claims: &[Claim],
    index: usize,
    entry: Arc<Entry>,
    want: Want,
    now: Now,
) -> Result<(), Refusal> {
    let (Some(claim), Some(part)) = (claims.get(index), reservation.parts.get_mut(index)) else {
        return Ok(());
    };
    if claim.looks {
        let counted = entry.counter.look(claim.quota, now);
        return look(&reservation.limiter, claim, counted.unwrap_or_else(|| unused(claim)));
    }
    match entry.counter.take(claim.quota, want, now) {
        Ok(held) => {
            claim.counted.set(Some(held.counted));
            part.taken = Some(Took { entry, want, place: Place::Local(held.window) });
            Ok(())
        }
        Err(full) => {
            claim.counted.set(Some(full.counted));
            Err(Refusal::of(claim, refused(&reservation.limiter, claim, full.wait)))
        }
    }
}

/// How a counter stands of which nobody has taken anything.
fn unused(claim: &Claim) -> Counted {
    Counted { remaining: claim.quota.most(), ..Counted::default() }
}

/// Refuses where nothing is left.
fn look(limiter: &Limiter, claim: &Claim, counted: Counted) -> Result<(), Refusal> {
    claim.counted.set(Some(counted));
    match counted.remaining {
        0 => Err(Refusal::of(claim, refused(limiter, claim, counted.reset))),
        _ => Ok(()),
    }
}

/// Takes the rest, of which the store has to be asked.
async fn take_shared(exchange: &Exchange, taken: Taken) -> Result<(), Refusal> {
    let limiter = &exchange.worker.limiter;
    let claims = &exchange.limits.list;
    let Taken { mut reservation, asked } = taken;
    if let Some(shared) = &limiter.shared {
        ask(&mut reservation, claims, shared, asked, limiter.now()).await?;
    }
    keep(exchange, reservation);
    Ok(())
}

/// Takes from the counters that data planes share; where these are away, as each rule says.
async fn ask(
    reservation: &mut Reservation,
    claims: &[Claim],
    shared: &Shared,
    asked: Vec<Asked>,
    now: Now,
) -> Result<(), Refusal> {
    let takes: Vec<Take> = asked
        .iter()
        .filter_map(|one| {
            Some(Take {
                key: Arc::clone(&one.entry.key),
                quota: claims.get(one.claim)?.quota,
                amount: one.want.amount,
                estimated: one.want.estimated,
                lease: one.lease,
            })
        })
        .collect();
    let taken = match shared.take(&takes).await {
        Ok(taken) => taken,
        Err(Away) => return take_alone(reservation, claims, asked, now),
    };
    let refuses = taken.refused.map(|(index, _)| index);
    let mut looked = Ok(());
    for (index, (one, counted)) in asked.into_iter().zip(taken.counted).enumerate() {
        let (Some(claim), Some(part)) =
            (claims.get(one.claim), reservation.parts.get_mut(one.claim))
        else {
            continue;
        };
        claim.counted.set(Some(counted));
        let Asked { entry, want, lease, .. } = one;
        match taken.refused {
            Some((_, wait)) if refuses == Some(index) => {
                entry.bar(wait, now);
                return Err(Refusal::of(claim, refused(&reservation.limiter, claim, wait)));
            }
            Some(_) => {}
            None if claim.looks => {
                looked = looked.and_then(|()| look(&reservation.limiter, claim, counted));
            }
            None => {
                if matches!(claim.rule.measure, Measure::Concurrency) {
                    shared.hold(&entry.key, lease);
                }
                let place = Place::Shared { mark: counted.mark, lease };
                part.taken = Some(Took { entry, want, place });
            }
        }
    }
    looked
}

/// The store is away.
fn take_alone(
    reservation: &mut Reservation,
    claims: &[Claim],
    asked: Vec<Asked>,
    now: Now,
) -> Result<(), Refusal> {
    for Asked { claim: index, entry, want, .. } in asked {
        let Some(claim) = claims.get(index) else { continue };
        match reservation.limiter.shared_by(&claim.rule) {
            Some((_, WhenUnavailable::Allow)) => {}
            Some((_, WhenUnavailable::Refuse)) => return Err(unavailable(claim).into()),
            Some((_, WhenUnavailable::Local)) | None => {
                take_here(reservation, claims, index, entry, want, now)?;
            }
        }
    }
    Ok(())
}
