//! What is taken when a request is let in, and what a refusal says.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName};
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::{Quota, Span};

use super::exchanges::{exchange, hourly, limited, plane, rule, size};
use crate::error::Code;
use crate::exchange::Exchange;
use crate::limit::{Measure, Part, Providers, Rule, Size, Subject, headers, reserve};
use crate::protocol::Dialect;

fn headers_of(exchange: &Exchange, dialect: Dialect) -> Vec<String> {
    let mut map = HeaderMap::new();
    headers::write(exchange, dialect, &mut map);
    let text = |(name, value): (&HeaderName, &actix_web::http::header::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    let mut lines: Vec<String> = map.iter().map(text).collect();
    lines.sort();
    lines
}

#[tokio::test(start_paused = true)]
async fn all_limits_or_none() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let many = (Arc::new(rule("many", Measure::Requests)), hourly(10));
    let few = (Arc::new(rule("few", Measure::Requests)), hourly(1));
    let both = [many.clone(), few];
    reserve(&limited(&shared, &both), &size(1, None)).await.unwrap();
    for _ in 0..20 {
        let error = reserve(&limited(&shared, &both), &size(1, None)).await.unwrap_err();
        assert_eq!(error.code, Code::QuotaExceeded);
    }
    let rest = limited(&shared, &[many]);
    reserve(&rest, &size(1, None)).await.unwrap();
    let left: Vec<u64> = rest.limits.counted().map(|(_, counted)| counted.remaining).collect();
    assert_eq!(left, [8], "what the other limit refused was not charged here");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_counted_once_however_often_it_is_reserved() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let rules = [(Arc::new(rule("r", Measure::Requests)), hourly(2))];
    let mut twice = limited(&shared, &rules);
    let [(rule, quota)] = &rules;
    twice.limits.add(rule, *quota);
    reserve(&twice, &size(1, None)).await.unwrap();
    reserve(&twice, &size(1, None)).await.unwrap();
    reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap();
    reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn refusals_say_when_a_retry_helps_and_whether_it_is_worth_it() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let seconds = |seconds| Span::Window(Duration::from_secs(seconds));
    for (id, span, code, after, text) in [
        (
            "a",
            seconds(10),
            Code::RateLimited,
            10,
            "the limit of 1 requests per 10 seconds is reached",
        ),
        ("b", seconds(60), Code::RateLimited, 60, "the limit of 1 requests per minute is reached"),
        (
            "c",
            seconds(61),
            Code::QuotaExceeded,
            61,
            "the limit of 1 requests per 61 seconds is reached",
        ),
        ("d", Span::Day, Code::QuotaExceeded, 86_400, "the limit of 1 requests per day is reached"),
    ] {
        let rules = [(Arc::new(rule(id, Measure::Requests)), Quota { limit: 1, span })];
        reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap();
        let error = reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap_err();
        assert_eq!((error.code, error.retry_after, &*error.message), (code, Some(after), text));
        assert_eq!(error.status(), 429);
    }
    let own = Rule {
        status: Some(StatusCode::SERVICE_UNAVAILABLE),
        message: Some("not so fast".into()),
        ..rule("own", Measure::Requests)
    };
    let rules = [(Arc::new(own), hourly(0))];
    let error = reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap_err();
    assert_eq!((error.status().as_u16(), &*error.message), (503, "not so fast"));
}

#[tokio::test(start_paused = true)]
async fn subjects_count_apart() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let by = |part: Part| Arc::new(Rule::new("r", Measure::Requests, Subject::of([part])));
    let header = by(Part::Header(HeaderName::from_static("x-team")));
    let long = "x".repeat(10_000);
    for team in ["red", "blue", long.as_str()] {
        for passes in [true, false] {
            let mut one = exchange(&shared);
            let request = actix_web::test::TestRequest::default().insert_header(("x-team", team));
            one.request = request.to_http_request();
            one.limits.add(&header, hourly(1));
            assert_eq!(reserve(&one, &size(1, None)).await.is_ok(), passes);
        }
    }
    let model = by(Part::Model);
    for (name, passes) in [("a", true), ("b", true), ("a", false)] {
        let one = limited(&shared, &[(Arc::clone(&model), hourly(1))]);
        let size = Size { model: name, ..size(1, None) };
        assert_eq!(reserve(&one, &size).await.is_ok(), passes, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_requests_without_a_model_do_not_count() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let rules = [(Arc::new(rule("t", Measure::Total)), hourly(0))];
    reserve(&limited(&shared, &rules), &Size::default()).await.unwrap();
    reserve(&limited(&shared, &rules), &size(1, None)).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn where_the_limit_of_a_target_refuses_another_one_may_be_asked() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let each = Rule::new("each", Measure::Total, Subject::of([Part::Provider]));
    let only =
        Rule { providers: Providers::Only("large".into()), ..rule("only", Measure::Requests) };
    let all = (Arc::new(rule("all", Measure::Requests)), hourly(2));
    let rules = [(Arc::new(each), hourly(10)), (Arc::new(only), hourly(0)), all];
    let at = |provider| Size { provider, ..size(1, Some(99)) };
    let first = limited(&shared, &rules);
    reserve(&first, &at("p")).await.unwrap();
    let second = limited(&shared, &rules);
    for used_up in ["p", "route/ai-proxy-multi/large"] {
        let error = reserve(&second, &at(used_up)).await.unwrap_err();
        assert_eq!(error.code, Code::QuotaExceeded, "{used_up}");
    }
    reserve(&second, &at("q")).await.unwrap();
    // What is everybody's limit refuses for all.
    let third = limited(&shared, &rules);
    reserve(&third, &at("r")).await.unwrap_err();
    reserve(&third, &at("s")).await.unwrap_err();
    let looks = limited(&shared, &rules[..1]);
    reserve(&looks, &at("s")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn answers_say_how_the_tightest_limit_stands_in_the_words_of_their_dialect() {
    // 2026-11-21T18:00:00Z
    let shared = Arc::new(plane(Clock::manual(1_795_284_000_000)));
    let requests = |id, limit| (Arc::new(rule(id, Measure::Requests)), hourly(limit));
    let hidden = Rule { told: false, ..rule("hidden", Measure::Requests) };
    let minute =
        Quota { limit: 900, span: Span::Rolling { per: Duration::from_mins(1), burst: 900 } };
    let rules = [
        requests("wide", 1_000),
        requests("tight", 4),
        (Arc::new(hidden), hourly(2)),
        (Arc::new(rule("t", Measure::Total)), minute),
        (Arc::new(rule("i", Measure::Input)), minute),
    ];
    let one = limited(&shared, &rules);
    assert_eq!(headers_of(&one, Dialect::OpenAi), [""; 0], "nothing is known yet");
    reserve(&one, &size(15, Some(15))).await.unwrap();
    assert_eq!(
        headers_of(&one, Dialect::OpenAi),
        [
            "x-ratelimit-limit-requests: 4",
            "x-ratelimit-limit-tokens: 900",
            "x-ratelimit-remaining-requests: 3",
            "x-ratelimit-remaining-tokens: 870",
            "x-ratelimit-reset-requests: 1h0m0s",
            "x-ratelimit-reset-tokens: 2s",
        ]
    );
    assert_eq!(
        headers_of(&one, Dialect::Anthropic),
        [
            "anthropic-ratelimit-input-tokens-limit: 900",
            "anthropic-ratelimit-input-tokens-remaining: 885",
            "anthropic-ratelimit-input-tokens-reset: 2026-11-21T18:00:01Z",
            "anthropic-ratelimit-requests-limit: 4",
            "anthropic-ratelimit-requests-remaining: 3",
            "anthropic-ratelimit-requests-reset: 2026-11-21T19:00:00Z",
            "anthropic-ratelimit-tokens-limit: 900",
            "anthropic-ratelimit-tokens-remaining: 870",
            "anthropic-ratelimit-tokens-reset: 2026-11-21T18:00:02Z",
        ]
    );
    assert_eq!(
        headers_of(&one, Dialect::Problem),
        [
            "ratelimit-policy: \"requests\";q=1000;w=3600, \"requests\";q=4;w=3600, \
             \"tokens\";q=900;w=60, \"input tokens\";q=900;w=60",
            "ratelimit: \"requests\";r=999;t=3600, \"requests\";r=3;t=3600, \
             \"tokens\";r=870;t=2, \"input tokens\";r=885;t=1",
        ]
    );
}
