//! The API asked as curl does, over a store in memory.

mod access;
mod bundles;
mod catalogue;
mod consumers;
mod envelopes;
mod expiry;
mod guide;
mod lists;
mod mappings;
mod others;
mod refusals;
mod secrets;
mod validation;

use std::sync::Arc;

use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use serde_json::{Value, json};

use crate::admin::tests::fixture::{self, Answered, Fixture, KEY};
use crate::store::Retention;
use catalogue::TestCatalogue;

/// What curl's `-d` says of bodies unless told otherwise.
const FORM: &str = "application/x-www-form-urlencoded";

async fn fixture()
-> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    fixture::with(Retention::default(), Arc::new(TestCatalogue)).await
}

impl<S> Fixture<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    /// One call below `/apisix/admin`, with the first admin's key.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Answered {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let ask = self.ask(method.parse().unwrap(), &format!("/apisix/admin{path}"));
        ask.credential("x-api-key", KEY).bytes(FORM, body).await
    }

    /// Puts a document that is taken.
    async fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.call("PUT", path, body).await;
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text());
        answer.json()["value"].clone()
    }

    /// The value at a path.
    async fn value(&self, path: &str) -> Value {
        let answer = self.call("GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["value"].clone()
    }

    /// Why a call is refused.
    async fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let answer = self.call(method, path, body).await;
        assert!(answer.status >= 400, "{path}: {}", answer.text());
        let json = answer.json();
        let text = json["error_msg"].as_str().or(json["message"].as_str());
        (answer.status, text.unwrap().to_owned())
    }

    /// A document of ours.
    async fn ours(&self, path: &str) -> Value {
        let answer = self.get(&format!("/apis/v1/{path}")).send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }
}

/// A config of `ai-proxy`.
fn ai_proxy() -> Value {
    json!({
        "provider": "openai-compatible",
        "auth": {"header": {"Authorization": "Bearer canary-provider-key"}},
        "options": {"model": "m"},
        "override": {"endpoint": "https://llm.example.com/v1/chat/completions"},
    })
}

/// Every member of `expected` is in `value`.
fn assert_has(value: &Value, expected: &Value) {
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(&value[name], expected, "{name} in {value:#}");
    }
}
