use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::egress::Egress;

/// How connections are made; calls with equal transports share a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Until the connection stands, TLS included.
    pub connect_timeout: Duration,
    /// Which addresses may be called.
    pub egress: Egress,
    /// The address to connect to instead of resolving the host's name.
    pub address: Option<IpAddr>,
    /// How connections are kept.
    pub keep: Keep,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            egress: Egress::Configured,
            address: None,
            keep: Keep::default(),
        }
    }
}

/// The connections that a pool keeps open to one host while nobody uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// For how long.
    pub time: Duration,
    /// So many.
    pub connections: usize,
}

impl Default for Keep {
    /// As many as streams may run at once, so that a second wave connects to nobody.
    fn default() -> Self {
        Self { time: Duration::from_secs(55), connections: 2_048 }
    }
}

/// Where calls go, parsed when the snapshot is built. The credentials that were configured for its
/// host are kept here and travel nowhere else.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    transport: Transport,
    headers: HeaderMap,
    /// Hosts below its own are of the same site.
    subdomains: bool,
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL.
    #[error("not a URL: {0}")]
    Url(String),
    /// It is one, of another scheme.
    #[error("only http:// and https:// can be called")]
    Scheme,
    /// It says who calls, which belongs into a header.
    #[error("a URL may not hold a user or a password")]
    Credentials,
}

impl Endpoint {
    /// The endpoint at `url`, an absolute `http:` or `https:` address.
    pub fn new(url: &str, transport: Transport) -> Result<Self, EndpointError> {
        let mut url = Url::parse(url).map_err(|error| EndpointError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        url.set_fragment(None);
        Ok(Self { url, transport, headers: HeaderMap::new(), subdomains: false })
    }

    /// Sends this header with every call, credentials among them.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Lets calls go to hosts below its own too: for vendors that have one per model.
    #[must_use]
    pub fn with_subdomains(mut self) -> Self {
        self.subdomains = true;
        self
    }

    /// Whether an address is of the same scheme, host and port.
    pub fn is_home_of(&self, url: &Url) -> bool {
        self.url.scheme() == url.scheme()
            && self.url.port_or_known_default() == url.port_or_known_default()
            && (self.url.host() == url.host() || (self.subdomains && self.is_above(url)))
    }

    fn is_above(&self, url: &Url) -> bool {
        let (Some(own), Some(host)) = (self.url.domain(), url.domain()) else { return false };
        host.strip_suffix(own).is_some_and(|below| below.ends_with('.'))
    }

    /// How it is reached.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// What every call carries.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// Tells the address only: headers may be credentials.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url.as_str())
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::new(url, Transport::default())
    }

    #[test]
    fn only_plain_addresses_of_http_are_endpoints() {
        assert!(endpoint("http://127.0.0.1:8080/v1/chat?x=1").is_ok());
        assert_eq!(endpoint("ftp://a/").unwrap_err(), EndpointError::Scheme);
        assert_eq!(endpoint("https://u:p@a/").unwrap_err(), EndpointError::Credentials);
        assert!(matches!(endpoint("a/b").unwrap_err(), EndpointError::Url(_)));
    }

    #[test]
    fn a_call_stays_with_its_host() {
        let home = endpoint("https://a/v1").unwrap();
        for (url, same) in [
            ("https://a/v2/x?y", true),
            ("https://a:443/", true),
            ("https://a:444/", false),
            ("http://a/", false),
            ("https://a.b/", false),
            ("https://b/", false),
        ] {
            assert_eq!(home.is_home_of(&Url::parse(url).unwrap()), same, "{url}");
        }
        let home = endpoint("https://a.example/").unwrap().with_subdomains();
        for (url, same) in [
            ("https://m.a.example/", true),
            ("https://ma.example/", false),
            ("https://example/", false),
            ("http://m.a.example/", false),
        ] {
            assert_eq!(home.is_home_of(&Url::parse(url).unwrap()), same, "{url}");
        }
    }

    #[test]
    fn debug_does_not_tell_headers() {
        let endpoint = endpoint("https://a/").unwrap().with_header(
            reqwest::header::AUTHORIZATION,
            HeaderValue::from_static("Bearer sk-canary"),
        );
        assert!(!format!("{endpoint:?}").contains("canary"));
    }
}
