//! Google Cloud's Secret Manager.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use sanmon_shared::resources::GcpAccount;
use serde_json::Value;

use super::manager::{Caller, DEADLINES, Reading, pick, refused};
use crate::provider::{ServiceAccount, TokenSource};
use crate::upstream::{Call, Endpoint};

const ENTRIES: &str = "https://secretmanager.googleapis.com/v1";

/// A project, and who reads its secrets.
pub(super) struct Gcp {
    entries: Endpoint,
    project: String,
    /// None while a write is checked.
    source: Option<TokenSource>,
    /// Under which its token is kept.
    account: u64,
}

impl Gcp {
    pub(super) fn build(document: &GcpAccount, reading: &mut Reading<'_>) -> Option<Self> {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(0);
        let key = reading.reveal("private_key", &document.private_key);
        let entries = document.entries_uri.as_deref().unwrap_or(ENTRIES);
        let entries = reading.endpoint("entries_uri", entries)?;
        let token_uri = document.token_uri.as_deref();
        // Only its address: the key is not known while a write is checked.
        let token = token_uri.map(|uri| reading.endpoint("token_uri", uri));
        let source = reading.reveals().then(|| source(document, &key, &entries));
        let source = source.transpose().map_err(|text| reading.wrong("private_key", text)).ok()?;
        if token.is_some_and(|token| token.is_none()) {
            return None;
        }
        let account = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        Some(Self { entries, project: document.project_id.clone(), source, account })
    }

    /// The secret that a path's first segment names; what follows is the key.
    pub(super) async fn fetch(&self, path: &str, caller: &Caller) -> Result<String, String> {
        let (name, key) = match path.split_once('/') {
            Some((name, key)) => (name, Some(key)),
            None => (path, None),
        };
        let mut url = self.entries.url().clone();
        url.path_segments_mut()
            .map_err(|()| "the manager's address takes no path")?
            .pop_if_empty()
            .extend(["projects", &self.project, "secrets", name, "versions", "latest:access"]);
        let mut call = Call::new(&self.entries, Method::GET, DEADLINES).at(Cow::Owned(url));
        if let Some(source) = &self.source {
            let (upstream, clock) = (&caller.upstream, &caller.clock);
            let token = caller.tokens.get(self.account, source, upstream, clock).await;
            let token = token.map_err(|error| {
                let detail = error.detail.as_deref().unwrap_or_default();
                format!("no token of the service account: {detail}")
            })?;
            call = call.header(AUTHORIZATION, token);
        }
        let (status, body) = caller.ask(call).await?;
        let data = body.pointer("/payload/data").and_then(Value::as_str);
        let data = data.filter(|_| status.is_success()).ok_or_else(|| refused(status))?;
        let text = BASE64.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        pick(text.ok_or("the secret is no text")?, key)
    }
}

fn source(
    document: &GcpAccount,
    key: &str,
    entries: &Endpoint,
) -> Result<TokenSource, &'static str> {
    let mut account = ServiceAccount::new(document.client_email.clone(), key)?;
    if let Some(uri) = &document.token_uri {
        account = account.with_audience(uri.clone());
    }
    if !document.scope.is_empty() {
        account = account.with_scope(document.scope.join(" "));
    }
    account.source(*entries.transport()).map_err(|_| "its token_uri cannot be called")
}
