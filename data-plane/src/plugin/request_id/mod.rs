//! `request-id`: a header of answers that names the request (APISIX's plugin of this name).
//!
//! Every request has an id already, of the caller or of the gateway, in `x-request-id` and in the log.
//! This says it under another name too: what the caller sent in that header, else the gateway's id.

use std::str::FromStr as _;

use actix_web::http::header::HeaderName;
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::Inert;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin};
use crate::exchange::{AnswerHead, Exchange, RequestId};

/// The plugin; `None` where answers do not say the id.
pub struct RequestIdHeader(Option<HeaderName>);

/// Which header.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = RequestIdConfig)]
pub struct Config {
    /// The header.
    header_name: String,
    /// Whether answers have it. Those of the gateway have `x-request-id` in any case.
    include_in_response: bool,
    /// How ids are made: the gateway's are random and 32 hexadecimal digits.
    algorithm: Inert,
    /// Of which characters, and how many.
    range_id: Inert,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header_name: "X-Request-Id".to_owned(),
            include_in_response: true,
            algorithm: Inert,
            range_id: Inert,
        }
    }
}

impl Plugin for RequestIdHeader {
    const NAME: &'static str = "request-id";
    const ABOUT: &'static str = "Names requests in a header of their answers.";
    const PHASES: &'static [Phase] = &[Phase::Response];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({}), json!({"header_name": "x-trace", "include_in_response": true})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let name = HeaderName::from_str(config.header_name.trim())
            .map_err(|_| vec![Problem::at("/header_name", "it is no name of a header")])?;
        Ok(Self(config.include_in_response.then_some(name)))
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        let Some(name) = &self.0 else { return };
        let given = exchange.request.headers().get(name).and_then(RequestId::from_caller);
        let id = given.unwrap_or_else(|| exchange.request_id.clone());
        head.headers.insert(name.clone(), id.header());
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::http::header::HeaderMap;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::plugin::registry;
    use crate::snapshot::for_test::CONTEXT;

    fn told(config: &Value, caller: Option<(&str, &str)>) -> Vec<(String, String)> {
        let plugin = registry::find("request-id").unwrap().build(config, &CONTEXT);
        let mut request = TestRequest::default();
        if let Some(header) = caller {
            request = request.insert_header(header);
        }
        let exchange = Exchange::for_test(request);
        let mut headers = HeaderMap::new();
        let mut head = AnswerHead { status: StatusCode::OK, headers: &mut headers };
        let plugin = plugin.unwrap_or_else(|problems| panic!("{problems:?}"));
        plugin.response(&exchange, &mut head);
        let text = |(name, value): (&HeaderName, &actix_web::http::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        headers.iter().map(text).collect()
    }

    #[test]
    fn an_answer_names_its_request_as_the_caller_did() {
        let own = "0".repeat(32);
        let pair = |name: &str, id: &str| vec![(name.to_owned(), id.to_owned())];
        let named = json!({"header_name": "X-Trace", "algorithm": "uuid"});
        assert_eq!(told(&json!({}), None), pair("x-request-id", &own));
        assert_eq!(told(&named, None), pair("x-trace", &own));
        assert_eq!(told(&named, Some(("x-trace", "abc"))), pair("x-trace", "abc"));
        assert_eq!(told(&named, Some(("x-trace", "a b"))), pair("x-trace", &own));
        assert_eq!(told(&json!({"include_in_response": false}), None), []);
    }

    #[test]
    fn a_name_that_no_header_may_have_is_refused() {
        let kind = registry::find("request-id").unwrap();
        let problems = kind.build(&json!({"header_name": "a b"}), &CONTEXT).err().unwrap();
        assert_eq!(problems[0].pointer, "/header_name");
    }
}
