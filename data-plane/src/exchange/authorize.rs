//! Lets the plugins before the backend have their say: who calls, may they, and what of the request
//! is changed.

use std::sync::Arc;

use actix_web::HttpResponse;
use sanmon_shared::catalogue::Phase;

use super::Exchange;
use crate::error::{Code, GatewayError};
use crate::plugin::Step;
use crate::snapshot::{Consumer, Pipeline, missing};

/// The first answer that a plugin gives without asking who calls.
pub(crate) fn preflight(
    exchange: &Exchange,
    pipeline: &Pipeline,
    path: &str,
) -> Option<Result<HttpResponse, GatewayError>> {
    for plugin in pipeline.plugins(Phase::Preflight, path) {
        match plugin {
            Err(error) => return Some(Err(error)),
            Ok(plugin) => {
                if let Some(answer) = plugin.preflight(exchange) {
                    return Some(Ok(answer));
                }
            }
        }
    }
    None
}

/// The plugins of the phase authorize, in their order; the consumer whose key they found, if it is one's.
/// The first error ends it.
pub(crate) async fn authorize(
    exchange: &mut Exchange,
    pipeline: &Pipeline,
    path: &str,
) -> Result<Option<Arc<Consumer>>, GatewayError> {
    for plugin in pipeline.plugins(Phase::Authorize, path) {
        match plugin?.authorize(exchange) {
            Step::Done(done) => done?,
            Step::Wait(wait) => wait.await?,
        }
    }
    let Some(key) = &exchange.key else { return Ok(None) };
    exchange.account.set_key(key.id.text());
    key.claim(&mut exchange.limits);
    let Some(id) = key.consumer() else { return Ok(None) };
    let consumer = exchange.snapshot.consumer(id).map(Arc::clone);
    let consumer = consumer.ok_or_else(|| missing("consumer", id.as_str()))?;
    exchange.account.set_consumer(consumer.id.text());
    if !consumer.enabled {
        let text = "the consumer of the API key is disabled";
        return Err(GatewayError::new(Code::InvalidApiKey, text));
    }
    exchange.consumer = Some(Arc::clone(&consumer));
    Ok(Some(consumer))
}

/// The plugins of the phase request, in their order. The first error ends it.
pub(crate) async fn prepare(
    exchange: &mut Exchange,
    pipeline: &Pipeline,
    path: &str,
) -> Result<(), GatewayError> {
    for plugin in pipeline.plugins(Phase::Request, path) {
        match plugin?.request(exchange) {
            Step::Done(done) => done?,
            Step::Wait(wait) => wait.await?,
        }
    }
    Ok(())
}
