use std::borrow::Cow;

use actix_web::http::header::HeaderName;
use url::form_urlencoded;

use super::Exchange;

/// A place of the request where a credential was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A header.
    Header(HeaderName),
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
}

impl Exchange {
    /// The query as it may travel on: without the parameters in which credentials were found.
    pub fn query(&self) -> Option<Cow<'_, str>> {
        without(self.request.uri().query()?, &self.wiped)
    }
}

/// The query without the parameters in which credentials were found.
fn without<'a>(query: &'a str, wiped: &[Credential]) -> Option<Cow<'a, str>> {
    if !wiped.iter().any(|credential| matches!(credential, Credential::Query(_))) {
        return Some(Cow::Borrowed(query));
    }
    let is_wiped = |pair: &str| {
        // Upstreams read escaped names as we do.
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        let is = |it: &String| name.as_deref() == Some(it.as_str());
        wiped.iter().any(|credential| matches!(credential, Credential::Query(it) if is(it)))
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_wiped(pair)).collect();
    (!kept.is_empty()).then(|| Cow::Owned(kept.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_parameters_do_not_travel() {
        let wiped = [Credential::Query("access_token".to_owned())];
        assert_eq!(without("a=1&access_token=x&b=2", &wiped).as_deref(), Some("a=1&b=2"));
        assert_eq!(without("access_token=x", &wiped), None);
        assert_eq!(without("a=1&%61ccess_token=x", &wiped).as_deref(), Some("a=1"));
        assert_eq!(without("access_token2=x&c", &wiped).as_deref(), Some("access_token2=x&c"));
    }
}
