//! Lets the plugins before the backend have their say: who calls, may they, and what of the request
//! is changed.

use actix_web::HttpResponse;
use sanmon_shared::catalogue::Phase;

use super::Exchange;
use crate::error::GatewayError;
use crate::plugin::Step;
use crate::snapshot::Pipeline;

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

/// The plugins of the phases authorize and request, in their order. The first error ends it.
pub(crate) async fn authorize(
    exchange: &mut Exchange,
    pipeline: &Pipeline,
    path: &str,
) -> Result<(), GatewayError> {
    for plugin in pipeline.plugins(Phase::Authorize, path) {
        match plugin?.authorize(exchange) {
            Step::Done(done) => done?,
            Step::Wait(wait) => wait.await?,
        }
    }
    if let Some(key) = &exchange.key {
        exchange.account.set_key(key.id.text());
    }
    for plugin in pipeline.plugins(Phase::Request, path) {
        match plugin?.request(exchange) {
            Step::Done(done) => done?,
            Step::Wait(wait) => wait.await?,
        }
    }
    Ok(())
}
