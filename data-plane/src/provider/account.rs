//! A credential of a provider: what is called with it, and how.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use foldhash::quality::FixedState;
use reqwest::Method;
use reqwest::header::HeaderMap;
use sanmon_shared::secret::Revealed;
use sanmon_wire::format::Format;
use sanmon_wire::json::{Edits, Object};
use url::Url;

use super::Operation;
use super::address::encode_segment;
use super::credentials::Credential;
use super::http::{Addresses, ChatAddresses, ListAddress, Passed};
use super::kind::Kind;
use crate::error::{Code, GatewayError};
use crate::upstream::{Call, Deadlines, Endpoint};
use crate::worker::Worker;

/// A credential of a provider, and where it may go.
#[derive(Debug)]
pub struct Account {
    pub(super) kind: &'static Kind,
    /// Unlike that of any other in this process: tokens are kept under this number.
    pub(super) serial: u64,
    pub(super) endpoint: Endpoint,
    /// Of the models' lists, where those have a host of their own.
    pub(super) control: Option<Endpoint>,
    pub(super) credential: Credential,
    /// Of the query of every call.
    pub(super) parameters: Arc<[(Box<str>, Revealed)]>,
    /// The most bytes of an answer.
    pub(super) most: Option<usize>,
    pub(super) addresses: Arc<Addresses>,
}

impl Account {
    /// Of its host and credential, alike for those that are alike. Holds no secret that could be found
    /// again, and leaves this process nowhere.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        self.endpoint.url().as_str().hash(&mut hasher);
        for (name, value) in self.endpoint.headers() {
            name.hash(&mut hasher);
            value.as_bytes().hash(&mut hasher);
        }
        for (name, value) in &*self.parameters {
            (name, value.expose()).hash(&mut hasher);
        }
        self.credential.fingerprint(&mut hasher);
        hasher.finish()
    }

    /// Where it goes.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A call that asks whether the provider is well, at a path from the root of its host, or for its
    /// models.
    pub(crate) fn probe(
        &self,
        method: Method,
        path: Option<&str>,
        within: Duration,
    ) -> Result<Call<'_>, GatewayError> {
        let deadlines = Deadlines::within(within);
        let Some(path) = path else {
            let operation = Operation::Models { list: 0, next: None };
            return Ok(self.call(&operation, deadlines)?.method(method));
        };
        let mut url = self.endpoint.url().clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(path);
        url.set_query(query);
        let url = self.with_query(&url);
        Ok(Call::new(&self.endpoint, method, deadlines).at(Cow::Owned(url)))
    }

    /// A call of this operation: its address made, and every header set that does not depend on its
    /// body or time.
    pub fn call<'a>(
        &'a self,
        operation: &Operation<'_>,
        deadlines: Deadlines,
    ) -> Result<Call<'a>, GatewayError> {
        let no_headers = HeaderMap::new();
        let (url, method, headers) = match *operation {
            Operation::Chat { format, model, stream } => {
                let (chat, name) = self.chat(format, model)?;
                let address = if stream { chat.stream.as_ref() } else { None };
                (address.unwrap_or(&chat.whole).url(name)?, Method::POST, &chat.headers)
            }
            Operation::CountTokens { format, model } => {
                let (chat, name) = self.chat(format, model)?;
                let count = chat.count.as_ref().ok_or_else(|| self.unsupported("token counts"))?;
                (count.url(name)?, Method::POST, &chat.headers)
            }
            Operation::Embeddings { model } => {
                let mut found = self.addresses.embeddings.iter();
                let url = found.find_map(|one| {
                    let name = one.embeds.models.name(model)?;
                    Some(one.address.url(name))
                });
                let url = url.ok_or_else(|| self.unsupported("embeddings"))??;
                (url, Method::POST, &no_headers)
            }
            Operation::Models { list, next } => {
                let list = self.lists().get(list).ok_or_else(|| self.unsupported("models"))?;
                let mut url = Cow::Borrowed(&list.url);
                if let Some((name, value)) = next {
                    url.to_mut().query_pairs_mut().append_pair(name, value);
                }
                let headers = self.addresses.chats.first().map_or(&no_headers, |c| &c.headers);
                (url, Method::GET, headers)
            }
            Operation::Stored { id, rest } => {
                let base = self.addresses.stored.as_ref();
                let base = base.ok_or_else(|| self.unsupported("stored answers"))?;
                let cancels = rest.split('?').next() == Some("/cancel");
                let method = if cancels { Method::POST } else { Method::GET };
                (Cow::Owned(stored(base, id, rest)?), method, &no_headers)
            }
            Operation::Passed { path, query } => {
                let passed = self.addresses.passed.as_ref();
                let passed = passed.ok_or_else(|| self.unsupported("this protocol"))?;
                (Cow::Owned(self.passed(passed, path, query)), Method::POST, &no_headers)
            }
        };
        let endpoint = match &self.control {
            Some(control) if matches!(operation, Operation::Models { .. }) => control,
            _ => &self.endpoint,
        };
        let url = if self.parameters.is_empty() { url } else { Cow::Owned(self.with_query(&url)) };
        let mut call = Call::new(endpoint, method, deadlines).at(url).most(self.most);
        for (name, value) in headers {
            call = call.default_header(name.clone(), value.clone());
        }
        Ok(call)
    }

    /// A body of this operation as the vendor takes it, which may differ from what the format says.
    pub fn body(&self, operation: &Operation<'_>, body: Bytes) -> Result<Bytes, GatewayError> {
        match *operation {
            Operation::Chat { format, model, .. } => {
                let chat = self.chat(format, model)?.0;
                enveloped(chat.speaks.envelope, chat.patch.apply(body)?, false)
            }
            Operation::CountTokens { format, model } => {
                enveloped(self.chat(format, model)?.0.speaks.envelope, body, true)
            }
            Operation::Embeddings { model } => {
                let mut all = self.addresses.embeddings.iter();
                let found = all.find(|one| one.embeds.models.name(model).is_some());
                found.map_or(Ok(body.clone()), |one| one.patch.apply(body))
            }
            Operation::Passed { .. } => {
                let passed = self.addresses.passed.as_ref();
                passed.map_or(Ok(body.clone()), |passed| passed.patch.apply(body))
            }
            Operation::Models { .. } | Operation::Stored { .. } => Ok(body),
        }
    }

    /// The lists of models, which are asked for by their places in this one.
    pub fn lists(&self) -> &[ListAddress] {
        &self.addresses.lists
    }

    /// Signs a call, or adds a token that has to be fetched first. Nothing of the call may change
    /// afterwards.
    pub async fn authorize(
        &self,
        worker: &Worker,
        call: &mut Call<'_>,
    ) -> Result<(), GatewayError> {
        self.credential.authorize(self.serial, worker, call).await
    }

    /// Whether a text holds what only the provider and we may know.
    pub fn tells(&self, text: &[u8]) -> bool {
        let headers = self.endpoint.headers().values().filter(|value| value.is_sensitive());
        let mut secrets = headers.map(|value| {
            let value = value.as_bytes();
            value.rsplit(|byte| *byte == b' ').next().unwrap_or(value)
        });
        let mut parameters = self.parameters.iter().map(|(_, value)| value.expose().as_bytes());
        self.credential.tells(text)
            || parameters
                .any(|secret| secret.len() >= 8 && memchr::memmem::find(text, secret).is_some())
            || secrets
                .any(|secret| secret.len() >= 8 && memchr::memmem::find(text, secret).is_some())
    }

    /// Where a request goes that passes as it is: to its own path, unless all go to one address. Its query
    /// goes over that of the address, and never over the account's own parameters.
    fn passed(&self, passed: &Passed, path: &str, query: Option<&str>) -> Url {
        let mut url = passed.url.clone();
        if !passed.fixed {
            url.set_path(path);
        }
        let Some(query) = query else { return url };
        let own = |name: &str| self.parameters.iter().any(|(known, _)| **known == *name);
        let theirs = url::form_urlencoded::parse(query.as_bytes());
        let theirs: Vec<_> = theirs.filter(|(name, _)| !own(name)).collect();
        let ours: Vec<_> = passed.url.query_pairs().collect();
        let kept = ours.iter().filter(|(name, _)| theirs.iter().all(|(other, _)| other != name));
        url.set_query(None);
        if kept.clone().count() + theirs.len() > 0 {
            url.query_pairs_mut().extend_pairs(kept.chain(&theirs));
        }
        url
    }

    /// An address with the account's own parameters, where it does not have them itself.
    fn with_query(&self, url: &Url) -> Url {
        if self.parameters.is_empty() {
            return url.clone();
        }
        let has = |name: &str| url.query_pairs().any(|(known, _)| known == name);
        let mut out = url.clone();
        let added = self.parameters.iter().filter(|(name, _)| !has(name));
        out.query_pairs_mut().extend_pairs(added.map(|(name, value)| (name, value.expose())));
        out
    }

    /// The addresses of a format for a model, and the model's name in them.
    fn chat<'m>(
        &self,
        format: Format,
        model: &'m str,
    ) -> Result<(&ChatAddresses, &'m str), GatewayError> {
        let mut found = self.addresses.chats.iter().filter(|chat| chat.speaks.format == format);
        found
            .find_map(|chat| Some((chat, chat.speaks.models.name(model)?)))
            .ok_or_else(|| self.unsupported(format.name()))
    }

    fn unsupported(&self, what: &str) -> GatewayError {
        let text = format!("{} does not serve {what} here", self.kind.label);
        GatewayError::new(Code::Unsupported, text)
    }
}

/// A body with what its vendor wants in it, and without what it may not have.
fn enveloped(
    envelope: &[(&str, Option<&str>)],
    body: Bytes,
    counts: bool,
) -> Result<Bytes, GatewayError> {
    if envelope.is_empty() {
        return Ok(body);
    }
    let wrong = |error: &dyn fmt::Display| {
        GatewayError::new(Code::BadRequest, format!("the body cannot be read: {error}"))
    };
    let object = Object::scan(&body).map_err(|error| wrong(&error))?;
    let mut edits = Edits::default();
    for (name, json) in envelope {
        match (object.get(name).map_err(|error| wrong(&error))?, json) {
            (None, Some(json)) => edits.insert(*name, json.as_bytes()),
            // Addresses of counts name no model.
            (Some(own), None) if !counts => edits.remove(own.index),
            _ => {}
        }
    }
    Ok(edits.apply(&object).into())
}

/// The address of an answer that a provider keeps.
fn stored(base: &Url, id: &str, rest: &str) -> Result<Url, GatewayError> {
    if id.bytes().all(|byte| byte == b'.') {
        return Err(GatewayError::new(Code::BadRequest, "this cannot be the id of an answer"));
    }
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, q)| (rest, Some(q)));
    let mut path = base.path().trim_end_matches('/').to_owned();
    path.push('/');
    encode_segment(&mut path, id);
    path.push_str(rest);
    let mut url = base.clone();
    url.set_path(&path);
    if let Some(query) = query {
        let own = base.query().map(|own| format!("{own}&{query}"));
        url.set_query(Some(own.as_deref().unwrap_or(query)));
    }
    Ok(url)
}
