//! `override-host`: targets are called by their own name. Without it they see the `Host` that the
//! caller sent.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin, Step};
use crate::exchange::Exchange;

/// The plugin.
pub struct OverrideHost;

/// It has nothing to set.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OverrideHostConfig)]
pub struct Config {}

impl Plugin for OverrideHost {
    const NAME: &'static str = "override-host";
    const ALIASES: &'static [&'static str] = &["cp:otoroshi.next.plugins.OverrideHost"];
    const ABOUT: &'static str = "Calls targets by their own host name instead of the caller's.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({})]
    }

    fn build(_: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        exchange.override_host = true;
        Step::NEXT
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn it_marks_the_exchange() {
        let mut exchange = Exchange::for_test(TestRequest::get());
        assert!(matches!(OverrideHost.request(&mut exchange), Step::Done(Ok(()))));
        assert!(exchange.override_host);
    }
}
