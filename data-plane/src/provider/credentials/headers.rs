use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;

use super::{Auth, Builder};

/// Headers that the transport makes, or that would let a body mean something else.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers of an account's calls. Values that may hold a credential are marked sensitive.
#[derive(Clone)]
pub(in crate::provider) struct HeaderSet {
    pub(in crate::provider) headers: HeaderMap,
    /// Where the connection stands in its document.
    at: String,
}

impl HeaderSet {
    /// Adds a secret that stands in the document under the name that the header has with `_` for `-`,
    /// or that its vendor has.
    pub(super) fn add_secret(
        &mut self,
        name: &'static str,
        secret: Option<&str>,
        problems: &mut Vec<Problem>,
    ) {
        if let Some(secret) = secret.map(str::trim).filter(|secret| !secret.is_empty()) {
            let at = format!("{}/api_key", self.at);
            self.insert(HeaderName::from_static(name), secret, &at, problems);
        }
    }

    fn insert(&mut self, name: HeaderName, text: &str, at: &str, problems: &mut Vec<Problem>) {
        match HeaderValue::from_str(text) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
            Err(_) => problems.push(Problem::at(at, "it holds characters that no header may have")),
        }
    }
}

/// The headers of a document, in which a token may stand.
pub(super) struct Templates {
    /// Name, text and place of each; the text is unknown while a write is checked.
    headers: Vec<(HeaderName, Option<String>, String)>,
    /// Where the connection stands in its document.
    at: String,
}

impl Templates {
    pub(super) fn of(builder: &Builder<'_>, problems: &mut Vec<Problem>) -> Self {
        let headers_at = format!("{}/headers", builder.at);
        let mut headers = Vec::new();
        for (name, value) in &builder.connection.headers {
            let at = join_pointer(&headers_at, name);
            let Ok(header) = HeaderName::from_bytes(name.trim().as_bytes()) else {
                problems.push(Problem::at(at, "it is no name of a header"));
                continue;
            };
            if RESERVED.contains(&header.as_str()) {
                problems.push(Problem::at(at, "the gateway makes this header itself"));
                continue;
            }
            let text = builder.context.seal.and_then(|seal| {
                let revealed = value.reveal(seal, builder.context.elsewhere);
                revealed
                    .map(|revealed| revealed.expose().to_owned())
                    .map_err(|error| problems.push(Problem::at(at.clone(), error.to_string())))
                    .ok()
            });
            headers.push((header, text, at));
        }
        Self { headers, at: builder.at.to_owned() }
    }

    /// The headers in which no token stands.
    pub(super) fn without_token(&self) -> HeaderSet {
        let mut set = HeaderSet {
            headers: HeaderMap::with_capacity(self.headers.len() + 2),
            at: self.at.clone(),
        };
        // What no header may hold is told when the token is in its place.
        let mut untold = Vec::new();
        for (name, text, at) in &self.headers {
            if let Some(text) = text.as_deref().filter(|text| !holds_token(text)) {
                set.insert(name.clone(), text, at, &mut untold);
            }
        }
        set
    }

    /// The headers with this token, in its vendor's header where no other carries it.
    pub(super) fn with_token(
        &self,
        token: &str,
        auth: Auth,
        set: &mut HeaderSet,
        problems: &mut Vec<Problem>,
    ) {
        let mut carried = false;
        for (name, text, at) in &self.headers {
            carried |= name == AUTHORIZATION;
            let Some(text) = text else { continue };
            carried |= holds_token(text);
            let text = text.replace("{api_key}", token).replace("{token}", token);
            set.insert(name.clone(), &text, at, problems);
        }
        if carried {
            return;
        }
        let at = format!("{}/token", self.at);
        match auth {
            Auth::Header(name) => set.insert(HeaderName::from_static(name), token, &at, problems),
            Auth::Bearer | Auth::Azure | Auth::Aws | Auth::Google => {
                set.insert(AUTHORIZATION, &format!("Bearer {token}"), &at, problems);
            }
        }
    }
}

fn holds_token(text: &str) -> bool {
    text.contains("{api_key}") || text.contains("{token}")
}
