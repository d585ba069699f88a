//! A provider's place: from a document's `connection` to addresses and accounts.

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::Problem;
use sanmon_shared::resources::Connection;
use url::Url;

use super::account::{Account, Addresses, ChatAddresses, Http, Timeouts};
use super::address::Address;
use super::kind::Kind;
use super::{Transport, base_url, credentials};
use crate::plugin::BuildContext;
use crate::upstream::{self, Egress, Endpoint};

/// What a place is made of.
pub(super) struct Place<'a> {
    pub(super) kind: &'static Kind,
    pub(super) connection: &'a Connection,
    pub(super) context: &'a BuildContext<'a>,
    /// Where the connection stands in the document.
    pub(super) at: &'a str,
}

impl Place<'_> {
    /// How the provider is called.
    pub(super) fn transport(&self, problems: &mut Vec<Problem>) -> Option<Transport> {
        let Self { kind, connection, context, at } = *self;
        if kind.mock {
            return Some(Transport::Mock(connection.mock.clone()));
        }
        let given = connection.base_url.as_deref().filter(|url| !url.trim().is_empty());
        let (member, given) = match (given, connection.base_domain.as_deref()) {
            (None, Some(domain)) => ("base_domain", Some(domain)),
            (given, _) => ("base_url", given),
        };
        let sets = credentials::build(kind, connection, context, at, problems);
        let base = match base_url::base_url(kind, given) {
            Ok(base) => base,
            Err(message) => {
                problems.push(Problem::at(format!("{at}/{member}"), message));
                return None;
            }
        };
        let transport = upstream::Transport {
            connect_timeout: Duration::from_millis(connection.connect_timeout),
            egress: Egress::configured(connection.allow_link_local),
            address: None,
        };
        let addresses = Arc::new(self.addresses(&base, problems));
        let mut accounts = Vec::with_capacity(sets.len());
        for headers in sets {
            let endpoint = match Endpoint::new(base.as_str(), transport) {
                Ok(endpoint) => endpoint,
                Err(error) => {
                    problems.push(Problem::at(format!("{at}/{member}"), error.to_string()));
                    return None;
                }
            };
            let endpoint = headers.iter().fold(endpoint, |endpoint, (name, value)| {
                endpoint.with_header(name.clone(), value.clone())
            });
            accounts.push(Account { kind, endpoint, addresses: Arc::clone(&addresses) });
        }
        let timeouts = Timeouts {
            total: Duration::from_millis(connection.timeout),
            idle: Duration::from_millis(connection.idle_timeout),
            stream: Duration::from_millis(connection.stream_timeout),
        };
        Some(Transport::Http(Http::new(
            accounts,
            addresses,
            timeouts,
            connection.supports_streaming,
        )))
    }

    fn addresses(&self, base: &Url, problems: &mut Vec<Problem>) -> Addresses {
        let Self { kind, connection, at, .. } = *self;
        let models = connection.models_path.as_deref().map_or("/models", str::trim);
        if !models.starts_with('/') {
            let at = format!("{at}/models_path");
            problems.push(Problem::at(at, "it does not begin with a slash"));
        }
        let root = base.path().trim_end_matches('/');
        let address = |path: &str| Address::new(base, &format!("{root}{path}"), None);
        let formats = kind.formats.iter().filter(|speaks| !speaks.on_request);
        Addresses {
            chats: formats
                .map(|speaks| ChatAddresses {
                    speaks,
                    whole: address(speaks.path),
                    stream: speaks.stream_path.map(address),
                    count: speaks.count_path.map(address),
                })
                .collect(),
            embeddings: Some(address("/embeddings")),
            models: Some(address(models)),
            stored: None,
        }
    }
}
