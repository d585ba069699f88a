use actix_web::test::TestRequest;

use super::*;

fn cors(config: Value) -> Cors {
    let context = BuildContext {
        owner: "test",
        seal: None,
        elsewhere: &sanmon_shared::reference::Nowhere,
        targets: None,
    };
    Cors::build(serde_json::from_value(config).unwrap(), &context)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn preflight(cors: &Cors, origin: &str, method: &str, asked: &str) -> HttpResponse {
    let request = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/v1/models")
        .insert_header((ORIGIN, origin))
        .insert_header((ACCESS_CONTROL_REQUEST_METHOD, method))
        .insert_header((ACCESS_CONTROL_REQUEST_HEADERS, asked));
    let exchange = Exchange::for_test(request);
    let mut response = cors.preflight(&exchange).expect("an answer");
    let status = response.status();
    cors.response(&exchange, &mut AnswerHead { status, headers: response.headers_mut() });
    response
}

fn answer(cors: &Cors, request: TestRequest, before: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in before {
        headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
    }
    let exchange = Exchange::for_test(request);
    let status = StatusCode::UNAUTHORIZED;
    cors.response(&exchange, &mut AnswerHead { status, headers: &mut headers });
    headers
}

fn text(headers: &HeaderMap, name: HeaderName) -> String {
    let values: Vec<&str> = headers.get_all(name).map(|value| value.to_str().unwrap()).collect();
    values.join(", ")
}

#[test]
fn empty_lists_allow_what_is_asked_for() {
    let response = preflight(&cors(json!({})), "https://a.example", "PUT", "x-a, authorization");
    let headers = response.headers();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_ORIGIN), "https://a.example");
    assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_METHODS), "PUT");
    assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_HEADERS), "x-a, authorization");
    assert_eq!(text(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS), "true");
    assert_eq!(
        text(headers, VARY),
        "origin, access-control-request-method, access-control-request-headers"
    );
}

#[test]
fn without_credentials_the_star_is_told() {
    let cors = cors(json!({"allow_credentials": false, "max_age": 60}));
    let response = preflight(&cors, "https://a.example", "GET", "");
    assert_eq!(text(response.headers(), ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_HEADERS));
    assert_eq!(text(response.headers(), ACCESS_CONTROL_MAX_AGE), "60");
}

#[test]
fn what_is_not_listed_is_refused() {
    let cors = cors(json!({
        "allow_origin": "https://a.example, https://*.b.example/",
        "allow_methods": ["GET", "post"],
        "allow_headers": ["X-A"]
    }));
    for (origin, method, asked, allowed) in [
        ("https://a.example", "POST", "x-a", true),
        ("https://x.b.example", "GET", "", true),
        ("https://b.example", "GET", "", false),
        ("https://a.example.evil", "GET", "", false),
        ("null", "GET", "", false),
        ("https://a.example", "PUT", "", false),
        ("https://a.example", "GET", "x-a,x-b", false),
    ] {
        let status = preflight(&cors, origin, method, asked).status();
        assert_eq!(status == StatusCode::NO_CONTENT, allowed, "{origin} {method} {asked}");
        assert!(allowed || status == StatusCode::FORBIDDEN);
    }
}

#[test]
fn only_preflights_are_answered() {
    let cors = cors(json!({"excluded_patterns": ["/private/.*"]}));
    let plain = TestRequest::default().method(Method::OPTIONS).insert_header((ORIGIN, "https://a"));
    assert!(cors.preflight(&Exchange::for_test(plain)).is_none());
    let post = TestRequest::post()
        .insert_header((ORIGIN, "https://a"))
        .insert_header((ACCESS_CONTROL_REQUEST_METHOD, "GET"));
    assert!(cors.preflight(&Exchange::for_test(post)).is_none());
    let excluded = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/private/x")
        .insert_header((ORIGIN, "https://a"))
        .insert_header((ACCESS_CONTROL_REQUEST_METHOD, "GET"));
    assert!(cors.preflight(&Exchange::for_test(excluded)).is_none());
}

#[test]
fn errors_have_the_headers_and_those_of_targets_are_replaced() {
    let cors =
        cors(json!({"allow_origin": "https://a", "expose_headers": ["x-request-id", "x-b"]}));
    let request = || TestRequest::get().insert_header((ORIGIN, "https://a"));
    let before =
        [(ACCESS_CONTROL_ALLOW_ORIGIN, "https://other"), (VARY, "accept-encoding, Origin")];
    let headers = answer(&cors, request(), &before);
    assert_eq!(text(&headers, ACCESS_CONTROL_ALLOW_ORIGIN), "https://a");
    assert_eq!(text(&headers, ACCESS_CONTROL_EXPOSE_HEADERS), "x-request-id, x-b");
    assert_eq!(text(&headers, VARY), "accept-encoding, Origin");
    let headers = answer(&cors, TestRequest::get().insert_header((ORIGIN, "https://b")), &before);
    assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    let headers = answer(&cors, TestRequest::get(), &[]);
    assert_eq!(text(&headers, VARY), "origin");
    assert_eq!(headers.len(), 1);
}

#[test]
fn mistakes_are_pointed_at() {
    let config = json!({
        "allow_origin": " ", "allow_headers": ["a b"], "excluded_patterns": ["("]
    });
    let context = BuildContext {
        owner: "test",
        seal: None,
        elsewhere: &sanmon_shared::reference::Nowhere,
        targets: None,
    };
    let problems = Cors::build(serde_json::from_value(config).unwrap(), &context).err().unwrap();
    let pointers: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
    assert_eq!(pointers, ["/allow_origin", "/allow_headers/0", "/excluded_patterns/0"]);
}

#[test]
fn origins_may_be_expressions() {
    let cors = cors(json!({
        "allow_origins_by_regex": ["^https://[a-z]+\\.example\\.org$"],
        "allow_origin": "*, https://b.example",
    }));
    for (origin, allowed) in [
        ("https://a.example.org", true),
        ("https://A.example.org", true),
        ("https://b.example", true),
        ("https://a.example.org.evil", false),
        ("https://c.example", false),
    ] {
        let response = preflight(&cors, origin, "GET", "");
        let status = if allowed { StatusCode::NO_CONTENT } else { StatusCode::FORBIDDEN };
        assert_eq!(response.status(), status, "{origin}");
    }
    let config = json!({"allow_origins_by_regex": ["ok", "("]});
    let context = BuildContext {
        owner: "test",
        seal: None,
        elsewhere: &sanmon_shared::reference::Nowhere,
        targets: None,
    };
    let problems = Cors::build(serde_json::from_value(config).unwrap(), &context).err().unwrap();
    assert_eq!(problems[0].pointer, "/allow_origins_by_regex/1");
}

#[test]
fn timings_are_shown_to_the_origins_that_may_see_them() {
    let shown = |config: Value, origin: &str| {
        let request = TestRequest::get().insert_header((ORIGIN, origin));
        text(&answer(&cors(config), request, &[]), TIMING_ALLOW_ORIGIN)
    };
    let some = || json!({"timing_allow_origins": "https://a.example"});
    assert_eq!(shown(some(), "https://a.example"), "https://a.example");
    assert_eq!(shown(some(), "https://b.example"), "");
    assert_eq!(shown(json!({"timing_allow_origins": "*"}), "https://b.example"), "*");
    let expression = json!({"timing_allow_origins_by_regex": ["example$"]});
    assert_eq!(shown(expression, "https://b.example"), "https://b.example");
    assert_eq!(shown(json!({}), "https://a.example"), "");
}
