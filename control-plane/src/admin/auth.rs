//! Who calls, and may they? Bearer, `X-API-KEY`, Otoroshi's pair of headers, Basic.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, web};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sanmon_shared::resources::Role;
use sanmon_shared::secret::sha256;

use super::error::{ApiError, Code};
use super::shared::Shared;
use crate::configuration::{AdminIdentity, Admins, Author, Denied};

/// What `WWW-Authenticate` offers. Basic is taken and not offered: a browser that is offered it asks
/// for a password, keeps it, and adds it to what other sites make it send.
const CHALLENGE: &str = "Bearer realm=\"sanmon\"";

/// Of Basic credentials. Otoroshi's command line leaves the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who makes a request.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The admin's id.
    pub(crate) id: Arc<str>,
    /// What it may do.
    pub(crate) role: Role,
}

impl Identity {
    /// The one that [`authenticate`] found.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        request.extensions().get::<Self>().cloned().ok_or_else(unauthenticated)
    }

    /// As the history names it.
    pub(crate) fn author(&self) -> Author {
        Author(Arc::clone(&self.id))
    }

    /// Refuses whoever may only read.
    pub(crate) fn must_be_admin(&self) -> Result<(), ApiError> {
        match self.role {
            Role::Admin => Ok(()),
            Role::Viewer => Err(ApiError::new(Code::Forbidden, "this admin may only read")),
        }
    }
}

/// A key that was shown, with an id or without. `Debug` is not derived: it would tell the key.
#[derive(PartialEq, Eq)]
enum Credential {
    Key(Vec<u8>),
    Pair { id: String, key: Vec<u8> },
}

/// Lets only admins pass, viewers only where they read.
pub(crate) async fn authenticate(
    shared: web::Data<Shared>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match allowed(&shared, request.request()).await {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            Ok(next.call(request).await?.map_into_left_body())
        }
        // An answer rather than an error: it keeps the request for the log.
        Err(error) => Ok(request.error_response(error).map_into_right_body()),
    }
}

/// Who calls, if they may.
pub(crate) async fn allowed(shared: &Shared, request: &HttpRequest) -> Result<Identity, ApiError> {
    let identity = identify(shared, request).await?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        identity.must_be_admin()?;
    }
    Ok(identity)
}

async fn identify(shared: &Shared, request: &HttpRequest) -> Result<Identity, ApiError> {
    let Some(credential) = presented(request.headers()) else {
        // As much work as for a wrong key, so that the time tells nothing.
        drop(look_up(shared.configuration.state().admins(), &Credential::Key(Vec::new()), shared));
        return Err(unauthenticated());
    };
    let address = caller(shared, request);
    let fingerprint = credential.fingerprint();
    shared.throttle.admit(address, &fingerprint).map_err(|seconds| {
        ApiError::new(Code::TooManyFailures, "too many wrong credentials came from this address")
            .retry_after(seconds)
    })?;
    let mut found = look_up(shared.configuration.state().admins(), &credential, shared);
    if matches!(found, Err(Denied::Unknown)) {
        // Another control plane may just have made it.
        let fresh = shared.configuration.fresh().await;
        found = look_up(fresh.state.admins(), &credential, shared);
    }
    match found {
        Ok(admin) => {
            shared.throttle.succeeded(address, &fingerprint);
            Ok(Identity { id: admin.id, role: admin.role })
        }
        Err(denied) => {
            shared.throttle.failed(address);
            shared.metrics.authentication_failed();
            tracing::warn!(%address, reason = %denied, "admin credentials refused");
            Err(unauthenticated())
        }
    }
}

fn look_up(
    admins: &Admins,
    credential: &Credential,
    shared: &Shared,
) -> Result<AdminIdentity, Denied> {
    let now = shared.configuration.clock().now();
    match credential {
        Credential::Key(key) => admins.by_key(key, now),
        Credential::Pair { id, key } => admins.by_id(id, key, now),
    }
}

/// The same answer for a missing, an unknown, a disabled and an expired key.
fn unauthenticated() -> ApiError {
    ApiError::new(
        Code::Unauthenticated,
        "show an admin's key: as a bearer token, in X-API-KEY, by Basic with the admin's id, or in \
         Otoroshi-Client-Id and Otoroshi-Client-Secret",
    )
    .header(header::WWW_AUTHENTICATE, CHALLENGE)
}

fn caller(shared: &Shared, request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded: Vec<_> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect();
    shared.proxies.caller(peer, forwarded.into_iter())
}

/// The credential of the first form that is there.
fn presented(headers: &HeaderMap) -> Option<Credential> {
    let text = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    // Otoroshi's own name of the header passes proxies that use the usual one themselves.
    if let Some(value) = text("otoroshi-authorization").or_else(|| text("authorization")) {
        return Some(by_scheme(value));
    }
    if let Some(key) = text("x-api-key").or_else(|| text("otoroshi-token")) {
        return Some(Credential::Key(key.to_vec()));
    }
    let id = text("otoroshi-client-id")?;
    let key = text("otoroshi-client-secret").unwrap_or_default().to_vec();
    Some(Credential::Pair { id: String::from_utf8_lossy(id).into_owned(), key })
}

fn by_scheme(value: &[u8]) -> Credential {
    let space = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        Credential::Key(rest.to_vec())
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        basic(rest)
    } else {
        // Something was shown, and it is wrong.
        Credential::Key(Vec::new())
    }
}

fn basic(encoded: &[u8]) -> Credential {
    let decoded = BASE64.decode(encoded).unwrap_or_default();
    match decoded.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (id, key) = decoded.split_at(colon);
            let key = key.get(1..).unwrap_or_default().to_vec();
            Credential::Pair { id: String::from_utf8_lossy(id).into_owned(), key }
        }
        None => Credential::Key(Vec::new()),
    }
}

impl Credential {
    /// By which a credential that worked is known again.
    fn fingerprint(&self) -> [u8; 32] {
        match self {
            Self::Key(key) => sha256(key),
            Self::Pair { id, key } => sha256(&[id.as_bytes(), b"\0", key].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &str)]) -> Option<Credential> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(
                header::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        presented(&headers)
    }

    #[test]
    fn every_form_of_a_credential_is_read() {
        let key = |key: &str| Some(Credential::Key(key.as_bytes().to_vec()));
        let pair = |id: &str, key: &str| {
            Some(Credential::Pair { id: id.to_owned(), key: key.as_bytes().to_vec() })
        };
        assert!(from(&[("authorization", "Bearer k")]) == key("k"));
        assert!(from(&[("authorization", "bearer  k ")]) == key("k"));
        assert!(from(&[("x-api-key", "k")]) == key("k"));
        assert!(from(&[("authorization", "Basic YTpiOmM=")]) == pair("a", "b:c"));
        assert!(from(&[("authorization", "Basic YTpi")]) == pair("a", "b"));
        assert!(from(&[("authorization", "Basic YTpiYw")]) == pair("a", "bc"), "without padding");
        let both = [("otoroshi-authorization", "Basic YTpi"), ("authorization", "Bearer k")];
        assert!(from(&both) == pair("a", "b"));
        assert!(from(&[("otoroshi-token", "k")]) == key("k"));
        let headers = [("otoroshi-client-id", "a"), ("otoroshi-client-secret", "b")];
        assert!(from(&headers) == pair("a", "b"));
        assert!(from(&[]).is_none());
    }

    #[test]
    fn what_cannot_be_read_is_wrong_and_not_missing() {
        for value in ["Digest x", "Basic !!", "Basic YQ==", "key"] {
            assert!(from(&[("authorization", value)]) == Some(Credential::Key(Vec::new())));
        }
    }
}
