//! One attempt after the other, until one has an answer.

use std::time::Duration;

use super::hedge::hedged;
use super::{Failed, Trial, semantic};
use crate::exchange::Exchange;
use crate::target::{Candidate, Course};

/// Asks the candidates of `course` in turn, until one answers or no other may be asked. `attempt` asks
/// one; it fails only as long as its caller has not seen anything of its answer.
pub(crate) async fn run<A, T>(
    exchange: &Exchange,
    mut course: Course,
    attempt: A,
) -> Result<T, Box<Failed>>
where
    A: AsyncFn(&Candidate, &mut Trial) -> Result<T, Box<Failed>>,
{
    let Some(mut candidate) = course.next() else { return Err(Course::refusal().into()) };
    let mut told: Option<Box<Failed>> = None;
    let mut soonest: Option<Duration> = None;
    loop {
        let answer = match course.hedge_after() {
            None => one(exchange, &candidate, &attempt).await,
            // Apart, so that what is asked of one stays small.
            Some(_) => Box::pin(hedged(exchange, &mut course, candidate, &attempt)).await,
        };
        let failed = match answer {
            Ok(answer) => return Ok(answer),
            Err(failed) if course.is_single() => return Err(failed),
            Err(failed) => failed,
        };
        soonest = [soonest, failed.failure.retry_after].into_iter().flatten().min();
        // Who cannot be asked such a thing was not asked: that costs nothing, and says nothing where
        // somebody else was.
        let refuses = failed.is_refusal() && (!failed.is_of_limit() || course.goes_past_limits());
        let goes_on = refuses || course.goes_on(&failed.failure);
        let mut last = match told {
            Some(before) if refuses => before,
            _ => failed,
        };
        if goes_on && course.is_unsettled() {
            Box::pin(semantic::settle(exchange, &mut course)).await;
        }
        let Some(next) = goes_on.then(|| course.next()).flatten() else {
            if let Some(soonest) = soonest {
                last.wait_for(soonest);
            }
            return Err(last);
        };
        candidate = next;
        told = Some(last);
    }
}

/// Asks one.
pub(super) async fn one<A, T>(
    exchange: &Exchange,
    candidate: &Candidate,
    attempt: &A,
) -> Result<T, Box<Failed>>
where
    A: AsyncFn(&Candidate, &mut Trial) -> Result<T, Box<Failed>>,
{
    let mut trial = Trial::begin(exchange, candidate);
    let answer = attempt(candidate, &mut trial).await;
    if let Err(failed) = &answer {
        trial.failed(&failed.failure);
    }
    answer
}
