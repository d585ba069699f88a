//! `key-auth`: who calls, by the secret of a consumer's API key alone (APISIX's plugin of this name).
//!
//! Keys of consumers are found by the SHA-256 of their secrets; those of nobody are for `apikeys`. A
//! key that says what it may call is bound to that here too; one that does not, as those that come
//! from APISIX, may call every route with this plugin.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::str::FromStr as _;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, WWW_AUTHENTICATE};
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::apikeys::{permit, unauthorized};
use super::{BuildContext, Plugin, Step};
use crate::error::GatewayError;
use crate::exchange::{AnswerHead, Credential, Exchange};
use crate::snapshot::Apikey;

/// The plugin.
pub struct KeyAuth {
    header: HeaderName,
    query: Box<str>,
    hides: bool,
    challenge: HeaderValue,
}

/// Where keys are looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = KeyAuthConfig)]
pub struct Config {
    /// The header that holds the key.
    header: String,
    /// The query parameter that holds it, where the header is absent.
    query: String,
    /// Whether the key is taken out of what the route's targets see. Providers never see it.
    hide_credentials: bool,
    /// What `www-authenticate` of a refusal says.
    realm: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header: "apikey".to_owned(),
            query: "apikey".to_owned(),
            hide_credentials: false,
            realm: "key".to_owned(),
        }
    }
}

impl Plugin for KeyAuth {
    const NAME: &'static str = "key-auth";
    const ABOUT: &'static str = "Lets requests pass that present the key of a consumer.";
    const PHASES: &'static [Phase] = &[Phase::Authorize, Phase::Response];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({}), json!({"header": "x-api-key", "hide_credentials": true})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let header = HeaderName::from_str(config.header.trim());
        if header.is_err() {
            problems.push(Problem::at("/header", "it is no name of a header"));
        }
        let realm = config.realm.replace('\\', "\\\\").replace('"', "\\\"");
        let challenge = HeaderValue::from_str(&format!("apikey realm=\"{realm}\""));
        if challenge.is_err() {
            problems.push(Problem::at("/realm", "it holds characters that no header may have"));
        }
        match (header, challenge) {
            (Ok(header), Ok(challenge)) => Ok(Self {
                header,
                query: config.query.into(),
                hides: config.hide_credentials,
                challenge,
            }),
            _ => Err(problems),
        }
    }

    fn authorize<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        match self.identify(exchange) {
            Ok((key, found)) => {
                exchange.account.set_key(key.id.text());
                exchange.key = Some(key);
                exchange.wiped.extend(found.filter(|_| self.hides));
                Step::NEXT
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    /// A refusal says how to be let in.
    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        if head.status == StatusCode::UNAUTHORIZED && exchange.consumer.is_none() {
            head.headers.insert(WWW_AUTHENTICATE, self.challenge.clone());
        }
    }
}

impl KeyAuth {
    /// Whose key the request presents, and where.
    fn identify(
        &self,
        exchange: &Exchange,
    ) -> Result<(Arc<Apikey>, Option<Credential>), GatewayError> {
        let missing = || unauthorized("Missing API key in request");
        let (secret, found) = self.presented(exchange).ok_or_else(missing)?;
        let invalid = || unauthorized("Invalid API key in request");
        let mut keys = exchange.snapshot.apikeys_by_secret(&secret);
        let key = keys.find(|key| key.is_valid_at(exchange.at)).ok_or_else(invalid)?;
        let free = !key.names_what_it_may_call();
        permit(key, exchange, free || key.may_call(&exchange.matched.route))?;
        Ok((Arc::clone(key), Some(found)))
    }

    /// What is presented as a key, and where.
    fn presented<'e>(&self, exchange: &'e Exchange) -> Option<(Cow<'e, [u8]>, Credential)> {
        let request = &exchange.request;
        if let Some(value) = request.headers().get(&self.header) {
            return Some((value.as_bytes().into(), Credential::Header(self.header.clone())));
        }
        let query = request.uri().query()?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let (_, value) = pairs.find(|(name, _)| **name == *self.query)?;
        let secret = value.into_owned().into_bytes();
        Some((secret.into(), Credential::Query(self.query.clone().into())))
    }
}
