//! Every form of the reference, with what it is documented to give.

mod dates;
mod injection;

use actix_web::test::TestRequest;
use serde_json::json;

use super::*;
use crate::error::Code;
use crate::exchange::{Credential, Exchange};
use crate::snapshot::{Matched, Snapshot, for_test};

/// 2026-11-21T15:04:05.678Z
const AT: i64 = 1_795_273_445_678;

const BODY: &str = r#"{"text": "hi", "a": {"b": [1, {"c": "x\ny"}]}, "on": true, "none": null}"#;

fn exchange(request: TestRequest) -> Exchange {
    let mut exchange = Exchange::for_test(request);
    exchange.at = AT;
    exchange.matched = Matched::for_test(json!({
        "id": "route_1", "name": "My API", "groups": ["default", "beta"],
        "frontend": {"domains": ["api.example.com/v1", "*.example.org"]},
        "tags": ["t"], "metadata": {"team": "blue", "a:b": "unreachable"},
        "plugins": [{"plugin": "cors", "config": {"allow_origin": "https://internal.example"}}]
    }));
    exchange
}

fn request() -> TestRequest {
    TestRequest::post()
        .uri("/v1/models?x=1&y=a%20b&y=2")
        .insert_header(("host", "api.example.com:8443"))
        .insert_header(("x-custom", "v"))
        .insert_header(("cookie", "a=1; session=s"))
}

/// Gives the exchange a key.
fn with_key(mut exchange: Exchange) -> Exchange {
    let stored = sanmon_shared::secret::HashedSecret::store("id_1", "secret", None);
    let key = json!({
        "clientId": "id_1", "clientSecret": stored, "clientName": "My app", "tags": ["one", "two"],
        "metadata": {"plan": "gold", "a.b": "dotted"}
    });
    let snapshot = Snapshot::for_test(&[("apikeys", key)], &for_test::CONTEXT);
    exchange.key = snapshot.apikey("id_1").cloned();
    exchange
}

fn evaluate(text: &str, exchange: &Exchange) -> String {
    let template = Template::compile(text).unwrap();
    template.evaluate(&Scope::new(exchange, BODY.as_bytes())).unwrap()
}

fn check(exchange: &Exchange, cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(evaluate(&format!("<${{{expression}}}>"), exchange), format!("<{expected}>"));
    }
}

#[test]
fn a_text_without_expressions_is_untouched() {
    let exchange = exchange(request());
    for text in ["", "no dollar", "$", "${", "a ${req.method", "}", "$ {x}", "@{x}", "é$é"] {
        assert_eq!(evaluate(text, &exchange), text);
    }
}

#[test]
fn values_stand_where_their_expressions_stood() {
    let exchange = exchange(request());
    assert_eq!(
        evaluate("${req.method} ${req.uri}!", &exchange),
        "POST /v1/models?x=1&y=a%20b&y=2!"
    );
    assert_eq!(evaluate("${req.method}${req.method}", &exchange), "POSTPOST");
    assert_eq!(evaluate("$${req.method}}", &exchange), "$POST}");
    // An expression begins at the first bracket and ends at the next that closes.
    assert_eq!(evaluate("${a ${req.method} b}", &exchange), "bad-expr b}");
}

#[test]
fn expressions_of_requests() {
    check(
        &exchange(request()),
        &[
            ("req.fullUrl", "http://api.example.com:8443/v1/models?x=1&y=a%20b&y=2"),
            ("req.path", "/v1/models"),
            ("req.host", "api.example.com:8443"),
            ("req.domain", "api.example.com"),
            ("req.version", "HTTP/1.1"),
            ("req.protocol", "http"),
            ("req.secured", "false"),
            ("req.ip", "127.0.0.1"),
            ("req.ip_address", "127.0.0.1"),
            ("req.id", &"0".repeat(32)),
            ("req.headers.x-custom", "v"),
            ("req.headers.X-CUSTOM", "v"),
            ("req.header.X-Custom", "v"),
            ("req.header.X-Custom:d", "v"),
            ("req.headers.foo", "no-header-foo"),
            ("req.header.Foo", "no-header-Foo"),
            ("req.headers.foo:bar", "bar"),
            ("req.headers.foo:", ""),
            ("req.headers.not a name", "no-header-not a name"),
            ("req.query.x", "1"),
            ("req.query.y", "a b"),
            ("req.query.z", "no-query-z"),
            ("req.query.z:0", "0"),
            ("req.cookies.session", "s"),
            ("req.cookies.other", "no-cookie-other"),
            ("req.cookies.other:d", "d"),
            ("req.pathparams.id", "no-path-param-id"),
            ("req.pathparams.id:7", "7"),
            ("req.client_cert.dn", "bad-expr"),
            ("req.listener", "bad-expr"),
        ],
    );
}

#[test]
fn expressions_of_bodies() {
    let posted = exchange(request());
    check(
        &posted,
        &[
            ("req.body.text", "hi"),
            ("req.body.a.b", r#"[1, {"c": "x\ny"}]"#),
            ("req.body.a.b.1.c", "x\ny"),
            ("req.body.on", "true"),
            ("req.body.none", "no-body-none"),
            ("req.body.a.x", "no-body-a.x"),
            ("req.body.a.x:d", "d"),
        ],
    );
    let template = Template::compile("${req.body.text}").unwrap();
    for body in ["", "[1]", "text", "{\"text\"", "{\"text\": \"a\", \"text\": \"b\"}"] {
        let evaluated = template.evaluate(&Scope::new(&posted, body.as_bytes())).unwrap();
        assert_eq!(evaluated, "no-body-text", "{body}");
    }
    assert_eq!(
        template.evaluate(&Scope::new(&posted, b"{\"text\":\"\xff\"}")).unwrap(),
        "no-body-text"
    );
}

#[test]
fn a_text_says_whether_it_looks_at_the_body() {
    for (text, reads) in [
        ("${req.body.a}", true),
        ("${req.query.a || req.body.a :: x}", true),
        ("${date_el(req.body.a).epoch_ms}", true),
        ("${req.bodyguard} ${req.query.a} req.body.a", false),
    ] {
        assert_eq!(Template::compile(text).unwrap().reads_body(), reads, "{text}");
    }
}

#[test]
fn expressions_of_routes() {
    check(
        &exchange(request()),
        &[
            ("route.id", "route_1"),
            ("route.name", "My API"),
            ("route.domains['0']", "api.example.com/v1"),
            ("route.domains['1':'d']", "*.example.org"),
            ("route.domains['2':'d']", "d"),
            ("route.domains['2']", "bad-expr"),
            ("route.domains[0]", "bad-expr"),
            ("route.metadata.team", "blue"),
            ("route.metadata.none", "no-meta-none"),
            ("route.metadata.none:d", "d"),
            ("route.metadata.a:b", "b"),
            ("service.id", "route_1"),
            ("service.name", "My API"),
            ("service.groups['1']", "beta"),
            ("service.groups['9':'none']", "none"),
            ("service.metadata.team", "blue"),
            ("service.tld", "bad-expr"),
            ("plan.id", "bad-expr"),
            ("api.name", "bad-expr"),
            (
                "route.json",
                r#"{"id":"route_1","name":"My API","tags":["t"],"metadata":{"a:b":"unreachable","team":"blue"},"groups":["default","beta"]}"#,
            ),
        ],
    );
    let pretty = evaluate("${route.json.pretty}", &exchange(request()));
    assert!(pretty.starts_with("{\n  \"id\": \"route_1\","), "{pretty}");
}

#[test]
fn expressions_of_keys() {
    check(
        &exchange(request()),
        &[
            ("apikey.id", "bad-expr"),
            ("apikey.metadata.plan", "bad-expr"),
            ("apikey.metadata.plan:free", "free"),
            ("apikey.tags['0':'none']", "none"),
            ("consumer.kind", "public"),
            ("consumer.id", "bad-expr"),
            ("consumer.metadata.plan:free", "free"),
        ],
    );
    let json = r#"{"clientId":"id_1","clientName":"My app","metadata":{"a.b":"dotted","plan":"gold"},"tags":["one","two"]}"#;
    check(
        &with_key(exchange(request())),
        &[
            ("apikey.id", "id_1"),
            ("apikey.clientId", "id_1"),
            ("apikey.name", "My app"),
            ("apikey.metadata.plan", "gold"),
            ("apikey.metadata.a.b", "dotted"),
            ("apikey.metadata.none", "no-meta-none"),
            ("apikey.metadata.none:d", "d"),
            ("apikey.tags['1']", "two"),
            ("apikey.tags['2']", "bad-expr"),
            ("apikey.tags['2':'x']", "x"),
            ("apikey.json", json),
            ("apikey.secret", "bad-expr"),
            ("apikey.clientSecret", "bad-expr"),
            ("consumer.id", "id_1"),
            ("consumer.long_id", "id_1"),
            ("consumer.name", "My app"),
            ("consumer.kind", "apikey"),
            ("consumer.metadata.plan", "gold"),
            ("consumer.metadata.none", "no-meta-none"),
            ("consumer.json", &format!(r#"{{"kind":"apikey","consumer":{json}}}"#)),
        ],
    );
}

#[test]
fn expressions_of_tokens_that_prove_keys() {
    check(
        &with_key(exchange(request())),
        &[("apikeyjwt.sub", "bad-expr"), ("apikeyjwt.sub:d", "d")],
    );
    let mut exchange = with_key(exchange(request()));
    exchange.claims = Some(r#"{"sub": "u", "realm": {"roles": ["a", "b"]}}"#.into());
    check(
        &exchange,
        &[
            ("apikeyjwt.sub", "u"),
            ("apikeyjwt.realm.roles.1", "b"),
            ("apikeyjwt.$.realm.roles[0]", "a"),
            ("apikeyjwt./realm/roles/1", "b"),
            ("apikeyjwt.realm.roles", r#"["a", "b"]"#),
            ("apikeyjwt.none", "no-path-at-none"),
            ("apikeyjwt.none:d", "d"),
        ],
    );
}

#[test]
fn expressions_of_what_is_not_here() {
    check(
        &exchange(request()),
        &[
            ("user.name", "bad-expr"),
            ("user.email", "bad-expr"),
            ("user.tokens.id_token", "bad-expr"),
            ("user.tokens.id_token:d", "d"),
            ("user.metadata.a.b:d", "d"),
            ("user.profile.a:d", "d"),
            ("token.sub", "no-token-sub"),
            ("token.sub:d", "d"),
            ("token.sub|token.iss", "no-token-sub-iss"),
            ("token.sub|token.iss:d", "d"),
            ("token.sub.replace('a','b')", "no-token-sub"),
            ("in_jwt.sub", "bad-expr"),
            ("out_jwt.sub:d", "d"),
            ("in_raw_jwt", "bad-expr"),
            ("item.a", "no-item-a"),
            ("params.a", "no-params-a"),
            ("global_config.metadata.a", "bad-expr"),
            ("unknown.thing", "bad-expr"),
            ("", "bad-expr"),
            (" req.method", "bad-expr"),
            ("REQ.METHOD", "bad-expr"),
            ("nbf", "{nbf}"),
            ("iat", "{iat}"),
            ("exp", "{exp}"),
        ],
    );
}

#[test]
fn expressions_of_the_context_and_their_functions() {
    let id = "0".repeat(32);
    check(
        &exchange(request()),
        &[
            ("ctx.requestId", &id),
            ("ctx.requestSnowflake", &id),
            ("ctx.requestTimestamp", "2026-11-21T15:04:05.678Z"),
            ("ctx.other", "no-ctx-other"),
            ("ctx.other:d", "d"),
            ("ctx.other|ctx.requestId", &id),
            ("ctx.other|ctx.more", "no-ctx-other-more"),
            ("ctx.other|ctx.more:d", "d"),
            ("ctx.useragent.name", "no-ctx-useragent.name"),
            ("ctx.geolocation.country:d", "d"),
            ("ctx.requestId.replace('0','1')", &"1".repeat(32)),
            ("ctx.requestId.replace('00', 'x')", &"x".repeat(16)),
            ("ctx.requestTimestamp.replaceAll('[0-9]+','n')", "n-n-nTn:n:n.nZ"),
            ("ctx.requestTimestamp.replaceAll('[0-9]+', 'n')", "n-n-nTn:n:n.nZ"),
            ("ctx.requestTimestamp.replaceAll('T.*','')", "2026-11-21"),
            ("ctx.requestId.replaceAll('(','')", "bad-expr"),
            ("ctx.other.replace('a','b')", "no-ctx-other"),
        ],
    );
}

#[test]
fn the_first_alternative_with_a_value_counts() {
    let with = |name: &'static str, value: &'static str| {
        exchange(TestRequest::get().insert_header((name, value)))
    };
    check(
        &with("b", "1"),
        &[
            ("req.query.a || req.headers.b :: z", "1"),
            ("req.query.a||req.headers.b", "1"),
            ("req.query.a || 'literal' || req.headers.b", "1"),
            ("apikey.id || req.headers.c:d || req.headers.b", "d"),
        ],
    );
    // A value counts whatever it looks like.
    check(
        &with("cache-control", "no-cache"),
        &[("req.headers.cache-control || req.method", "no-cache")],
    );
    check(&with("b", "bad-expr"), &[("req.headers.b || req.method", "bad-expr")]);
    check(&with("b", ""), &[("req.headers.b || req.method", "")]);
    check(
        &with("c", "1"),
        &[
            ("req.query.a || req.headers.b :: z", "z"),
            ("req.query.a || req.headers.b ::", ""),
            ("req.query.a || req.headers.b :: http://x", "http://x"),
            ("req.query.a || req.headers.b", "no-chain-value"),
            ("req.query.a :: z || req.headers.b", " z"),
            ("||", "no-chain-value"),
        ],
    );
}

#[test]
fn every_random_token_is_another() {
    let text = evaluate("${rand} ${rand}", &exchange(request()));
    let (one, two) = text.split_once(' ').unwrap();
    assert_eq!((one.len(), two.len()), (64, 64));
    assert_ne!(one, two);
}
