//! One request's life, a file per step: admit, route, authorize, prepare, call, answer, account.

mod account;
mod admit;
mod answer;
pub(crate) mod authorize;
mod body;
mod credential;
mod dry;
#[cfg(test)]
mod for_test;
mod meant;
mod request_id;
mod route;
mod serve;
mod shared;
mod tried;

use std::borrow::Cow;
use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap};
use smallvec::SmallVec;

pub(crate) use account::Record;
pub use account::{Account, Tokens};
pub use credential::Credential;
pub(crate) use meant::Meant;
pub use request_id::RequestId;
pub(crate) use serve::serve;
pub(crate) use shared::{Permit, Shared};
pub(crate) use tried::{Outcome, Tried, Tries};

use crate::limit::Claims;
use crate::prompts::PromptEdit;
use crate::snapshot::{Apikey, Consumer, Matched, Snapshot};
use crate::worker::Worker;

/// One request, from its first byte to the last of its answer, in one revision of the
/// configuration.
pub struct Exchange {
    /// What the caller sent; its path is whole, whatever the route strips.
    pub request: HttpRequest,
    /// The path, where it is not as the caller wrote it: see [`crate::router::path`].
    pub rewritten: Option<Box<str>>,
    /// The host, where a proxy that is trusted names another than the request: as
    /// [`crate::router::host`] gives it.
    pub forwarded_host: Option<Box<str>>,
    /// When the request came, in milliseconds since 1970.
    pub at: i64,
    /// The body, until somebody takes it.
    pub payload: Cell<Payload>,
    /// How long the body is that a plugin read and gave back, whatever the caller announced.
    pub given_back: Cell<Option<u64>>,
    /// Of the request, in every answer and log line.
    pub request_id: RequestId,
    /// The caller's address, behind trusted proxies too.
    pub client: IpAddr,
    /// Whether the caller came over TLS, behind trusted proxies too.
    pub secure: bool,
    /// The configuration that this request sees.
    pub snapshot: Arc<Snapshot>,
    /// The route, and how it matched.
    pub matched: Matched,
    /// Who calls, once a plugin has said so.
    pub key: Option<Arc<Apikey>>,
    /// Whose key it is, where it is a consumer's.
    pub consumer: Option<Arc<Consumer>>,
    /// What the token claims that proved the key, as JSON; none where something else proved it.
    pub claims: Option<Box<str>>,
    /// Where credentials were found that must not travel on.
    pub wiped: SmallVec<[Credential; 2]>,
    /// What limits the request.
    pub limits: Claims,
    /// What plugins do to the messages of chat requests, in their order.
    pub prompts: SmallVec<[PromptEdit; 2]>,
    /// Whether targets are called by their own name instead of the caller's `Host`.
    pub override_host: bool,
    /// What this worker has: upstream clients, metrics, limits.
    pub worker: Rc<Worker>,
    /// What is logged and counted when the exchange ends, however it ends.
    pub account: Account,
}

impl Exchange {
    /// The whole path, in the spelling by which routes were matched and that upstreams see.
    pub fn path(&self) -> &str {
        self.rewritten.as_deref().unwrap_or_else(|| self.request.uri().path())
    }

    /// The host that the caller named, in the spelling by which routes were matched.
    pub fn host(&self) -> Cow<'_, str> {
        if let Some(host) = &self.forwarded_host {
            return Cow::Borrowed(host);
        }
        let header = self.request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let raw = header.or_else(|| self.request.uri().host());
        crate::router::host(raw.unwrap_or_default())
    }
}

/// The head of an answer, as plugins of the response phase may change it.
pub struct AnswerHead<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a mut HeaderMap,
}
