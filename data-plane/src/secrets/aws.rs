//! AWS Secrets Manager.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use sanmon_shared::resources::SecretManagerAws;
use serde_json::{Value, json};

use super::manager::{Caller, DEADLINES, Reading, pick, refused};
use crate::provider::{AWS_TARGET, Keys};
use crate::upstream::{Call, Endpoint};

const REGION: &str = "us-east-1";

/// Keys, and the region's endpoint.
pub(super) struct Aws {
    endpoint: Endpoint,
    keys: Keys,
}

/// Why a name has no secret.
enum Missing {
    /// Another name may.
    Here(String),
    /// Nobody can be asked now.
    Everywhere(String),
}

impl Aws {
    pub(super) fn build(document: &SecretManagerAws, reading: &mut Reading<'_>) -> Option<Self> {
        let id = reading.reveal("access_key_id", &document.access_key_id);
        let secret = reading.reveal("secret_access_key", &document.secret_access_key);
        let session = document.session_token.as_ref();
        let session = session.map(|token| reading.reveal("session_token", token));
        let session = session.filter(|token| !token.is_empty());
        let region = document.region.as_deref().map_or(REGION, str::trim);
        let keys = Keys::new((id, secret), session.as_deref(), region, "secretsmanager")
            .map_err(|text| reading.wrong("session_token", text));
        let usual = format!("https://secretsmanager.{region}.amazonaws.com/");
        let (name, url) = match document.endpoint_url.as_deref() {
            Some(url) => ("endpoint_url", url),
            None => ("region", usual.as_str()),
        };
        Some(Self { endpoint: reading.endpoint(name, url)?, keys: keys.ok()? })
    }

    /// The secret of which the name is a path's longest beginning; what follows is the key.
    pub(super) async fn fetch(&self, path: &str, caller: &Caller) -> Result<String, String> {
        let slashes = path.match_indices('/').map(|(at, _)| at);
        let mut ends: Vec<usize> = slashes.chain([path.len()]).collect();
        ends.reverse();
        let mut why = None;
        for end in ends {
            let (name, rest) = path.split_at_checked(end).unwrap_or((path, ""));
            match self.get(name, caller).await {
                Ok(text) => return pick(text, rest.strip_prefix('/')),
                Err(Missing::Everywhere(reason)) => return Err(reason),
                Err(Missing::Here(reason)) => why = Some(reason),
            }
        }
        Err(why.unwrap_or_default())
    }

    async fn get(&self, name: &str, caller: &Caller) -> Result<String, Missing> {
        let body = json!({"SecretId": name}).to_string();
        let kind = HeaderValue::from_static("application/x-amz-json-1.1");
        let target = HeaderValue::from_static("secretsmanager.GetSecretValue");
        let mut call = Call::new(&self.endpoint, Method::POST, DEADLINES)
            .header(CONTENT_TYPE, kind)
            .header(AWS_TARGET, target)
            .bytes(body.into());
        let signed = self.keys.sign(&mut call, caller.clock.millis());
        signed.map_err(|error| Missing::Everywhere(error.to_string()))?;
        let (status, mut body) = caller.ask(call).await.map_err(Missing::Everywhere)?;
        if status.is_success() {
            let text = body.get_mut("SecretString").map(Value::take);
            return match text {
                Some(Value::String(text)) => Ok(text),
                _ => Err(Missing::Everywhere("the secret is no text".to_owned())),
            };
        }
        // `ResourceNotFoundException`, before which a namespace may stand. Who may not read everything
        // is told of what is not there that they may not.
        let kind = body.get("__type").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        match kind {
            "ResourceNotFoundException" => {
                Err(Missing::Here("the manager has no such secret".to_owned()))
            }
            "AccessDeniedException" => Err(Missing::Here("the manager denies access".to_owned())),
            _ => Err(Missing::Everywhere(refused(status))),
        }
    }
}
