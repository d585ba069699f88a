use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;

use super::*;
use crate::limit::{Size, reserve};
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

fn problems(config: &Value) -> Vec<String> {
    let kind = registry::find(LimitCount::NAME).unwrap();
    let problems = kind.build(config, &CONTEXT).err().unwrap_or_default();
    problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect()
}

#[test]
fn configs_are_those_of_apisix() {
    let own = "/redis_host: a plugin has no Redis of its own: limits are counted in that of the \
               gateway, which its settings name; leave this out";
    for (config, expected) in [
        (json!({"count": 1, "time_window": 1}), ""),
        (json!({"count": "${http_count ?? 10}", "time_window": "60"}), ""),
        (json!({"count": 1, "time_window": 1, "policy": "redis-cluster"}), ""),
        (json!({"count": 0, "time_window": 1}), "/count: it is at least 1"),
        (json!({"count": 1, "time_window": "x"}), "/time_window: \"x\" is no number"),
        (
            json!({"count": 1, "time_window": 1, "key": "nothing"}),
            "/key: there is no variable \"nothing\"",
        ),
        (json!({"count": 1, "time_window": 1, "policy": "redis", "redis_host": "h"}), own),
        (
            json!({"count": 1, "time_window": 1, "rejected_code": 100}),
            "/rejected_code: it is a status from 200 to 599",
        ),
    ] {
        assert_eq!(problems(&config).join("\n"), expected, "{config}");
    }
}

fn built(config: Value) -> LimitCount {
    let config = serde_json::from_value(config).unwrap();
    LimitCount::build(config, &CONTEXT).map_err(|_| ()).unwrap()
}

/// A request, with what its answer says.
async fn asks(plugin: &LimitCount, exchange: &mut Exchange) -> (u16, Vec<String>) {
    let status = match plugin.claim(exchange) {
        Ok(()) => match reserve(exchange, &Size::default()).await {
            Ok(()) => StatusCode::OK,
            Err(error) => error.status(),
        },
        Err(error) => error.status(),
    };
    let mut headers = HeaderMap::new();
    plugin.response(exchange, &mut AnswerHead { status, headers: &mut headers });
    let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let values = names.iter().filter_map(|name| headers.get(*name));
    (status.as_u16(), values.map(|value| value.to_str().unwrap().to_owned()).collect())
}

/// Another request of the same data plane.
fn another(first: &Exchange, request: TestRequest) -> Exchange {
    let worker = std::rc::Rc::clone(&first.worker);
    Exchange { worker, ..Exchange::for_test(request) }
}

#[tokio::test(start_paused = true)]
async fn requests_are_counted_for_their_key_and_answers_say_how_many_are_left() {
    let plugin = built(json!({"count": 2, "time_window": 60, "key": "http_x_user"}));
    let with = |user: &str| TestRequest::default().insert_header(("x-user", user));
    let first = Exchange::for_test(with("ann"));
    let values = |values: [&str; 3]| values.map(str::to_owned).to_vec();
    for (status, left) in [(200, "1"), (200, "0"), (503, "0")] {
        let mut ann = another(&first, with("ann"));
        assert_eq!(asks(&plugin, &mut ann).await, (status, values(["2", left, "60"])));
    }
    let mut bob = another(&first, with("bob"));
    assert_eq!(asks(&plugin, &mut bob).await, (200, values(["2", "1", "60"])));
    // Without the header: by address.
    let mut nobody = another(&first, TestRequest::default());
    assert_eq!(asks(&plugin, &mut nobody).await, (200, values(["2", "1", "60"])));
}

#[tokio::test(start_paused = true)]
async fn a_count_of_the_request_may_have_no_value() {
    let strict = built(json!({"count": "${http_x_count}", "time_window": 60}));
    let mut exchange = Exchange::for_test(TestRequest::default());
    assert_eq!(asks(&strict, &mut exchange).await, (500, vec![]));
    let degrading =
        built(json!({"count": "${http_x_count}", "time_window": 60, "allow_degradation": true}));
    let mut exchange = Exchange::for_test(TestRequest::default());
    assert_eq!(asks(&degrading, &mut exchange).await, (200, vec![]));
    let request = TestRequest::default().insert_header(("x-count", "7"));
    let mut exchange = Exchange::for_test(request);
    let (status, values) = asks(&strict, &mut exchange).await;
    assert_eq!((status, values[0].as_str(), values[1].as_str()), (200, "7", "6"));
}

#[test]
fn groups_share_counters() {
    let id = |config: Value| built(config).rule.id.to_string();
    let group = json!({"count": 1, "time_window": 1, "group": "g"});
    assert_eq!(id(group), "group/limit-count/g");
    let own = json!({"count": 1, "time_window": 1});
    assert!(id(own).starts_with("test/limit-count/"));
}
