//! A provider's place: from a document's `connection` to addresses and accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::resources::Connection;
use sanmon_wire::anthropic::{MESSAGES_2026_10_21, Version};
use sanmon_wire::format::{Codec, Format};
use url::Url;

use super::account::Account;
use super::address::Address;
use super::credentials::{self, HeaderSet};
use super::http::{Addresses, ChatAddresses, EmbedAddress, Http, ListAddress, Passed};
use super::inline::{Inline, Spot};
use super::kind::{Kind, Speaks};
use super::sites::{Given, Site};
use super::{Timeouts, Transport};
use crate::plugin::BuildContext;
use crate::upstream::{self, Egress, Endpoint};

/// What a place is made of.
pub(super) struct Place<'a> {
    pub(super) kind: &'static Kind,
    pub(super) connection: &'a Connection,
    pub(super) context: &'a BuildContext<'a>,
    /// Where the connection stands in the document.
    pub(super) at: &'a str,
    /// The document's options ask for Responses.
    pub(super) responses: bool,
    /// It stands in a plugin's config.
    pub(super) inline: Option<&'a Inline<'a>>,
}

impl Place<'_> {
    /// How the provider is called, and the model that the place itself names.
    pub(super) fn transport(
        &self,
        problems: &mut Vec<Problem>,
    ) -> Option<(Transport, Option<String>)> {
        let Self { kind, connection, context, at, .. } = *self;
        self.check_members(problems);
        if kind.balances {
            return Some((Transport::Http(Http::nowhere()), None));
        }
        if kind.mock {
            return Some((Transport::Mock(connection.mock.clone()), None));
        }
        let transport = upstream::Transport {
            connect_timeout: Duration::from_millis(connection.connect_timeout),
            egress: Egress::configured(connection.allow_link_local),
            keep: self.inline.map(|inline| inline.keep).unwrap_or_default(),
            ..upstream::Transport::default()
        };
        let builder = credentials::Builder { kind, connection, context, at, transport };
        let credentials = builder.build(problems);
        let given = Given { kind, connection, at };
        let mut site = match self.inline {
            Some(inline) => inline.site(&given, problems)?,
            None => (kind.site)(&given, problems)?,
        };
        let parameters = self.inline.map(|inline| inline.parameters(context, problems));
        let parameters: Arc<[_]> = parameters.unwrap_or_default().into();
        let model = site.default_model.take();
        let addresses = Arc::new(self.addresses(&site, problems));
        let mut accounts = Vec::with_capacity(credentials.len());
        for (set, credential) in credentials {
            let control = site.lists.first().filter(|list| list.base.host() != site.base.host());
            let control = control.map(|list| self.endpoint(&list.base, transport, &set, problems));
            let endpoint = self.endpoint(&site.base, transport, &set, problems)?;
            let endpoint = if site.host_per_model { endpoint.with_subdomains() } else { endpoint };
            accounts.push(Account {
                kind,
                serial: serial(),
                endpoint,
                control: control.flatten(),
                credential,
                parameters: Arc::clone(&parameters),
                most: self.inline.and_then(|inline| inline.most),
                addresses: Arc::clone(&addresses),
            });
        }
        let timeouts = Timeouts::of(connection);
        let http = Http::new(accounts, addresses, timeouts, connection.supports_streaming);
        Some((Transport::Http(http), model))
    }

    fn endpoint(
        &self,
        base: &Url,
        transport: upstream::Transport,
        set: &HeaderSet,
        problems: &mut Vec<Problem>,
    ) -> Option<Endpoint> {
        let endpoint = Endpoint::new(base.as_str(), transport)
            .map_err(|error| problems.push(self.problem("base_url", error.to_string())))
            .ok()?;
        Some(set.headers.iter().fold(endpoint, |endpoint, (name, value)| {
            endpoint.with_header(name.clone(), value.clone())
        }))
    }

    fn addresses(&self, site: &Site, problems: &mut Vec<Problem>) -> Addresses {
        let root = |base: &Url| base.path().trim_end_matches('/').to_owned();
        let query = site.query.as_deref();
        let above = format!("{}{}", root(&site.base), site.prefix);
        let address = |path: &str| {
            let path = format!("{above}{path}");
            if site.fixed {
                Address::new(&site.base, &above, query)
            } else if site.host_per_model {
                Address::hosted(&site.base, &path)
            } else {
                Address::new(&site.base, &path, query)
            }
        };
        let patch = |spot| self.inline.map(|inline| inline.patch(spot)).unwrap_or_default();
        let headers = self.anthropic_headers(problems);
        let formats = self.formats(site.formats, problems);
        let stored = formats.iter().find(|speaks| speaks.format == Format::Responses);
        let stored = stored.and_then(|speaks| match address(speaks.path) {
            Address::Fixed(url) => Some(url),
            Address::Named { .. } | Address::Hosted(_) => None,
        });
        let mut lists = Vec::with_capacity(site.lists.len());
        for list in &site.lists {
            if !list.path.starts_with('/') {
                problems.push(self.problem("models_path", "it does not begin with a slash"));
            }
            let path = format!("{}{}", root(&list.base), list.path);
            if let Address::Fixed(url) = Address::new(&list.base, &path, query) {
                lists.push(ListAddress { url, shape: list.shape });
            }
        }
        Addresses {
            chats: formats
                .into_iter()
                .map(|speaks| ChatAddresses {
                    speaks,
                    codec: self.codec(speaks),
                    whole: address(speaks.path),
                    stream: speaks.stream_path.map(address),
                    patch: patch(Spot::Chat(speaks.format)),
                    count: speaks.count_path.map(address),
                    headers: match speaks.format {
                        Format::Anthropic => headers.clone(),
                        _ => HeaderMap::new(),
                    },
                })
                .collect(),
            embeddings: self
                .kind
                .embeddings
                .iter()
                .flat_map(|_| site.embeds)
                .map(|embeds| EmbedAddress {
                    embeds,
                    address: address(embeds.path),
                    patch: patch(Spot::Embeddings),
                })
                .collect(),
            passed: self.inline.map(|_| Passed {
                url: match Address::new(&site.base, if site.fixed { &above } else { "/" }, query) {
                    Address::Fixed(url) => url,
                    Address::Named { base, .. } | Address::Hosted(base) => base,
                },
                fixed: site.fixed,
                patch: patch(Spot::Passed),
            }),
            lists: lists.into(),
            stored,
        }
    }

    /// The formats in which this provider is asked, the first choice first.
    fn formats(&self, row: &'static [Speaks], problems: &mut Vec<Problem>) -> Vec<&'static Speaks> {
        let connection = self.connection;
        let mut formats: Vec<&Speaks> = Vec::new();
        for (index, name) in connection.formats.iter().enumerate() {
            let own = row.iter().filter(|speaks| speaks.format.name() == name.trim());
            let before = formats.len();
            formats.extend(own);
            if formats.len() == before {
                let mut names: Vec<&str> = row.iter().map(|speaks| speaks.format.name()).collect();
                names.dedup();
                let text = format!("there are: {}", names.join(", "));
                problems.push(self.problem(&format!("formats/{index}"), text));
            }
        }
        if connection.formats.is_empty() {
            formats.extend(row.iter().filter(|speaks| !speaks.on_request));
        }
        if !connection.supports_completion {
            formats.retain(|speaks| speaks.format != Format::Completions);
        }
        if self.responses {
            // Chats are translated too, as Otoroshi has it.
            let is = |speaks: &&Speaks| speaks.format == Format::Responses;
            match row.iter().find(is) {
                Some(responses) => {
                    formats.retain(|speaks| !is(speaks) && speaks.format != Format::Chat);
                    formats.insert(0, responses);
                }
                None => problems.push(Problem::at(
                    self.at.replace("connection", "options/responses"),
                    format!("{} does not serve Responses here", self.kind.label),
                )),
            }
        }
        formats
    }

    /// The codec of a format, in the version that the document names.
    fn codec(&self, speaks: &Speaks) -> &'static dyn Codec {
        let version = self.connection.version.as_deref().map(Version::of);
        match (speaks.format, version) {
            (Format::Anthropic, Some(Version::V2026_10_21)) => &MESSAGES_2026_10_21,
            _ => speaks.codec,
        }
    }

    /// What calls in Anthropic's format carry.
    fn anthropic_headers(&self, problems: &mut Vec<Problem>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let version = self.connection.version.as_deref().map(str::trim);
        let version = version.filter(|version| !version.is_empty()).unwrap_or("2023-06-01");
        let beta = self.connection.beta.as_deref().map(str::trim).filter(|beta| !beta.is_empty());
        for (member, name, text) in
            [("version", "anthropic-version", Some(version)), ("beta", "anthropic-beta", beta)]
        {
            let Some(text) = text else { continue };
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            } else {
                let text = "it holds characters that no header may have";
                problems.push(self.problem(member, text));
            }
        }
        headers
    }

    /// Members that mean nothing to this kind are refused: their author means another one.
    fn check_members(&self, problems: &mut Vec<Problem>) {
        let Connection {
            resource_name,
            deployment_id,
            api_version,
            api_key,
            tenant_id,
            client_id,
            client_secret,
            authority,
            scope,
            region,
            access_key_id,
            secret_access_key,
            session_token,
            project_id,
            location,
            service_account,
            version,
            beta,
            account_id,
            model_name,
            unified,
            ..
        } = self.connection;
        for (name, there) in [
            ("resource_name", resource_name.is_some()),
            ("deployment_id", deployment_id.is_some()),
            ("api_version", api_version.is_some()),
            ("api_key", api_key.is_some()),
            ("tenant_id", tenant_id.is_some()),
            ("client_id", client_id.is_some()),
            ("client_secret", client_secret.is_some()),
            ("authority", authority.is_some()),
            ("scope", scope.is_some()),
            ("region", region.is_some()),
            ("access_key_id", access_key_id.is_some()),
            ("secret_access_key", secret_access_key.is_some()),
            ("session_token", session_token.is_some()),
            ("project_id", project_id.is_some()),
            ("location", location.is_some()),
            ("service_account", service_account.is_some()),
            ("version", version.is_some()),
            ("beta", beta.is_some()),
            ("account_id", account_id.is_some()),
            ("model_name", model_name.is_some()),
            ("unified", unified.is_some()),
        ] {
            if there && !self.kind.members.contains(&name) {
                let text = format!("{} has no use for it", self.kind.label);
                problems.push(self.problem(name, text));
            }
        }
    }

    fn problem(&self, name: &str, message: impl Into<String>) -> Problem {
        Problem::at(format!("{}/{name}", self.at), message.into())
    }
}

/// A number that no other account has.
fn serial() -> u64 {
    static SERIALS: AtomicU64 = AtomicU64::new(1);
    SERIALS.fetch_add(1, Ordering::Relaxed)
}
