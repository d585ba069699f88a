//! Otoroshi's admin API asked as its tools do, over a store in memory.

mod bulk;
mod command_line;
mod errors;
mod forms;
mod legacy;
mod lists;
mod seeds;
mod verbs;

use std::sync::Arc;

use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};

use crate::admin::tests::fixture::{self, Fixture};
use crate::configuration::tests::catalogue::TestCatalogue;
use crate::store::Retention;

const ROUTES: &str = "/apis/proxy.otoroshi.io/v1/routes";
const BACKENDS: &str = "/apis/proxy.otoroshi.io/v1/backends";
const APIKEYS: &str = "/apis/apim.otoroshi.io/v1/apikeys";
const PROVIDERS: &str = "/apis/ai-gateway.extensions.cloud-apim.com/v1/providers";
const PROMPTS: &str = "/apis/ai-gateway.extensions.cloud-apim.com/v1/prompts";

/// With the plugins that the guides of Otoroshi name.
async fn fixture()
-> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    fixture::with(Retention::default(), Arc::new(TestCatalogue::new())).await
}
