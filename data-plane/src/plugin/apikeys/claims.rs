use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sanmon_shared::secret::Revealed;
use serde::Deserialize;
use url::Url;

use super::config::TokenConfig;
use crate::exchange::Exchange;

/// How far clocks may be apart.
const LEEWAY_SECONDS: f64 = 10.0;

/// Of whose secret nobody knows: tried where there is none, so that this takes as long.
const NO_SECRET: &[u8] = b"no key has this secret, for it is not hashed anywhere";

/// What a JWT claims. Times in seconds since 1970.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    client_id: Option<String>,
    #[serde(rename = "client_id")]
    plain_client_id: Option<String>,
    cid: Option<String>,
    iss: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    aud: Option<Audience>,
    xsrf_token: Option<String>,
    http_path: Option<String>,
    http_verb: Option<String>,
    http_host: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Reads them, unproved. None where it is no JWT, or names no key.
    pub(super) fn read(token: &str) -> Option<Self> {
        // What begins so is a bearer form, whatever dots are in its id.
        if token.starts_with("otoapk_") || token.split('.').count() != 3 {
            return None;
        }
        let claims: Self = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        (!claims.id().is_empty()).then_some(claims)
    }

    /// All that a token claims, as JSON.
    pub(super) fn text(token: &str) -> Option<Box<str>> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        String::from_utf8(payload).ok().map(String::into_boxed_str)
    }

    /// The id of the key with whose secret it is signed.
    pub(super) fn id(&self) -> &str {
        [&self.client_id, &self.plain_client_id, &self.cid, &self.iss]
            .into_iter()
            .find_map(Option::as_deref)
            .unwrap_or_default()
    }

    fn first_audience(&self) -> Option<&str> {
        match self.aud.as_ref()? {
            Audience::One(audience) => Some(audience),
            Audience::Many(audiences) => audiences.first().map(String::as_str),
        }
    }
}

/// What JWTs have to fulfil.
#[derive(Debug)]
pub(super) struct TokenRules {
    secret_signed: bool,
    request: bool,
    lifespan: Option<f64>,
}

impl TokenRules {
    pub(super) fn of(config: &TokenConfig) -> Self {
        // A lifespan beyond 2⁵³ seconds is none.
        #[expect(clippy::cast_precision_loss, reason = "exact for every lifespan that matters")]
        let lifespan = config.max_jwt_lifespan_sec.map(|seconds| seconds as f64);
        Self {
            secret_signed: config.secret_signed,
            request: config.include_request_attrs,
            lifespan,
        }
    }

    /// Whether it is signed with one of the secrets, and its claims hold for this request.
    pub(super) fn prove(
        &self,
        token: &str,
        claims: &Claims,
        secrets: &[Revealed],
        exchange: &Exchange,
    ) -> bool {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
        // What the claims say is checked below, by our clock.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let signed = |secret: &[u8]| {
            let key = DecodingKey::from_secret(secret);
            jsonwebtoken::decode::<serde::de::IgnoredAny>(token, &key, &validation).is_ok()
        };
        let proved = if secrets.is_empty() {
            signed(NO_SECRET);
            false
        } else {
            secrets.iter().any(|secret| signed(secret.expose().as_bytes()))
        };
        self.secret_signed && proved && self.hold(claims, exchange)
    }

    fn hold(&self, claims: &Claims, exchange: &Exchange) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are exact until year 287396")]
        let now = exchange.at as f64 / 1000.0;
        let in_time = claims.exp.is_none_or(|exp| now <= exp + LEEWAY_SECONDS)
            && claims.nbf.is_none_or(|nbf| nbf <= now + LEEWAY_SECONDS)
            && claims.iat.is_none_or(|iat| iat <= now + LEEWAY_SECONDS);
        let short = self.lifespan.is_none_or(|lifespan| {
            claims.exp.zip(claims.iat).is_some_and(|(exp, iat)| exp - iat <= lifespan)
        });
        let request = exchange.request.headers();
        let xsrf = claims.xsrf_token.as_ref().is_none_or(|token| {
            request.get("x-xsrf-token").is_some_and(|header| header.as_bytes() == token.as_bytes())
        });
        let same = |claim: &Option<String>, value: &str| {
            claim.as_ref().is_some_and(|claim| claim.eq_ignore_ascii_case(value))
        };
        let about = !self.request
            || (claims.http_path.as_deref() == Some(exchange.path())
                && same(&claims.http_verb, exchange.request.method().as_str())
                && same(&claims.http_host, &exchange.host()));
        in_time && short && xsrf && about && audience(claims, exchange)
    }
}

/// Whether the first audience is no URL, or one below which the request's is.
fn audience(claims: &Claims, exchange: &Exchange) -> bool {
    let Some(audience) = claims.first_audience() else { return true };
    if !audience.starts_with("http://") && !audience.starts_with("https://") {
        return true;
    }
    let Ok(url) = Url::parse(audience) else { return false };
    let scheme = if exchange.secure { "https" } else { "http" };
    let host = url.host_str().unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    let below = exchange
        .path()
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    url.scheme() == scheme && crate::router::host(host) == exchange.host() && below
}
