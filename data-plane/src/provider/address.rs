//! Addresses of operations, parsed when a provider is built. Those that hold the model's name are
//! finished per call.

use std::borrow::Cow;

use url::Url;

use crate::error::{Code, GatewayError};

/// What stands for the model's name in a path: as one segment, or with its slashes as several.
const MODEL: [&str; 2] = ["{model}", "{+model}"];

/// Where an operation is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// At this address, whatever the model.
    Fixed(Url),
    /// At an address that holds the model's name.
    Named {
        /// Everything but the path.
        base: Url,
        /// Of the path.
        before: Box<str>,
        /// Of the path.
        after: Box<str>,
        /// Slashes in the name part segments.
        segments: bool,
    },
    /// At a host of the model's own, below that of this address.
    Hosted(Url),
}

impl Address {
    /// The address with this path and query, at the host of `origin`.
    pub(super) fn new(origin: &Url, path: &str, query: Option<&str>) -> Self {
        let mut base = origin.clone();
        let (path, own) = path.split_once('?').map_or((path, None), |(path, q)| (path, Some(q)));
        let query: Vec<&str> = [query, own].into_iter().flatten().collect();
        base.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        for (marker, segments) in MODEL.into_iter().zip([false, true]) {
            if let Some((before, after)) = path.split_once(marker) {
                return Self::Named { base, before: before.into(), after: after.into(), segments };
            }
        }
        base.set_path(path);
        Self::Fixed(base)
    }

    /// The address with this path at the models' hosts, which stand below that of `domain`.
    pub(super) fn hosted(domain: &Url, path: &str) -> Self {
        let mut url = domain.clone();
        url.set_path(path);
        Self::Hosted(url)
    }

    /// The address for this model, whose name is one segment of the path, whatever it holds, unless the
    /// path says otherwise.
    pub(super) fn url(&self, model: &str) -> Result<Cow<'_, Url>, GatewayError> {
        match self {
            Self::Fixed(url) => Ok(Cow::Borrowed(url)),
            Self::Named { base, before, after, segments } => {
                let names = || model.split(|letter| *segments && letter == '/');
                // A segment of dots alone would climb the path.
                if names().any(|name| name.bytes().all(|byte| byte == b'.')) {
                    let text = "the model's name cannot stand in an address";
                    return Err(GatewayError::new(Code::BadRequest, text).param("model"));
                }
                let mut path = String::with_capacity(before.len() + model.len() + after.len() + 8);
                path.push_str(before);
                for (index, name) in names().enumerate() {
                    if index > 0 {
                        path.push('/');
                    }
                    encode_segment(&mut path, name);
                }
                path.push_str(after);
                let mut url = base.clone();
                url.set_path(&path);
                Ok(Cow::Owned(url))
            }
            Self::Hosted(domain) => hosted(domain, model).map(Cow::Owned).ok_or_else(|| {
                let text = "the model's name cannot stand in an address";
                GatewayError::new(Code::BadRequest, text).param("model")
            }),
        }
    }
}

/// The address of a model's own host: `Mixtral-8x22B-v0.1` has `mixtral-8x22b-v01`.
fn hosted(domain: &Url, model: &str) -> Option<Url> {
    let letters = model.chars().filter(|letter| *letter != '.');
    let label: String = letters
        .map(
            |letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' },
        )
        .collect();
    if label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-') {
        return None;
    }
    let mut url = domain.clone();
    url.set_host(Some(&format!("{label}.{}", domain.host_str()?))).ok()?;
    Some(url)
}

/// Appends a text as one segment of a path: everything but letters, digits and `-._~` is encoded.
pub(crate) fn encode_segment(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str, query: Option<&str>, model: &str) -> Result<String, Code> {
        let origin = Url::parse("https://h").unwrap();
        let address = Address::new(&origin, path, query);
        address.url(model).map(|url| url.to_string()).map_err(|error| error.code)
    }

    #[test]
    fn a_model_is_one_segment_whatever_its_name() {
        for (model, expected) in [
            ("m", "https://h/a/m/b?alt=sse&v=1"),
            ("anthropic.x-v1:0", "https://h/a/anthropic.x-v1%3A0/b?alt=sse&v=1"),
            ("arn:aws:b/c", "https://h/a/arn%3Aaws%3Ab%2Fc/b?alt=sse&v=1"),
            ("../../x", "https://h/a/..%2F..%2Fx/b?alt=sse&v=1"),
            ("%2e%2e", "https://h/a/%252e%252e/b?alt=sse&v=1"),
            ("a?b#c d\n\u{e9}", "https://h/a/a%3Fb%23c%20d%0A%C3%A9/b?alt=sse&v=1"),
        ] {
            let made = url("/a/{model}/b?v=1", Some("alt=sse"), model);
            assert_eq!(made.as_deref(), Ok(expected), "{model}");
        }
        for model in ["", ".", "..", "..."] {
            assert_eq!(url("/a/{model}/b", None, model), Err(Code::BadRequest), "{model}");
        }
    }

    #[test]
    fn a_model_may_have_a_host_of_its_own() {
        let domain = Url::parse("https://d.example/x").unwrap();
        let address = Address::hosted(&domain, "/v1/chat");
        let url = |model: &str| address.url(model).map(|url| url.to_string()).map_err(|e| e.code);
        let mixtral = "https://mixtral-8x22b-v01.d.example/v1/chat";
        assert_eq!(url("Mixtral-8x22B-v0.1").as_deref(), Ok(mixtral));
        assert_eq!(url("evil.com/x").as_deref(), Ok("https://evilcom-x.d.example/v1/chat"));
        assert_eq!(url(""), Err(Code::BadRequest));
        assert_eq!(url("-x"), Err(Code::BadRequest));
    }

    #[test]
    fn a_model_is_several_segments_where_its_slashes_stay() {
        let made = url("/m/{+model}/p", None, "BAAI/bge-m3?x");
        assert_eq!(made.as_deref(), Ok("https://h/m/BAAI/bge-m3%3Fx/p"));
        for model in ["", "..", "a/../b", "/a", "a/"] {
            assert_eq!(url("/m/{+model}/p", None, model), Err(Code::BadRequest), "{model}");
        }
    }

    #[test]
    fn an_address_without_a_model_is_made_once() {
        assert_eq!(url("/v1/chat", None, "..").as_deref(), Ok("https://h/v1/chat"));
        assert_eq!(url("/c?x=1", Some("y=2"), "").as_deref(), Ok("https://h/c?y=2&x=1"));
    }
}
