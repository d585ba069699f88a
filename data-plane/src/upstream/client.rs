use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Request, Url};
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, AnswerBody};
use super::call::{Body, Call, carried};
use super::egress::Egress;
use super::endpoint::Transport;
use super::error::{Refusal, Stage, UpstreamError};
use super::tls;
use crate::exchange::Account;

/// How many transports a worker keeps a pool for; the one unused for longest goes first.
const POOLS: usize = 64;

/// The connections of one worker, which lives on that worker's thread.
#[derive(Default)]
pub struct Upstream {
    /// The most recently used one first. A few entries, so walking beats hashing.
    pools: RefCell<Vec<Pool>>,
}

struct Pool {
    transport: Transport,
    tls: bool,
    client: Client,
}

impl Upstream {
    /// Sends a call and waits for the head of its answer. `account` is told of the attempt and of
    /// the time spent waiting.
    pub async fn send(&self, call: Call<'_>, account: &Account) -> Result<Answer, UpstreamError> {
        let began = Instant::now();
        account.upstream_began(began);
        let answer = self.execute(call, began).await;
        let ended = answer.as_ref().map_or_else(|_| Instant::now(), |answer| answer.body.last());
        account.upstream_ended(ended);
        answer
    }

    /// The same for what is no attempt at an answer: a token, a picture, a list.
    pub async fn fetch(&self, call: Call<'_>) -> Result<Answer, UpstreamError> {
        self.execute(call, Instant::now()).await
    }

    async fn execute(&self, call: Call<'_>, began: Instant) -> Result<Answer, UpstreamError> {
        let Call { endpoint, url, method, headers, body, deadlines, most } = call;
        // What an endpoint's calls carry is for its host alone.
        if !endpoint.is_home_of(&url) {
            return Err(UpstreamError::Forbidden);
        }
        let mut transport = *endpoint.transport();
        transport.connect_timeout = deadlines.connect.unwrap_or(transport.connect_timeout);
        check_literal(&url, &transport)?;
        let client = self.client(&url, &transport)?;
        let mut request = Request::new(method, url.into_owned());
        *request.headers_mut() = headers;
        match body {
            Body::Empty => {}
            Body::Whole(bytes) => *request.body_mut() = Some(bytes.into()),
            Body::Streamed(payload) => *request.body_mut() = Some(carried(payload)),
        }
        let end = began + deadlines.total;
        let (head, stage) = match deadlines.first_token {
            Some(first) if first < deadlines.head => (first, Stage::FirstToken),
            _ => (deadlines.head, Stage::Head),
        };
        let answer = timeout_at(end.min(began + head), client.execute(request)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(UpstreamError::classify(&error)),
            Err(_) => return Err(UpstreamError::Timeout(stage)),
        };
        let (head, body) = http::Response::from(answer).into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: AnswerBody::new(body, deadlines.idle, end, most),
        })
    }

    fn client(&self, url: &Url, transport: &Transport) -> Result<Client, UpstreamError> {
        let tls = url.scheme() == "https";
        let mut pools = self.pools.borrow_mut();
        let found = pools.iter().position(|pool| pool.tls == tls && pool.transport == *transport);
        match found {
            Some(0) => {}
            Some(at) => pools.swap(at, at - 1),
            None => {
                let client = build(transport, tls)?;
                pools.truncate(POOLS - 1);
                pools.insert(0, Pool { transport: *transport, tls, client });
            }
        }
        let at = found.map_or(0, |at| at.saturating_sub(1));
        pools
            .get(at)
            .map(|pool| pool.client.clone())
            .ok_or_else(|| UpstreamError::Connect("no pool".to_owned()))
    }
}

/// A resolver never sees an address that stands in the URL itself.
fn check_literal(url: &Url, transport: &Transport) -> Result<(), UpstreamError> {
    let literal = match url.host() {
        Some(url::Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(url::Host::Ipv6(v6)) => IpAddr::V6(v6),
        _ => return Ok(()),
    };
    if transport.egress.allows(literal) { Ok(()) } else { Err(UpstreamError::Forbidden) }
}

fn build(transport: &Transport, tls: bool) -> Result<Client, UpstreamError> {
    let config = if tls { tls::system() } else { tls::none() };
    let config = config.map_err(|error| UpstreamError::Tls(error.to_string()))?;
    #[expect(clippy::disallowed_methods, reason = "this is the one place that connects")]
    let builder = Client::builder();
    builder
        .tls_backend_preconfigured(config)
        .connect_timeout(transport.connect_timeout)
        .dns_resolver(Arc::new(Door { egress: transport.egress, address: transport.address }))
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_mins(1))
        .pool_max_idle_per_host(transport.keep.connections)
        .pool_idle_timeout(transport.keep.time)
        .build()
        .map_err(|error| UpstreamError::Connect(error.to_string()))
}

/// Resolves names, and lets only addresses through that may be called: checked on the very
/// addresses that are then connected to.
struct Door {
    egress: Egress,
    address: Option<IpAddr>,
}

impl Resolve for Door {
    fn resolve(&self, name: Name) -> Resolving {
        let (egress, address) = (self.egress, self.address);
        Box::pin(async move {
            let found: Vec<SocketAddr> = match address {
                Some(address) => vec![SocketAddr::new(address, 0)],
                None => tokio::net::lookup_host((name.as_str(), 0))
                    .await
                    .map_err(|error| Refusal::Dns(error.to_string()))?
                    .collect(),
            };
            if found.is_empty() {
                return Err(Refusal::Dns("no address".to_owned()).into());
            }
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|found| egress.allows(found.ip())).collect();
            if allowed.is_empty() {
                return Err(Refusal::Forbidden.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
