//! Finds the route: the most specific one whose plugins take the request.

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::snapshot::{Matched, Pipeline};

/// Makes the exchange of the first candidate with `open`, and gives it the first candidate that its
/// plugins accept.
pub(crate) fn route<'a>(
    mut candidates: impl Iterator<Item = Matched> + 'a,
    open: impl FnOnce(Matched) -> Exchange,
    no_route: impl FnOnce() -> GatewayError,
) -> Result<(Exchange, Pipeline), GatewayError> {
    let Some(first) = candidates.next() else { return Err(no_route()) };
    let mut exchange = open(first);
    loop {
        let pipeline = Pipeline::of(&exchange.snapshot, &exchange.matched)?;
        if pipeline.accepts(&exchange) {
            return Ok((exchange, pipeline));
        }
        match candidates.next() {
            Some(next) => exchange.matched = next,
            None => return Err(no_route()),
        }
    }
}
