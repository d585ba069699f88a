use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;

use super::*;
use crate::exchange::Tokens;
use crate::limit::{Size, reserve};
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

#[test]
fn configs_are_texts_that_give_numbers() {
    let kind = registry::find(LlmTokensRateLimiting::ALIASES[0]).unwrap();
    for (config, expected) in [
        (json!({}), ""),
        (json!({"window_millis": "", "throttling_quota": " ", "group_expr": ""}), ""),
        (json!({"throttling_quota": "${apikey.metadata.quota}"}), ""),
        (json!({"throttling_quota": "many"}), "/throttling_quota: \"many\" is no whole number"),
        (json!({"window_millis": "0"}), "/window_millis: it is at least 1"),
        (json!({"group_expr": "${req.body.user}"}), "/group_expr: limits cannot look at the body"),
    ] {
        let problems = kind.build(&config, &CONTEXT).err().unwrap_or_default();
        let said: Vec<_> =
            problems.iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect();
        assert_eq!(said.join("\n"), expected, "{config}");
    }
}

/// A request of a group, with its headers in the order in which they are written.
async fn asks(plugin: &LlmTokensRateLimiting, exchange: &mut Exchange) -> (u16, [String; 4]) {
    let status = match plugin.claim(exchange) {
        Ok(()) => {
            let size = Size { model: "m", provider: "p", input_tokens: 10, max_output: Some(40) };
            reserve(exchange, &size).await.map_or_else(|error| error.status(), |()| StatusCode::OK)
        }
        Err(error) => error.status(),
    };
    let mut headers = HeaderMap::new();
    plugin.response(exchange, &mut AnswerHead { status, headers: &mut headers });
    let names = ["max-tokens", "window-millis", "consumed-tokens", "remaining-tokens"];
    let value = |name| {
        let value = headers.get(format!("x-llm-ratelimit-{name}"));
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    };
    (status.as_u16(), names.map(value))
}

#[tokio::test(start_paused = true)]
async fn groups_share_their_tokens_and_answers_say_what_is_left() {
    let config = json!({"throttling_quota": "100", "group_expr": "${req.headers.x-team}"});
    let config = serde_json::from_value(config).unwrap();
    let plugin = LlmTokensRateLimiting::build(config, &CONTEXT).map_err(|_| ()).unwrap();
    let team = |team: &str| TestRequest::default().insert_header(("x-team", team));
    let first = Exchange::for_test(team("red"));
    let another = |name: &str| {
        let worker = std::rc::Rc::clone(&first.worker);
        Exchange { worker, ..Exchange::for_test(team(name)) }
    };
    let values = |values: [&str; 4]| values.map(str::to_owned);
    let mut one = another("red");
    assert_eq!(asks(&plugin, &mut one).await, (200, values(["100", "10000", "50", "50"])));
    // At its end it turns out to have used more, reasoning included in the output.
    one.account.set_tokens(Tokens { input: 10, output: 85, ..Tokens::default() });
    drop(one);
    let mut two = another("red");
    assert_eq!(asks(&plugin, &mut two).await, (200, values(["100", "10000", "100", "0"])));
    let mut three = another("red");
    assert_eq!(asks(&plugin, &mut three).await, (429, values(["100", "10000", "100", "0"])));
    let mut blue = another("blue");
    assert_eq!(asks(&plugin, &mut blue).await.0, 200);
    tokio::time::advance(Duration::from_secs(10)).await;
    let mut later = another("red");
    assert_eq!(asks(&plugin, &mut later).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_no_number_is_the_routes_fault() {
    let config = serde_json::from_value(json!({"throttling_quota": "${apikey.metadata.quota}"}));
    let plugin = LlmTokensRateLimiting::build(config.unwrap(), &CONTEXT).map_err(|_| ()).unwrap();
    let mut exchange = Exchange::for_test(TestRequest::default());
    assert_eq!(asks(&plugin, &mut exchange).await.0, 500);
}
