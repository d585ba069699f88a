//! Attempts beside one that is slow to begin.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use super::attempts::one;
use super::{Failed, Trial};
use crate::exchange::Exchange;
use crate::target::{Candidate, Course};

/// Asks `first`, and another candidate beside it each time that nothing has come for a while and one more
/// may be asked. Whoever has content first answers, and the others are dropped; where one fails, the
/// others go on.
pub(super) async fn hedged<A, T>(
    exchange: &Exchange,
    course: &mut Course,
    first: Candidate,
    attempt: &A,
) -> Result<T, Box<Failed>>
where
    A: AsyncFn(&Candidate, &mut Trial) -> Result<T, Box<Failed>>,
{
    let ask = async |candidate: Candidate| one(exchange, &candidate, attempt).await;
    let mut under_way = FuturesUnordered::new();
    under_way.push(ask(first));
    loop {
        let ended = match course.hedge_after() {
            None => under_way.next().await,
            Some(after) => match select(under_way.next(), pin!(sleep(after))).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => match course.hedge() {
                    Some(candidate) => {
                        under_way.push(ask(candidate));
                        continue;
                    }
                    None => under_way.next().await,
                },
            },
        };
        match ended {
            Some(Err(_)) if !under_way.is_empty() => {}
            Some(ended) => return ended,
            None => return Err(Course::refusal().into()),
        }
    }
}
