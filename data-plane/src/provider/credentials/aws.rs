//! Signatures of calls to AWS, version 4. A crate would bring a dozen others for these lines.

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use ring::digest::{SHA256, digest};
use ring::hmac;
use sanmon_shared::Problem;
use url::Url;

use super::Builder;
use crate::error::{Code, GatewayError};
use crate::provider::address::encode_segment;
use crate::upstream::Call;

/// The name of Bedrock in signatures, at all of its hosts.
const BEDROCK: &str = "bedrock";

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What is asked of services that have one address for everything.
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Keys that sign calls to one service in one region.
pub(crate) struct Keys {
    id: String,
    secret: String,
    token: Option<HeaderValue>,
    region: String,
    service: &'static str,
}

/// Tells the region only.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("region", &self.region).finish_non_exhaustive()
    }
}

/// The keys of a document; `None` where it has a token instead, which is not signed.
pub(super) fn keys(builder: &Builder<'_>, problems: &mut Vec<Problem>) -> Option<Keys> {
    let connection = builder.connection;
    let (id, secret) = (&connection.access_key_id, &connection.secret_access_key);
    if id.is_none() && secret.is_none() && connection.session_token.is_none() {
        if connection.token.is_none() && connection.headers.is_empty() {
            let text = "there have to be access_key_id and secret_access_key, or a token";
            problems.push(builder.problem("access_key_id", text));
        }
        return None;
    }
    for (name, member) in [("access_key_id", id), ("secret_access_key", secret)] {
        if member.is_none() {
            problems.push(builder.problem(name, "the keys of AWS are a pair"));
        }
    }
    let mut reveal = |name: &str, secret: &Option<sanmon_shared::secret::Secret>| {
        let text = builder.reveal(name, secret.as_ref(), problems)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let id = reveal("access_key_id", id).unwrap_or_default();
    let secret = reveal("secret_access_key", secret).unwrap_or_default();
    let token = reveal("session_token", &connection.session_token);
    let region = connection.region.as_deref().unwrap_or_default().trim();
    Keys::new((id, secret), token.as_deref(), region, BEDROCK)
        .map_err(|text| problems.push(builder.problem("session_token", text)))
        .ok()
}

impl Keys {
    /// Of a pair, id first, and the token of temporary ones; `Err` says what is wrong with that.
    pub(crate) fn new(
        (id, secret): (String, String),
        token: Option<&str>,
        region: &str,
        service: &'static str,
    ) -> Result<Self, &'static str> {
        let token = token.map(HeaderValue::from_str).transpose();
        let mut token = token.map_err(|_| "it holds characters that no header may have")?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        Ok(Self { id, secret, token, region: region.to_owned(), service })
    }

    /// What tells them from others.
    pub(super) fn fingerprint(&self, hasher: &mut impl std::hash::Hasher) {
        hasher.write(self.id.as_bytes());
        hasher.write(self.secret.as_bytes());
    }

    /// Whether a text holds one of the secrets.
    pub(super) fn tells(&self, text: &[u8]) -> bool {
        let token = self.token.as_ref().map(HeaderValue::as_bytes);
        [Some(self.secret.as_bytes()), token]
            .into_iter()
            .flatten()
            .any(|secret| secret.len() >= 8 && memchr::memmem::find(text, secret).is_some())
    }

    /// Signs a call as of `millis` of the epoch.
    pub(crate) fn sign(&self, call: &mut Call<'_>, millis: i64) -> Result<(), GatewayError> {
        let failed = |text: &'static str| GatewayError::new(Code::Internal, text);
        let time = Timestamp::from_millisecond(millis)
            .map_err(|_| failed("the clock tells no time"))?
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let body = call.whole_body().ok_or_else(|| failed("a streamed body cannot be signed"))?;
        let hash = hex::encode(digest(&SHA256, body));
        let date =
            HeaderValue::from_str(&time).map_err(|_| failed("a time is no header's value"))?;
        call.headers_mut().insert(DATE, date);
        if let Some(token) = &self.token {
            call.headers_mut().insert(TOKEN, token.clone());
        }
        let authorization = self.authorization(call, &time, &hash);
        let mut value = HeaderValue::from_str(&authorization)
            .map_err(|_| failed("the access key id is no header's value"))?;
        value.set_sensitive(true);
        call.headers_mut().insert(reqwest::header::AUTHORIZATION, value);
        Ok(())
    }

    fn authorization(&self, call: &Call<'_>, time: &str, hash: &str) -> String {
        let mut names = String::new();
        let mut headers = String::new();
        // In alphabetical order, as they have to be.
        for name in [CONTENT_TYPE, HOST, DATE, TOKEN, TARGET] {
            let value = if name == HOST {
                Some(host(call.url()))
            } else {
                let value = call.headers().get(&name).and_then(|value| value.to_str().ok());
                value.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            };
            if let Some(value) = value {
                if !names.is_empty() {
                    names.push(';');
                }
                names.push_str(name.as_str());
                headers.extend([name.as_str(), ":", &value, "\n"]);
            }
        }
        let request = format!(
            "{method}\n{path}\n{query}\n{headers}\n{names}\n{hash}",
            method = call.http_method(),
            path = path(call.url()),
            query = query(call.url()),
        );
        let day = time.split('T').next().unwrap_or(time);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let request = hex::encode(digest(&SHA256, request.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day, &self.region, self.service, "aws4_request", &text] {
            let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes());
            key = signed.as_ref().to_vec();
        }
        let signature = hex::encode(key);
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.id
        )
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The path, whose segments are encoded once more than they are sent.
fn path(url: &Url) -> String {
    let mut out = String::new();
    for (index, segment) in url.path().split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        encode_segment(&mut out, segment);
    }
    out
}

/// The query, sorted.
fn query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let mut pair = (String::new(), String::new());
            encode_segment(&mut pair.0, &name);
            encode_segment(&mut pair.1, &value);
            pair
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use reqwest::Method;

    use super::*;
    use crate::upstream::{Deadlines, Endpoint, Transport};

    const TIME: i64 = 1_767_323_045_000; // 2026-01-02T03:04:05Z

    fn signed(
        token: Option<&'static str>,
        method: Method,
        url: &str,
        body: &'static str,
    ) -> String {
        let keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: token.map(HeaderValue::from_static),
            region: "us-east-1".to_owned(),
            service: BEDROCK,
        };
        let endpoint = Endpoint::new(url, Transport::default()).unwrap();
        let second = Duration::from_secs(1);
        let deadlines = Deadlines::within(second);
        let mut call =
            Call::new(&endpoint, method, deadlines).bytes(Bytes::from_static(body.as_bytes()));
        if !body.is_empty() {
            call = call.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        keys.sign(&mut call, TIME).unwrap();
        assert_eq!(call.headers().get(DATE).unwrap(), "20260102T030405Z");
        call.headers().get("authorization").unwrap().to_str().unwrap().to_owned()
    }

    const CONVERSE: &str = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
    const BODY: &str = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;

    #[test]
    fn signatures_are_those_of_awss_own_client() {
        assert_eq!(
            signed(None, Method::POST, CONVERSE, BODY),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=1d46b853950ada1236d7f19ff7fa4766dda53e3e07916e6dea4affdb3c67879a"
        );
        let with_token = signed(Some("SESSIONTOKEN"), Method::POST, CONVERSE, BODY);
        assert!(
            with_token.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token")
        );
        assert!(with_token.ends_with(
            "Signature=40c26cb8b888cec5e47b76f6367d4c727b1bfc9ba330ca01849a4c95ae9c2b2c"
        ));
    }

    #[test]
    fn queries_are_sorted_and_encoded() {
        let url = Url::parse("https://h/?nextToken=a%2Fb%2B%3D&maxResults=10&a=b+c").unwrap();
        assert_eq!(query(&url), "a=b%20c&maxResults=10&nextToken=a%2Fb%2B%3D");
        assert_eq!(host(&Url::parse("http://127.0.0.1:80/").unwrap()), "127.0.0.1");
        assert_eq!(host(&Url::parse("http://127.0.0.1:81/").unwrap()), "127.0.0.1:81");
    }

    #[test]
    fn debug_tells_no_key() {
        let keys = Keys {
            id: "AKID-canary".to_owned(),
            secret: "secret-canary".to_owned(),
            token: Some(HeaderValue::from_static("token-canary")),
            region: "eu-west-1".to_owned(),
            service: BEDROCK,
        };
        assert!(!format!("{keys:?}").contains("canary"));
        assert!(keys.tells(b"... secret-canary ..."));
        assert!(keys.tells(b"token-canary"));
        assert!(!keys.tells(b"AKID"));
    }
}
