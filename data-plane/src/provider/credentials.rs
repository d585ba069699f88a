//! The headers of a provider's calls, built once, with its credential in them. A document may hold
//! several tokens, parted by commas, which take turns.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::Connection;
use sanmon_shared::secret::Secret;

use super::kind::{Auth, Kind};
use crate::plugin::BuildContext;

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

/// The headers of a connection's calls, a set per token; problems stand below `pointer`. Values
/// that hold the credential are marked sensitive.
pub(super) fn build(
    kind: &Kind,
    connection: &Connection,
    context: &BuildContext<'_>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Vec<HeaderMap> {
    let mut reveal = |secret: &Secret, pointer: String| -> Option<String> {
        let seal = context.seal?;
        match secret.reveal(seal, context.environment) {
            Ok(revealed) => Some(revealed.expose().to_owned()),
            Err(error) => {
                problems.push(Problem::at(pointer, error.to_string()));
                None
            }
        }
    };
    let token = connection
        .token
        .as_ref()
        .and_then(|token| reveal(token, format!("{pointer}/token")))
        .unwrap_or_default();
    let headers_at = format!("{pointer}/headers");
    let mut templates = Vec::new();
    for (name, value) in &connection.headers {
        let at = join_pointer(&headers_at, name);
        templates.push((name.as_str(), reveal(value, at.clone()), at));
    }
    // `xxx` is what Otoroshi's documents have for none.
    let tokens: Vec<Option<&str>> = match token.trim() {
        "" | "xxx" => vec![None],
        tokens => tokens.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Some).collect(),
    };
    let mut sets = Vec::with_capacity(tokens.len());
    for token in tokens {
        let found = problems.len();
        sets.push(one_set(kind, token, &templates, pointer, problems));
        if problems.len() > found {
            break;
        }
    }
    sets
}

fn one_set(
    kind: &Kind,
    token: Option<&str>,
    templates: &[(&str, Option<String>, String)],
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> HeaderMap {
    let mut set = HeaderMap::with_capacity(templates.len() + 2);
    let mut carried = false;
    for (name, template, at) in templates {
        let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes()) else {
            problems.push(Problem::at(at, "it is no name of a header"));
            continue;
        };
        if RESERVED.contains(&name.as_str()) {
            problems.push(Problem::at(at, "the gateway makes this header itself"));
            continue;
        }
        // None: secrets are not revealed while a write is checked.
        let Some(template) = template else { continue };
        let holds = template.contains("{api_key}") || template.contains("{token}");
        carried |= holds || name == AUTHORIZATION;
        if holds && token.is_none() {
            continue;
        }
        let token = token.unwrap_or_default();
        let text = template.replace("{api_key}", token).replace("{token}", token);
        insert(&mut set, name, &text, at, problems);
    }
    let at = format!("{pointer}/token");
    if let (Some(token), false) = (token, carried) {
        match kind.auth {
            Auth::Bearer => {
                insert(&mut set, AUTHORIZATION, &format!("Bearer {token}"), &at, problems);
            }
            Auth::Header(name) => {
                insert(&mut set, HeaderName::from_static(name), token, &at, problems);
            }
        }
    }
    set
}

fn insert(
    set: &mut HeaderMap,
    name: HeaderName,
    text: &str,
    at: &str,
    problems: &mut Vec<Problem>,
) {
    match HeaderValue::from_str(text) {
        Ok(mut value) => {
            value.set_sensitive(true);
            set.insert(name, value);
        }
        Err(_) => problems.push(Problem::at(at, "it holds characters that no header may have")),
    }
}
