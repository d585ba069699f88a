#![expect(clippy::needless_pass_by_value, reason = "documents read better without `&`")]

use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{EncodingKey, Header};
use sanmon_shared::reference::Nowhere;
use sanmon_shared::seal::Seal;
use sanmon_shared::secret;

use super::*;
use crate::error::Code;
use crate::exchange::Exchange;
use crate::snapshot::for_test::CONTEXT;
use crate::snapshot::{Matched, Snapshot};

const SECRET: &str = "s3cret-s3cret-s3cret";
const NEXT: &str = "next-next-next-next";
const NOW: i64 = 1_700_000_000_000;

fn plugin(config: Value) -> Apikeys {
    Apikeys::build(serde_json::from_value(config).unwrap(), &CONTEXT)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The key `app`, authorised on the default group, with `more` members.
fn key(more: Value) -> Value {
    let mut key = json!({
        "clientId": "app",
        "clientSecret": HashedSecret::store("app", SECRET, None),
        "authorizedEntities": ["group_default"],
    });
    let members = more.as_object().unwrap().clone();
    key.as_object_mut().unwrap().extend(members);
    key
}

fn exchange(request: TestRequest, key: Value) -> Exchange {
    let mut exchange = Exchange::for_test(request);
    exchange.snapshot = Snapshot::for_test(&[("apikeys", key)], &CONTEXT);
    exchange.at = NOW;
    exchange
}

/// What the plugin says: the id of the key, none, or the code and text of the refusal.
fn call(plugin: &Apikeys, exchange: &mut Exchange) -> Result<Option<String>, (Code, String)> {
    match plugin.authorize(exchange) {
        Step::Done(Ok(())) => {}
        Step::Done(Err(error)) => return Err((error.code, error.message.into_owned())),
        Step::Wait(_) => panic!("keys are checked without waiting"),
    }
    Ok(exchange.key.as_ref().map(|key| key.id.to_string()))
}

#[expect(clippy::unnecessary_wraps, reason = "what `call` returns")]
fn passed() -> Result<Option<String>, (Code, String)> {
    Ok(Some("app".to_owned()))
}

fn wrong() -> Result<Option<String>, (Code, String)> {
    Err((Code::InvalidApiKey, "the API key is not valid".to_owned()))
}

fn with(name: &'static str, value: &str) -> TestRequest {
    TestRequest::post().uri("/v1/chat/completions").insert_header((name, value))
}

fn bearer() -> String {
    secret::bearer("app", SECRET)
}

fn good() -> TestRequest {
    with("authorization", &format!("Bearer {}", bearer()))
}

fn status(result: Result<Option<String>, (Code, String)>) -> u16 {
    result.map_or_else(|(code, _)| code.status().as_u16(), |_| 200)
}

#[test]
fn every_form_is_understood_and_wiped() {
    let basic = STANDARD.encode(format!("app:{SECRET}"));
    let header = |name: &'static str| Credential::Header(name.parse().unwrap());
    let forms: Vec<(TestRequest, Credential)> = vec![
        (good(), header("authorization")),
        (with("authorization", &format!("bearer  {}", bearer())), header("authorization")),
        (with("x-api-key", &bearer()), header("x-api-key")),
        (with("api-key", &bearer()), header("api-key")),
        (with("x-goog-api-key", &bearer()), header("x-goog-api-key")),
        (with("otoroshi-token", &bearer()), header("otoroshi-token")),
        (with("authorization", &format!("Basic {basic}")), header("authorization")),
        (
            with("authorization", &format!("Basic {}", basic.trim_end_matches('='))),
            header("authorization"),
        ),
        (with("otoroshi-authorization", &basic), header("otoroshi-authorization")),
        (with("cookie", &format!("a=b; bearer={}", bearer())), Credential::Cookie("bearer".into())),
        (
            TestRequest::get().uri(&format!("/?a=1&bearer_auth={}", bearer())),
            Credential::Query("bearer_auth".into()),
        ),
        (
            TestRequest::get().uri(&format!("/?x-api-key={}", bearer())),
            Credential::Query("x-api-key".into()),
        ),
    ];
    for (index, (request, found)) in forms.into_iter().enumerate() {
        let mut exchange = exchange(request, key(json!({})));
        assert_eq!(call(&plugin(json!({})), &mut exchange), passed(), "form {index}");
        assert_eq!(exchange.wiped.as_slice(), [found], "form {index}");
    }
}

#[test]
fn two_headers_are_both_wiped() {
    let request =
        || with("otoroshi-client-id", "app").insert_header(("otoroshi-client-secret", SECRET));
    let mut first = exchange(request(), key(json!({})));
    assert_eq!(call(&plugin(json!({})), &mut first), passed());
    assert_eq!(first.wiped.len(), 2);
    let mut second = exchange(request(), key(json!({})));
    assert_eq!(call(&plugin(json!({"wipe_backend_request": false})), &mut second), passed());
    assert!(second.wiped.is_empty());
}

#[test]
fn an_unknown_key_and_a_wrong_secret_read_the_same() {
    let basic = |text: &str| with("authorization", &format!("Basic {}", STANDARD.encode(text)));
    for request in [
        basic("app:wrong"),
        basic("nobody:wrong"),
        with("authorization", &format!("Bearer {}x", bearer())),
        with("authorization", "Bearer otoapk_nobody_00"),
        with("x-api-key", "app"),
        with("x-api-key", "nobody"),
    ] {
        assert_eq!(call(&plugin(json!({})), &mut exchange(request, key(json!({})))), wrong());
    }
}

#[test]
fn without_a_key_the_answer_is_401_unless_keys_are_not_mandatory() {
    let none = || exchange(with("authorization", "Bearer sk-of-somebody-else"), key(json!({})));
    let missing = Err((Code::InvalidApiKey, "no API key was given".to_owned()));
    assert_eq!(call(&plugin(json!({})), &mut none()), missing);
    assert_eq!(call(&plugin(json!({"mandatory": false})), &mut none()), Ok(None));
}

#[test]
fn where_keys_are_not_mandatory_only_what_is_no_key_of_ours_passes() {
    let plugin = plugin(json!({"mandatory": false}));
    let basic = |text: &str| with("authorization", &format!("Basic {}", STANDARD.encode(text)));
    let call = |request| call(&plugin, &mut exchange(request, key(json!({}))));
    assert_eq!(call(basic("of-the-backend:password")), Ok(None));
    assert_eq!(call(basic("app:wrong")), wrong());
    assert_eq!(call(with("x-api-key", "otoapk_nobody_00")), wrong());
    assert_eq!(call(good()), passed());
}

#[test]
fn without_validation_nothing_is_refused_and_nobody_is_believed() {
    let plugin = plugin(json!({"validate": false}));
    let call = |request| call(&plugin, &mut exchange(request, key(json!({}))));
    assert_eq!(call(TestRequest::get()), Ok(None));
    assert_eq!(call(with("authorization", &format!("Bearer {}x", bearer()))), Ok(None));
    assert_eq!(call(good()), passed());
}

#[test]
fn disabled_and_expired_keys_are_refused_to_who_knows_the_secret() {
    let refused = Err((Code::InvalidApiKey, "the API key is disabled or has expired".to_owned()));
    for more in [json!({"enabled": false}), json!({"validUntil": NOW}), json!({"validUntil": 1})] {
        assert_eq!(call(&plugin(json!({})), &mut exchange(good(), key(more.clone()))), refused);
        let wrong_secret = with("authorization", &format!("Bearer {}x", bearer()));
        assert_eq!(call(&plugin(json!({})), &mut exchange(wrong_secret, key(more))), wrong());
    }
    let until = key(json!({"validUntil": NOW + 1}));
    assert_eq!(call(&plugin(json!({})), &mut exchange(good(), until)), passed());
}

#[test]
fn keys_are_authorised_by_route_service_or_group() {
    let route = json!({"id": "r1", "groups": ["g1", "g2"], "service_ref": "s1"});
    for (more, authorised) in [
        (json!({"authorizedEntities": []}), false),
        (json!({"authorizedEntities": ["group_g2"]}), true),
        (json!({"authorizedEntities": ["g1"]}), true),
        (json!({"authorizedEntities": ["group_default"]}), false),
        (json!({"authorizedEntities": ["route_r1"]}), true),
        (json!({"authorizedEntities": ["route_r2"]}), false),
        (json!({"authorizedEntities": ["service_s1"]}), true),
        (json!({"authorizedEntities": ["service_s2"]}), false),
        (json!({"authorizedEntities": ["route_s1"]}), false),
        (
            json!({"authorizedEntities": [], "authorizations": [{"kind": "route", "id": "r1"}]}),
            true,
        ),
        (
            json!({"authorizedEntities": [], "authorizations": [{"kind": "group", "id": "g1"}]}),
            true,
        ),
        (json!({"authorizedEntities": [], "authorizedGroup": "g2"}), true),
    ] {
        let mut exchange = exchange(good(), key(more.clone()));
        exchange.matched = Matched::for_test(route.clone());
        let expected = if authorised { 200 } else { 403 };
        assert_eq!(status(call(&plugin(json!({})), &mut exchange)), expected, "{more}");
    }
}

#[test]
fn an_id_alone_is_enough_only_where_the_key_says_so() {
    let allowed = || key(json!({"allowClientIdOnly": true}));
    let call = |request, config| call(&plugin(config), &mut exchange(request, allowed()));
    assert_eq!(call(with("x-api-key", "app"), json!({})), passed());
    assert_eq!(call(TestRequest::get().uri("/?x-api-key=app"), json!({})), passed());
    assert_eq!(call(with("cookie", "x-api-key=app"), json!({})), passed());
    let off = json!({"extractors": {"client_id": {"enabled": false}}});
    assert_eq!(status(call(with("x-api-key", "app"), off.clone())), 401);
    assert_eq!(call(with("x-api-key", &bearer()), off), passed());
}

#[test]
fn the_first_form_wins_even_if_it_is_wrong() {
    let request = good().insert_header(("x-api-key", "other"));
    assert_eq!(call(&plugin(json!({})), &mut exchange(request, key(json!({})))), wrong());
}

#[test]
fn forms_can_be_switched_off_and_renamed() {
    let call = |request, config| call(&plugin(config), &mut exchange(request, key(json!({}))));
    let off = json!({"extractors": {"oto_bearer": {"enabled": false}}});
    assert_eq!(status(call(good(), off)), 401);
    let renamed = json!({"extractors": {
        "oto_bearer": {"header_name": "X-Team-Key", "query_name": "k", "cookie_name": "c"},
        "custom_headers": {"client_id_header_name": "x-id", "client_secret_header_name": "x-secret"},
        "basic": null
    }});
    assert_eq!(call(with("x-team-key", &bearer()), renamed.clone()), passed());
    assert_eq!(
        call(with("x-team-key", &format!("Bearer {}", bearer())), renamed.clone()),
        passed()
    );
    assert_eq!(call(good(), renamed.clone()), passed());
    assert_eq!(
        call(TestRequest::get().uri(&format!("/?k={}", bearer())), renamed.clone()),
        passed()
    );
    assert_eq!(call(with("cookie", &format!("c={}", bearer())), renamed.clone()), passed());
    assert_eq!(status(call(with("api-key", &bearer()), renamed.clone())), 401);
    let pair = with("x-id", "app").insert_header(("x-secret", SECRET));
    assert_eq!(call(pair, renamed), passed());
    let bad: Config =
        serde_json::from_value(json!({"extractors": {"jwt": {"header_name": "a b"}}})).unwrap();
    let problems = Apikeys::build(bad, &CONTEXT).err().unwrap();
    assert_eq!(problems[0].pointer, "/extractors/jwt/header_name");
}

#[test]
fn a_segment_of_the_path_may_be_the_key() {
    let route = json!({"id": "r", "frontend": {"domains": ["h/:apikey_bearer/x"]}});
    let snapshot = Snapshot::for_test(&[("apikeys", key(json!({}))), ("routes", route)], &CONTEXT);
    let mut exchange =
        exchange(TestRequest::get().uri(&format!("/{}/x", bearer())), key(json!({})));
    let query = crate::router::RouteQuery {
        host: "h",
        path: exchange.path(),
        uri: exchange.request.uri(),
        method: exchange.request.method(),
        headers: exchange.request.headers(),
        client: exchange.client,
        secure: false,
    };
    let matched = snapshot.candidates(query).next().unwrap();
    exchange.matched = matched;
    assert_eq!(call(&plugin(json!({})), &mut exchange), passed());
    assert!(exchange.wiped.is_empty());
}

#[test]
fn both_secrets_count_while_rotation_is_on() {
    let rotation = |enabled: bool| {
        let next = HashedSecret::store("app", NEXT, None);
        key(json!({"rotation": {"enabled": enabled, "nextSecret": next}}))
    };
    let next = || with("authorization", &format!("Bearer {}", secret::bearer("app", NEXT)));
    let plugin = plugin(json!({}));
    assert_eq!(call(&plugin, &mut exchange(next(), rotation(true))), passed());
    assert_eq!(call(&plugin, &mut exchange(good(), rotation(true))), passed());
    assert_eq!(call(&plugin, &mut exchange(next(), rotation(false))), wrong());
}

#[test]
fn read_only_keys_only_read() {
    for (request, expected) in [
        (good(), 403),
        (TestRequest::get().insert_header(("authorization", format!("Bearer {}", bearer()))), 200),
        (
            TestRequest::delete().insert_header(("authorization", format!("Bearer {}", bearer()))),
            403,
        ),
    ] {
        let mut exchange = exchange(request, key(json!({"readOnly": true})));
        assert_eq!(status(call(&plugin(json!({})), &mut exchange)), expected);
    }
}

#[test]
fn restrictions_hide_and_forbid() {
    let restricted = |more: Value| {
        let mut restrictions = json!({"enabled": true});
        restrictions.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key(json!({"restrictions": restrictions}))
    };
    let rule = |method: &str, path: &str| json!({"method": method, "path": path});
    // The request is POST /v1/chat/completions on localhost:8080, route `route_test`.
    for (more, expected) in [
        (json!({}), 200),
        (json!({"forbidden": [rule("*", "/v1/.*")]}), 403),
        (json!({"forbidden": [rule("post", "/v1/.*")]}), 403),
        (json!({"forbidden": [rule("GET", "/v1/.*")]}), 200),
        (json!({"forbidden": [rule("*", "/v1")]}), 200),
        (json!({"notFound": [rule("*", "/v1/.*")], "forbidden": [rule("*", "/v1/.*")]}), 404),
        (json!({"allowed": [rule("*", "/v1/.*")], "forbidden": [rule("*", "/.*")]}), 200),
        (json!({"allowLast": false}), 404),
        (json!({"allowLast": false, "allowed": [rule("POST", "/v1/chat/.*")]}), 200),
        (json!({"allowLast": false, "allowed": [rule("POST", "/v2/.*")]}), 404),
        (json!({"forbidden": [rule("*", "localhost/v1/.*")]}), 403),
        (json!({"forbidden": [rule("*", "other/v1/.*")]}), 200),
        (
            json!({"forbidden": [
                {"path": ".*", "authorized_entity": {"kind": "route", "id": "route_test"}}
            ]}),
            403,
        ),
        (
            json!({"forbidden": [
                {"path": ".*", "authorized_entity": {"kind": "group", "id": "other"}}
            ]}),
            200,
        ),
    ] {
        let request = good().insert_header(("host", "localhost:8080"));
        let mut exchange = exchange(request, restricted(more.clone()));
        assert_eq!(status(call(&plugin(json!({})), &mut exchange)), expected, "{more}");
    }
    let off = key(json!({"restrictions": {"enabled": false, "forbidden": [rule("*", "/.*")]}}));
    assert_eq!(call(&plugin(json!({})), &mut exchange(good(), off)), passed());
}

#[test]
fn routing_passes_over_keys_that_the_route_is_not_for() {
    let key = || key(json!({"tags": ["a", "b"], "metadata": {"team": "x", "tier": "1"}}));
    for (routing, matches) in [
        (json!({"one_tag_in": ["b", "z"]}), true),
        (json!({"one_tag_in": ["z"]}), false),
        (json!({"all_tags_in": ["a", "b"]}), true),
        (json!({"all_tags_in": ["a", "z"]}), false),
        (json!({"none_tag_in": ["a"]}), false),
        (json!({"none_tagIn": ["a"]}), false),
        (json!({"none_tagIn": ["z"]}), true),
        (json!({"one_meta_in": {"team": "x", "tier": "9"}}), true),
        (json!({"one_meta_in": {"tier": "9"}}), false),
        (json!({"all_meta_in": {"team": "x", "tier": "1"}}), true),
        (json!({"all_meta_in": {"team": "x", "tier": "9"}}), false),
        (json!({"none_meta_in": {"team": "x"}}), false),
        (json!({"one_meta_key_in": ["team", "z"]}), true),
        (json!({"one_meta_key_in": ["z"]}), false),
        (json!({"all_meta_keys_in": ["team", "tier"]}), true),
        (json!({"all_meta_keys_in": ["team", "z"]}), false),
        (json!({"none_meta_keys_in": ["tier"]}), false),
    ] {
        let mut enabled = routing.clone();
        enabled.as_object_mut().unwrap().insert("enabled".into(), true.into());
        let on = plugin(json!({"routing": enabled}));
        assert_eq!(on.matches(&exchange(good(), key())), matches, "{routing}");
        // Who shows no key, or an unknown one, is told so by this route and not by a 404.
        assert!(on.matches(&exchange(TestRequest::get(), key())));
        assert!(on.matches(&exchange(with("x-api-key", "nobody"), key())));
        let off = plugin(json!({"routing": routing}));
        assert!(off.matches(&exchange(good(), key())));
    }
}

#[test]
fn constrained_keys_need_a_route_with_constraints() {
    let key = || key(json!({"constrainedServicesOnly": true, "tags": ["a"]}));
    let plain = plugin(json!({"routing": {"enabled": true}}));
    assert_eq!(status(call(&plain, &mut exchange(good(), key()))), 403);
    let constrained = plugin(json!({"routing": {"enabled": true, "one_tag_in": ["a"]}}));
    assert_eq!(call(&constrained, &mut exchange(good(), key())), passed());
}

/// An exchange whose key keeps its secret, and which presents these claims, signed with it.
fn with_token(alg: jsonwebtoken::Algorithm, secret: &str, claims: &Value, keep: bool) -> Exchange {
    let key_of = EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(alg), claims, &key_of).unwrap();
    let request = TestRequest::get()
        .uri("/v1/models?x=1")
        .insert_header(("host", "api.example.com"))
        .insert_header(("authorization", format!("Bearer {token}")));
    let seal = Seal::generate().unwrap();
    let sealed = seal.seal(SECRET).unwrap();
    let stored = HashedSecret::store("app", SECRET, Some(&sealed));
    let document = key(json!({"clientSecret": stored, "keepSecret": keep}));
    let context =
        BuildContext { owner: "test", seal: Some(&seal), elsewhere: &Nowhere, targets: None };
    let mut exchange = Exchange::for_test(request);
    exchange.snapshot = Snapshot::for_test(&[("apikeys", document)], &context);
    exchange.at = NOW;
    exchange.secure = true;
    exchange
}

#[test]
fn tokens_signed_with_the_secret_prove_the_key() {
    use jsonwebtoken::Algorithm::{HS256, HS384, HS512};
    let plugin = plugin(json!({}));
    for alg in [HS256, HS384, HS512] {
        for member in ["clientId", "client_id", "cid", "iss"] {
            let claims = json!({member: "app"});
            let mut exchange = with_token(alg, SECRET, &claims, true);
            assert_eq!(call(&plugin, &mut exchange), passed(), "{member}");
            assert_eq!(exchange.wiped.len(), 1);
            assert_eq!(exchange.claims.as_deref(), Some(&*claims.to_string()));
        }
        let claims = json!({"iss": "app"});
        assert_eq!(call(&plugin, &mut with_token(alg, "other", &claims, true)), wrong());
        assert_eq!(call(&plugin, &mut with_token(alg, SECRET, &claims, false)), wrong());
    }
    let unknown = json!({"iss": "https://accounts.example.com"});
    assert_eq!(call(&plugin, &mut with_token(HS256, SECRET, &unknown, true)), wrong());
    let optional = self::plugin(json!({"mandatory": false}));
    assert_eq!(call(&optional, &mut with_token(HS256, SECRET, &unknown, true)), Ok(None));
}

#[test]
fn tokens_without_signature_prove_nothing() {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as URL;
    let head = URL.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let body = URL.encode(r#"{"iss":"app"}"#);
    for token in [format!("{head}.{body}."), format!("{head}.{body}.AAAA")] {
        let mut exchange = with_token(jsonwebtoken::Algorithm::HS256, SECRET, &json!({}), true);
        exchange.request = with("otoroshi-token", &token).to_http_request();
        assert_eq!(call(&plugin(json!({})), &mut exchange), wrong());
    }
}

#[test]
fn claims_have_to_hold() {
    let now = NOW / 1000;
    for (config, claims, holds) in [
        (json!({}), json!({"exp": now - 9}), true),
        (json!({}), json!({"exp": now - 11}), false),
        (json!({}), json!({"nbf": now + 9}), true),
        (json!({}), json!({"nbf": now + 11}), false),
        (json!({}), json!({"iat": now + 11}), false),
        (json!({}), json!({"aud": "somebody"}), true),
        (json!({}), json!({"aud": "https://api.example.com"}), true),
        (json!({}), json!({"aud": ["https://api.example.com/v1", "x"]}), true),
        (json!({}), json!({"aud": "http://api.example.com"}), false),
        (json!({}), json!({"aud": "https://api.example.com/v"}), false),
        (json!({}), json!({"aud": "https://api.example"}), false),
        (json!({}), json!({"xsrfToken": "t"}), false),
        (json!({"max_jwt_lifespan_sec": 60}), json!({"exp": now + 60, "iat": now}), true),
        (json!({"max_jwt_lifespan_sec": 60}), json!({"exp": now + 61, "iat": now}), false),
        (json!({"max_jwt_lifespan_sec": 60}), json!({"exp": now + 60}), false),
        (json!({"include_request_attrs": true}), json!({}), false),
        (
            json!({"include_request_attrs": true}),
            json!({"httpPath": "/v1/models", "httpVerb": "get", "httpHost": "api.example.com"}),
            true,
        ),
        (
            json!({"include_request_attrs": true}),
            json!({"httpPath": "/v1/other", "httpVerb": "GET", "httpHost": "api.example.com"}),
            false,
        ),
        (json!({"secret_signed": false}), json!({}), false),
    ] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().insert("iss".into(), "app".into());
        let plugin = plugin(json!({"extractors": {"jwt": config}}));
        let mut exchange = with_token(jsonwebtoken::Algorithm::HS256, SECRET, &claims, true);
        let expected = if holds { passed() } else { wrong() };
        assert_eq!(call(&plugin, &mut exchange), expected, "{config} {claims}");
    }
}

#[test]
fn the_token_of_the_page_is_asked_for_where_it_is_claimed() {
    let claims = json!({"iss": "app", "xsrfToken": "t"});
    let mut exchange = with_token(jsonwebtoken::Algorithm::HS256, SECRET, &claims, true);
    let authorization = exchange.request.headers().get("authorization").unwrap().clone();
    exchange.request = TestRequest::get()
        .insert_header(("authorization", authorization))
        .insert_header(("x-xsrf-token", "t"))
        .to_http_request();
    assert_eq!(call(&plugin(json!({})), &mut exchange), passed());
}
