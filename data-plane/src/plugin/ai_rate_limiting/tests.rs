use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;

use super::*;
use crate::exchange::Tokens;
use crate::limit::{Size, reserve};
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

#[test]
fn configs_are_those_of_apisix() {
    let kind = registry::find(AiRateLimiting::NAME).unwrap();
    for (config, expected) in [
        (json!({"limit": 30, "time_window": 60}), ""),
        (
            json!({"limit": 30}),
            "/time_window: property \"time_window\" is required when \"limit\" is set",
        ),
        (
            json!({"time_window": 60}),
            "/limit: property \"limit\" is required when \"time_window\" is set",
        ),
        (json!({}), ": it limits nothing"),
        (
            json!({"limit": 1, "time_window": 1, "rules": [{"key": "a", "count": 1, "time_window": 1}]}),
            "/rules: there are either \"rules\", or \"limit\" and \"instances\"",
        ),
        (
            json!({"limit": 1, "time_window": 1, "limit_strategy": "expression"}),
            "/cost_expr: \"limit_strategy\": \"expression\" needs one",
        ),
        (
            json!({"limit": 1, "time_window": 1, "limit_strategy": "expression", "cost_expr": "1 +"}),
            "/cost_expr: it ends too early",
        ),
        (
            json!({"instances": [{"name": "a", "limit": 0, "time_window": 1}]}),
            "/instances/0/limit: it is at least 1",
        ),
        (
            json!({"rules": [{"key": "$x", "count": 1, "time_window": 1}]}),
            "/rules/0/key: there is no variable \"x\"",
        ),
    ] {
        let problems = kind.build(&config, &CONTEXT).err().unwrap_or_default();
        let said: Vec<_> =
            problems.iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect();
        assert_eq!(said.join("\n"), expected, "{config}");
    }
}

fn built(config: Value) -> AiRateLimiting {
    let config = serde_json::from_value(config).unwrap();
    AiRateLimiting::build(config, &CONTEXT).map_err(|_| ()).unwrap()
}

/// Requests of one data plane.
struct Route {
    plugin: AiRateLimiting,
    first: Exchange,
}

impl Route {
    fn of(config: Value) -> Self {
        Self { plugin: built(config), first: Exchange::for_test(TestRequest::default()) }
    }

    /// Begins a request at an instance; with its status and what its answer says.
    async fn begins(&self, request: TestRequest, provider: &str) -> (Exchange, u16, Vec<String>) {
        let worker = std::rc::Rc::clone(&self.first.worker);
        let mut exchange = Exchange { worker, ..Exchange::for_test(request) };
        exchange.account.set_provider(provider.into());
        let status = match self.plugin.claim(&mut exchange) {
            Ok(()) => {
                let size = Size { model: "m", provider, input_tokens: 5, max_output: None };
                let reserved = reserve(&exchange, &size).await;
                reserved.map_or_else(|error| error.status(), |()| StatusCode::OK)
            }
            Err(error) => error.status(),
        };
        let mut headers = HeaderMap::new();
        self.plugin.response(&exchange, &mut AnswerHead { status, headers: &mut headers });
        let mut said: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        said.sort();
        (exchange, status.as_u16(), said)
    }

    /// A whole request that uses ten tokens.
    async fn asks(&self, request: TestRequest, provider: &str) -> (u16, Vec<String>) {
        let (exchange, status, said) = self.begins(request, provider).await;
        if status == 200 {
            exchange.account.set_tokens(Tokens { input: 4, output: 6, ..Tokens::default() });
        }
        (status, said)
    }
}

const OPENAI: &str = "route/ai-proxy-multi/openai";
const DEEPSEEK: &str = "route/ai-proxy-multi/deepseek";

#[tokio::test(start_paused = true)]
async fn of_thirty_tokens_three_answers_of_ten_are_let_through() {
    let route = Route::of(json!({"limit": 30, "time_window": 60}));
    for expected in [200, 200, 200, 503] {
        assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, expected);
    }
    // Every instance has a counter of its own.
    assert_eq!(route.asks(TestRequest::default(), DEEPSEEK).await.0, 200);
    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn requests_at_once_do_not_overshoot_together() {
    let route = Route::of(json!({"limit": 30, "time_window": 60}));
    let first = route.begins(TestRequest::default(), OPENAI).await;
    assert_eq!(first.1, 200);
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 503);
    drop(first);
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn instances_have_limits_and_headers_of_their_names() {
    let route = Route::of(json!({
        "limit": 100, "time_window": 60, "rejected_code": 429, "limit_strategy": "prompt_tokens",
        "instances": [{"name": "openai", "limit": 8, "time_window": 30}]
    }));
    let (status, said) = route.asks(TestRequest::default(), OPENAI).await;
    assert_eq!(status, 200);
    assert_eq!(
        said,
        [
            "x-ai-ratelimit-limit-openai: 8",
            "x-ai-ratelimit-remaining-openai: 3",
            "x-ai-ratelimit-reset-openai: 30",
        ]
    );
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 200);
    let (status, said) = route.asks(TestRequest::default(), OPENAI).await;
    assert_eq!((status, said[1].as_str()), (429, "x-ai-ratelimit-remaining-openai: 0"));
    let (status, said) = route.asks(TestRequest::default(), DEEPSEEK).await;
    assert_eq!((status, said[0].as_str()), (200, "x-ai-ratelimit-limit-deepseek: 100"));
}

#[tokio::test(start_paused = true)]
async fn rules_apply_to_whom_their_keys_tell_apart() {
    let route = Route::of(json!({"rules": [
        {"key": "${http_user}", "count": "${http_count ?? 10}", "time_window": 60},
        {"key": "team ${http_team}", "count": 100, "time_window": 60, "header_prefix": "Team"}
    ]}));
    let user = |user: &str| TestRequest::default().insert_header(("user", user));
    let (status, said) = route.asks(user("ann"), OPENAI).await;
    assert_eq!((status, said[0].as_str()), (200, "x-ai-1-ratelimit-limit: 10"));
    assert_eq!(route.asks(user("ann"), OPENAI).await.0, 503);
    assert_eq!(route.asks(user("bob"), OPENAI).await.0, 200);
    let counted = user("ann").insert_header(("count", "1000"));
    assert_eq!(route.asks(counted, OPENAI).await.0, 200, "the same counter, with another limit");
    let team = TestRequest::default().insert_header(("team", "red"));
    let (status, said) = route.asks(team, OPENAI).await;
    assert_eq!((status, said[0].as_str()), (200, "x-ai-team-ratelimit-limit: 100"));
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 500, "no rule applies");
    let wrong = user("ann").insert_header(("count", "-1"));
    assert_eq!(route.asks(wrong, OPENAI).await.0, 500);
}

#[tokio::test(start_paused = true)]
async fn an_expression_says_what_a_request_costs() {
    let route = Route::of(json!({
        "limit": 100, "time_window": 60, "limit_strategy": "expression",
        "cost_expr": "prompt_tokens + completion_tokens * 16", "show_limit_quota_header": false
    }));
    // A hundred for four in and six out.
    let (status, said) = route.asks(TestRequest::default(), OPENAI).await;
    assert_eq!((status, said.len()), (200, 0));
    assert_eq!(route.asks(TestRequest::default(), OPENAI).await.0, 503);
}
