use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use super::error::UpstreamError;
use super::tls;

/// How long connecting to the control plane may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client for the control plane that this data plane follows: an address from its settings, so
/// whichever that is may be called. Deadlines are for the caller to set.
pub fn control_client(https: bool) -> Result<Client, UpstreamError> {
    let config = if https { tls::system() } else { tls::none() };
    let config = config.map_err(|error| UpstreamError::Tls(error.to_string()))?;
    #[expect(clippy::disallowed_methods, reason = "connections are opened in this module")]
    let builder = Client::builder();
    builder
        .tls_backend_preconfigured(config)
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(15))
        .pool_max_idle_per_host(4)
        .build()
        .map_err(|error| UpstreamError::Connect(error.to_string()))
}
