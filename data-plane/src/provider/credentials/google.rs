//! Tokens of Google's service accounts: a signed claim is exchanged for one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use sanmon_shared::Problem;
use serde::Deserialize;
use serde_json::json;

use super::Builder;
use super::token::{Grant, TokenSource};
use crate::upstream::{EndpointError, Transport};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Seconds for which a claim holds; Google takes no longer ones.
const CLAIM: i64 = 3_600;

/// A service account's key file, as far as it counts.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    token_uri: Option<String>,
}

/// A service account that can sign.
pub(crate) struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: KeyPair,
    audience: String,
    /// For what tokens are, parted by blanks.
    scope: String,
}

/// The service account of a document.
pub(super) fn source(builder: &Builder<'_>, problems: &mut Vec<Problem>) -> Option<TokenSource> {
    let connection = builder.connection;
    let Some(secret) = &connection.service_account else {
        let others = connection.token.is_some() || connection.api_key.is_some();
        if !others && connection.headers.is_empty() {
            let text = "there has to be a service account's JSON key, a token, or an api_key";
            problems.push(builder.problem("service_account", text));
        }
        return None;
    };
    let text = builder.reveal("service_account", Some(secret), problems)?;
    let source = account(&text).and_then(|account| {
        account.source(builder.transport).map_err(|_| "its token_uri cannot be called")
    });
    source.map_err(|text| problems.push(builder.problem("service_account", text))).ok()
}

/// Reads a key file. Errors say nothing of what it holds.
fn account(text: &str) -> Result<ServiceAccount, &'static str> {
    let file: KeyFile = serde_json::from_str(text)
        .map_err(|_| "it is no JSON key of a service account (client_email, private_key)")?;
    let mut account = ServiceAccount::new(file.client_email, &file.private_key)?;
    account.key_id = file.private_key_id;
    Ok(match file.token_uri {
        Some(uri) => account.with_audience(uri),
        None => account,
    })
}

impl ServiceAccount {
    /// The account with this name and this key in PEM. Errors say nothing of the key.
    pub(crate) fn new(email: String, private_key: &str) -> Result<Self, &'static str> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(private_key.as_bytes())
            .map_err(|_| "its private_key is no PEM of a PKCS #8 key")?;
        let key = KeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| "its private_key is no RSA key of 2048 bits or more")?;
        let (audience, scope) = (TOKEN_URI.to_owned(), SCOPE.to_owned());
        Ok(Self { email, key_id: None, key, audience, scope })
    }

    /// Fetches its tokens there.
    #[must_use]
    pub(crate) fn with_audience(self, uri: String) -> Self {
        Self { audience: uri, ..self }
    }

    /// Fetches tokens for this.
    #[must_use]
    pub(crate) fn with_scope(self, scope: String) -> Self {
        Self { scope, ..self }
    }

    /// Where its tokens come from.
    pub(crate) fn source(self, transport: Transport) -> Result<TokenSource, EndpointError> {
        let uri = self.audience.clone();
        TokenSource::new(&uri, Grant::ServiceAccount(Box::new(self)), transport)
    }

    /// The form that asks for a token, as of `seconds` of the epoch; `None` when it cannot be signed.
    pub(super) fn form(&self, seconds: i64) -> Option<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(id), Some(members)) = (&self.key_id, header.as_object_mut()) {
            members.insert("kid".to_owned(), id.as_str().into());
        }
        let claims = json!({
            "iss": self.email,
            "scope": self.scope,
            "aud": self.audience,
            "iat": seconds,
            "exp": seconds + CLAIM,
        });
        let mut claim = URL_SAFE_NO_PAD.encode(header.to_string());
        claim.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut claim);
        let mut signature = vec![0; self.key.public().modulus_len()];
        // Not with jsonwebtoken: it signs RSA with a crate whose time depends on the key.
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), claim.as_bytes(), &mut signature)
            .ok()?;
        claim.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut claim);
        // Nothing of the claim has to be encoded in a form.
        Some(format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={claim}"
        ))
    }
}
