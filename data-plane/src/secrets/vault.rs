//! The KV engine of Vault, and of servers that speak its API, in both versions.

use std::borrow::Cow;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use sanmon_shared::resources::SecretManagerVault;
use serde_json::Value;
use url::Url;

use super::manager::{Caller, DEADLINES, Reading, pick, refused};
use crate::upstream::{Call, Endpoint};

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");

/// A Vault, with the headers of every call.
pub(super) struct Vault {
    endpoint: Endpoint,
    prefix: String,
}

impl Vault {
    pub(super) fn build(document: &SecretManagerVault, reading: &mut Reading<'_>) -> Option<Self> {
        let token = reading.reveal("token", &document.token);
        if token.is_empty() && reading.reveals() {
            reading.wrong("token", "it is empty");
        }
        let endpoint = reading.endpoint("uri", &document.uri)?;
        let namespace = document.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let mut header = |name: &str, text: &str| {
            let value = HeaderValue::from_str(text);
            let mut value = value
                .map_err(|_| reading.wrong(name, "it holds characters that no header may have"))
                .ok()?;
            value.set_sensitive(name == "token");
            Some(value)
        };
        let endpoint = endpoint.with_header(TOKEN, header("token", &token)?);
        let endpoint = match namespace {
            Some(namespace) => endpoint.with_header(NAMESPACE, header("namespace", namespace)?),
            None => endpoint,
        };
        Some(Self { endpoint, prefix: document.prefix.clone() })
    }

    /// The key at the end of a path, in the secret that the rest names.
    pub(super) async fn fetch(&self, path: &str, caller: &Caller) -> Result<String, String> {
        let Some((name, key)) = path.rsplit_once('/') else {
            return Err("the reference names no key of a secret".to_owned());
        };
        let url = self.address(name).ok_or("the manager's address takes no path")?;
        let call = Call::new(&self.endpoint, Method::GET, DEADLINES).at(Cow::Owned(url));
        let (status, mut body) = caller.ask(call).await?;
        let found = body.get_mut("data").filter(|_| status.is_success()).map(Value::take);
        let data = found.filter(Value::is_object).ok_or_else(|| refused(status))?;
        pick(second(data).to_string(), Some(key))
    }

    fn address(&self, name: &str) -> Option<Url> {
        let mut url = self.endpoint.url().clone();
        let mut path = url.path_segments_mut().ok()?;
        let prefix = self.prefix.split('/').filter(|segment| !segment.is_empty());
        path.pop_if_empty().push("v1").extend(prefix).extend(name.split('/'));
        drop(path);
        Some(url)
    }
}

/// The secret within an answer of the engine's second version, or the answer of the first.
fn second(mut data: Value) -> Value {
    let versioned = data.get("metadata").is_some_and(Value::is_object);
    match data.get_mut("data").filter(|inner| versioned && inner.is_object()) {
        Some(inner) => inner.take(),
        None => data,
    }
}
