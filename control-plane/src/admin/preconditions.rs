//! `If-Match` and `If-None-Match`.

use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::error::{ApiError, Code};
use crate::configuration::{Match, Precondition};

/// The condition of a write.
pub(crate) fn preconditions(headers: &HeaderMap) -> Result<Precondition, ApiError> {
    Ok(Precondition {
        if_match: tags(headers, &header::IF_MATCH)?,
        if_none_match: tags(headers, &header::IF_NONE_MATCH)?,
    })
}

/// Whether the caller of a read has this revision already.
pub(crate) fn not_modified(headers: &HeaderMap, revision: u64) -> Result<bool, ApiError> {
    let if_none_match = tags(headers, &header::IF_NONE_MATCH)?;
    Ok(!Precondition { if_match: None, if_none_match }.holds(Some(revision)))
}

/// The revisions that a header lists. A tag that none of ours can be matches nothing. Weak tags are
/// taken as strong ones: proxies that compress weaken them on the way.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Match>, ApiError> {
    let mut found: Option<Vec<u64>> = None;
    for value in headers.get_all(name) {
        let wrong = || {
            let detail = format!("the header {name} lists no entity tags such as \"12\"");
            ApiError::new(Code::BadParameter, detail)
        };
        let value = value.to_str().map_err(|_| wrong())?.trim();
        if value == "*" {
            return Ok(Some(Match::Any));
        }
        let revisions = found.get_or_insert_default();
        for tag in value.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            revisions.extend(inside.ok_or_else(wrong)?.parse::<u64>());
        }
    }
    Ok(found.map(Match::Revisions))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn if_match(value: &str) -> Result<Option<Match>, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
        preconditions(&headers).map(|read| read.if_match).map_err(|error| error.code)
    }

    #[test]
    fn entity_tags_are_revisions() {
        let revisions = |list: &[u64]| Ok(Some(Match::Revisions(list.to_vec())));
        assert_eq!(if_match("*"), Ok(Some(Match::Any)));
        assert_eq!(if_match("\"7\""), revisions(&[7]));
        assert_eq!(if_match("\"7\", W/\"8\""), revisions(&[7, 8]));
        assert_eq!(if_match("\"of another server\""), revisions(&[]));
        assert_eq!(if_match("7"), Err(Code::BadParameter));
        assert_eq!(preconditions(&HeaderMap::new()).unwrap(), Precondition::default());
    }
}
