//! The same list as Anthropic gives it, in pages: for clients that say `anthropic-version`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use sanmon_wire::anthropic::MESSAGES;
use sanmon_wire::canonical::{ErrorKind, ProviderError};
use sanmon_wire::format::Codec as _;
use serde::Serialize;

use super::{Entry, find, percent_decode};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;

/// How many models a page has, unless the caller says otherwise.
const PAGE: usize = 20;

/// The most that it may ask for.
const LARGEST: usize = 1_000;

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<Model<'a>>,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
    has_more: bool,
}

#[derive(Serialize)]
struct Model<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: Timestamp,
}

/// What of a list a caller asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    limit: Option<usize>,
    after: Option<String>,
    before: Option<String>,
}

/// Answers with one model, or a page of them.
pub(super) fn answer(
    exchange: &Exchange,
    entries: &[Entry<'_>],
    one: Option<&str>,
) -> Result<HttpResponse, GatewayError> {
    if let Some(id) = one {
        let Some(entry) = find(entries, id) else {
            let text = format!("the model {id:?} does not exist");
            let body = MESSAGES.encode_error(&ProviderError::new(ErrorKind::NotFound, text));
            let mut response = HttpResponse::build(StatusCode::NOT_FOUND);
            return Ok(response.content_type("application/json").body(body));
        };
        return Ok(HttpResponse::Ok().json(model(entry)));
    }
    let asked = Asked::read(exchange.request.query_string())?;
    Ok(HttpResponse::Ok().json(page(entries, &asked)))
}

fn model<'a>(entry: &'a Entry<'_>) -> Model<'a> {
    let created = entry.model.created.and_then(|at| i64::try_from(at).ok());
    Model {
        r#type: "model",
        id: &entry.combined,
        display_name: entry.model.label.as_deref().unwrap_or(&entry.model.id),
        // Of what is not known Anthropic says the same.
        created_at: created.and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default(),
    }
}

fn page<'a>(entries: &'a [Entry<'_>], asked: &Asked) -> Page<'a> {
    let limit = asked.limit.unwrap_or(PAGE);
    let at = |id: &str| entries.iter().position(|entry| entry.combined == id);
    let after = asked.after.as_deref().and_then(at).map_or(0, |at| at + 1);
    let (from, to, has_more) = if let Some(before) = asked.before.as_deref().and_then(at) {
        let from = before.saturating_sub(limit).max(after);
        (from, before, from > after)
    } else {
        let to = after.saturating_add(limit).min(entries.len());
        (after, to, to < entries.len())
    };
    let data: Vec<Model<'_>> =
        entries.get(from..to).unwrap_or_default().iter().map(model).collect();
    Page {
        first_id: data.first().map(|model| model.id),
        last_id: data.last().map(|model| model.id),
        data,
        has_more,
    }
}

impl Asked {
    fn read(query: &str) -> Result<Self, GatewayError> {
        let mut asked = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let text = || String::from_utf8_lossy(&percent_decode(value.as_bytes())).into_owned();
            match name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=LARGEST).contains(limit));
                    asked.limit = Some(limit.ok_or_else(|| {
                        let text = format!("a page has 1 to {LARGEST} models");
                        GatewayError::new(Code::BadRequest, text).param("limit")
                    })?);
                }
                "after_id" => asked.after = Some(text()),
                "before_id" => asked.before = Some(text()),
                _ => {}
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stands_in_the_query() {
        let asked = Asked::read("limit=2&after_id=a%2Fb&beta=true").unwrap();
        assert_eq!((asked.limit, asked.after.as_deref()), (Some(2), Some("a/b")));
        for query in ["limit=0", "limit=1001", "limit=x"] {
            assert_eq!(Asked::read(query).unwrap_err().code, Code::BadRequest);
        }
    }
}
