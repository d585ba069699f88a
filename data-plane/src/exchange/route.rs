//! Finds the route: the most specific one whose plugins take the request. Where that depends on the
//! body, it is read here, and given back for whoever reads it next.

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::router::{Body, RouteQuery};
use crate::snapshot::{Matched, Pipeline};

/// Makes the exchange of the first candidate with `open`, and gives it the first candidate that its
/// plugins accept.
pub(crate) async fn route<'a>(
    query: RouteQuery<'a>,
    mut candidates: impl Iterator<Item = Matched> + 'a,
    open: impl FnOnce(Matched) -> Exchange,
    no_route: impl FnOnce() -> GatewayError,
) -> Result<(Exchange, Pipeline), GatewayError> {
    let Some(first) = candidates.next() else { return Err(no_route()) };
    let mut exchange = open(first);
    loop {
        if exchange.matched.open {
            let found = Box::pin(by_body(query, candidates, exchange)).await?;
            return found.ok_or_else(no_route);
        }
        if let Some(pipeline) = taken(&mut exchange)? {
            return Ok((exchange, pipeline));
        }
        match candidates.next() {
            Some(next) => exchange.matched = next,
            None => return Err(no_route()),
        }
    }
}

/// The same from a candidate on that the body decides.
async fn by_body(
    query: RouteQuery<'_>,
    mut candidates: impl Iterator<Item = Matched>,
    mut exchange: Exchange,
) -> Result<Option<(Exchange, Pipeline)>, GatewayError> {
    let bytes = exchange.body(usize::MAX, |_| Ok(())).await?;
    exchange.give_back(bytes.clone());
    let body = Body::of(&bytes, query.headers);
    loop {
        if exchange.matched.is_met_by(&query, &body)
            && let Some(pipeline) = taken(&mut exchange)?
        {
            return Ok(Some((exchange, pipeline)));
        }
        match candidates.next() {
            Some(next) => exchange.matched = next,
            None => return Ok(None),
        }
    }
}

/// What the request passes on its route; none where a plugin of the route does not take it.
fn taken(exchange: &mut Exchange) -> Result<Option<Pipeline>, GatewayError> {
    let pipeline = Pipeline::of(&exchange.snapshot, &exchange.matched)?;
    if let Some(stripped) = pipeline.stripped(exchange.path()) {
        exchange.matched.stripped = exchange.matched.stripped.max(stripped);
    }
    Ok(pipeline.accepts(exchange).then_some(pipeline))
}
