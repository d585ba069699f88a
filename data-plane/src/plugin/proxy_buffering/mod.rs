//! `proxy-buffering`: taken because documents of APISIX have it. There it keeps the proxy from gathering
//! streams; here nothing gathers them, whatever it says.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin};

/// The plugin.
pub struct ProxyBuffering;

/// What it would do elsewhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ProxyBufferingConfig)]
pub struct Config {
    /// Nothing is gathered either way.
    #[serde(rename = "disable_proxy_buffering")]
    _disable_proxy_buffering: bool,
}

impl Plugin for ProxyBuffering {
    const NAME: &'static str = "proxy-buffering";
    const ABOUT: &'static str = "Has no effect: streams are never gathered here.";
    const PHASES: &'static [Phase] = &[];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"disable_proxy_buffering": true})]
    }

    fn build(_: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }
}
