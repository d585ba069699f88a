//! Headers on their way through.

use std::net::IpAddr;

use actix_web::http::header as caller;
use reqwest::header as upstream;

use crate::exchange::{Credential, Exchange};
use crate::snapshot::HostHeader;

/// Of a connection, not of a message (RFC 9110, 7.6.1); `connection` names more.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Made anew on the way to the target.
const REMADE: [&str; 6] =
    ["host", "expect", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// What the target gets to see: everything but headers of the connection and credentials that were
/// meant for the gateway; and from where the request is.
pub(super) fn request(exchange: &Exchange, called: &HostHeader, to: &mut upstream::HeaderMap) {
    let from = exchange.request.headers();
    let named = named(from.get_all(caller::CONNECTION).filter_map(|value| value.to_str().ok()));
    for (name, value) in from {
        let text = name.as_str();
        let stays = HOP_BY_HOP.contains(&text)
            || REMADE.contains(&text)
            || named.iter().any(|named| named == text)
            // Of a body that may be another one by now.
            || (text == "content-length" && exchange.given_back.get().is_some())
            || exchange.wiped.contains(&Credential::Header(name.clone()));
        if stays {
            continue;
        }
        let name = upstream::HeaderName::from_bytes(text.as_bytes());
        let value = if text == "cookie" {
            upstream::HeaderValue::from_bytes(&cookies(value.as_bytes(), &exchange.wiped))
        } else {
            upstream::HeaderValue::from_bytes(value.as_bytes())
        };
        if let (Ok(name), Ok(value)) = (name, value)
            && !(value.is_empty() && name == upstream::COOKIE)
        {
            to.append(name, value);
        }
    }
    forwarded(exchange, called, to);
}

fn forwarded(exchange: &Exchange, called: &HostHeader, to: &mut upstream::HeaderMap) {
    let from = exchange.request.headers();
    let peer = exchange.request.peer_addr().map(|peer| peer.ip().to_canonical());
    let trusted = peer.is_some_and(|peer| exchange.worker.proxies.trusts(peer));
    let said = |name: &str| {
        from.get_all(name).filter(|_| trusted).filter_map(|value| value.to_str().ok()).last()
    };
    let host = from.get(caller::HOST).and_then(|value| value.to_str().ok());
    let host = host.or_else(|| exchange.request.uri().host()).unwrap_or_default();
    match called {
        HostHeader::Caller if !exchange.override_host => set(to, upstream::HOST, host),
        HostHeader::Name(name) => set(to, upstream::HOST, name),
        HostHeader::Caller | HostHeader::Target => {}
    }
    set(to, X_FORWARDED_HOST, said("x-forwarded-host").unwrap_or(host));
    set(to, X_FORWARDED_PROTO, if exchange.secure { "https" } else { "http" });
    let mut hops: Vec<String> = from
        .get_all("x-forwarded-for")
        .filter(|_| trusted)
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .collect();
    hops.extend(peer.as_ref().map(IpAddr::to_string));
    set(to, X_FORWARDED_FOR, &hops.join(", "));
}

const X_FORWARDED_FOR: upstream::HeaderName = upstream::HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: upstream::HeaderName =
    upstream::HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: upstream::HeaderName =
    upstream::HeaderName::from_static("x-forwarded-proto");

fn set(to: &mut upstream::HeaderMap, name: upstream::HeaderName, text: &str) {
    if let Ok(value) = upstream::HeaderValue::from_str(text)
        && !value.is_empty()
    {
        to.insert(name, value);
    }
}

/// What the caller gets to see. The length goes with the body.
pub(super) fn response(from: &upstream::HeaderMap, to: &mut caller::HeaderMap) {
    let named =
        named(from.get_all(upstream::CONNECTION).iter().filter_map(|value| value.to_str().ok()));
    for (name, value) in from {
        let text = name.as_str();
        if HOP_BY_HOP.contains(&text)
            || text == "content-length"
            || named.iter().any(|named| named == text)
        {
            continue;
        }
        let name = caller::HeaderName::from_bytes(text.as_bytes());
        let value = caller::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            to.append(name, value);
        }
    }
}

fn named<'a>(connection: impl Iterator<Item = &'a str>) -> Vec<String> {
    connection
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "" | "close" | "keep-alive"))
        .collect()
}

/// The cookies but those in which credentials were found.
fn cookies(value: &[u8], wiped: &[Credential]) -> Vec<u8> {
    if !wiped.iter().any(|credential| matches!(credential, Credential::Cookie(_))) {
        return value.to_vec();
    }
    let is_wiped = |cookie: &[u8]| {
        let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        wiped
            .iter()
            .any(|credential| matches!(credential, Credential::Cookie(it) if it.as_bytes() == name))
    };
    let kept: Vec<&[u8]> = value
        .split(|byte| *byte == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|cookie| !cookie.is_empty() && !is_wiped(cookie))
        .collect();
    kept.join(b"; ".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_cookies_do_not_travel() {
        let wiped = [Credential::Cookie("access_token".to_owned())];
        assert_eq!(cookies(b"a=1; access_token=x;b=2", &wiped), b"a=1; b=2");
        assert_eq!(cookies(b"access_token=x", &wiped), b"");
        assert_eq!(cookies(b"a=1;b=2", &[]), b"a=1;b=2");
    }

    #[test]
    fn headers_of_the_connection_stay() {
        let mut from = upstream::HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            from.append(name, upstream::HeaderValue::from_static(value));
        }
        let mut to = caller::HeaderMap::new();
        response(&from, &mut to);
        let seen: Vec<_> = to.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|(name, _)| *name == "set-cookie"));
    }
}
