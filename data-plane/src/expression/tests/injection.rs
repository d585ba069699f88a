//! Values are data, credentials and the gateway's own secrets stay where they are, and no text does
//! harm.

use std::fmt::Write as _;

use actix_web::http::header::{AUTHORIZATION, HeaderName};
use proptest::prelude::*;

use super::*;

#[test]
fn values_are_never_evaluated() {
    let header = "${env.SECRET} ${req.headers.x} ${req.method}";
    let exchange = exchange(TestRequest::get().insert_header(("x", header)));
    assert_eq!(evaluate("a ${req.headers.x} b", &exchange), format!("a {header} b"));
    let template = Template::compile("${req.body.x}${req.body.y}").unwrap();
    let body = br#"{"x": "${req.", "y": "method}"}"#;
    assert_eq!(template.evaluate(&Scope::new(&exchange, body)).unwrap(), "${req.method}");
}

#[test]
fn secrets_of_the_gateway_are_out_of_reach() {
    let with_key = with_key(exchange(request()));
    for expression in [
        "env.PATH",
        "env.HOME",
        "config.app.secret",
        "vault://local/token",
        "global_config.env.a",
        "global_config.metadata.a",
        "apikey.clientSecret",
        "apikey.secret",
        "provider.connection.token",
    ] {
        check(&with_key, &[(expression, "bad-expr")]);
    }
    check(&with_key, &[("env.PATH:d", "d"), ("config.app.secret:d", "d")]);
    let route = evaluate("${route.json} ${route.json.pretty}", &with_key);
    assert!(!route.contains("internal.example"), "{route}");
}

#[test]
fn credentials_that_must_not_travel_are_not_there() {
    let mut exchange = exchange(
        TestRequest::get()
            .uri("/p?access_token=canary&a=1")
            .insert_header((AUTHORIZATION, "Bearer canary"))
            .insert_header(("cookie", "session=canary; a=1")),
    );
    let all = "${req.headers.authorization} ${req.header.Authorization} ${req.query.access_token} \
        ${req.cookies.session} ${req.headers.cookie} ${req.uri} ${req.fullUrl}";
    assert_eq!(evaluate(all, &exchange).matches("canary").count(), 7);
    exchange.wiped.extend([
        Credential::Header(HeaderName::from_static("authorization")),
        Credential::Query("access_token".to_owned()),
        Credential::Cookie("session".to_owned()),
    ]);
    assert_eq!(evaluate(all, &exchange).matches("canary").count(), 0);
    check(&exchange, &[("req.uri", "/p?a=1"), ("req.cookies.a", "1"), ("req.query.a", "1")]);
}

#[test]
fn what_is_made_is_bounded() {
    let exchange = exchange(request());
    let body = format!("{{\"x\": \"{}\"}}", "y".repeat(1 << 20));
    let large = |times: usize| {
        let template = Template::compile(&"${req.body.x}".repeat(times)).unwrap();
        template.evaluate(&Scope::new(&exchange, body.as_bytes()))
    };
    assert_eq!(large(32).unwrap().len(), 32 << 20);
    assert_eq!(large(33).unwrap_err().code, Code::BodyTooLarge);
    assert!(Template::compile(&"${x}".repeat(MOST)).is_ok());
    let problem = Template::compile(&"${x}".repeat(MOST + 1)).unwrap_err();
    assert_eq!(problem.message, "it has more than 1000 expressions");
}

#[test]
fn deep_and_long_texts_are_read_to_their_end() {
    let exchange = exchange(request());
    let deep = format!("${{{}now{}}}", "date_el(".repeat(100_000), ").epoch_ms".repeat(100_000));
    assert_eq!(evaluate(&deep, &exchange), "bad-expr");
    let bars = format!("${{{}}}", "||".repeat(100_000));
    assert_eq!(evaluate(&bars, &exchange), "no-chain-value");
    let open = "${".repeat(100_000);
    assert_eq!(evaluate(&open, &exchange), open);
    let mut dots = "${req.body".to_owned();
    for index in 0..100_000 {
        let _ = write!(dots, ".{index}");
    }
    assert!(evaluate(&(dots + "}"), &exchange).starts_with("no-body-0.1."));
}

proptest! {
    #[test]
    fn no_text_is_harmful(text in ".{0,80}", body in ".{0,40}") {
        let exchange = with_key(exchange(request()));
        for text in [text.clone(), format!("${{{text}}}"), format!("${{date_el({text}).epoch_ms}}")] {
            let template = Template::compile(&text).unwrap();
            prop_assert_eq!(template.source(), &text);
            template.evaluate(&Scope::new(&exchange, body.as_bytes())).unwrap();
        }
    }

    #[test]
    fn no_expression_is_harmful(
        words in proptest::collection::vec(prop_oneof![
            Just("req.headers."), Just("req.body."), Just("apikey.tags["), Just("'0'"), Just("]"),
            Just("now"), Just("date("), Just("date_el("), Just(")"), Just(".format('"), Just("')"),
            Just(".plus_ms("), Just("-9"), Just("2026-01-01"), Just("yyyy"), Just("''"), Just(":"),
            Just("::"), Just("||"), Just("|"), Just("ctx.requestId"), Just(".replaceAll('"),
            Just("','"), Just("(.*)"), Just("$1"), Just("é"), Just("${"), Just("}"), Just(" "),
        ], 0..12)
    ) {
        let exchange = exchange(request());
        let text = format!("${{{}}}", words.concat());
        let template = Template::compile(&text).unwrap();
        template.evaluate(&Scope::new(&exchange, BODY.as_bytes())).unwrap();
    }

    #[test]
    fn what_has_no_expression_stays(text in "[^$]{0,200}") {
        prop_assert_eq!(evaluate(&text, &exchange(request())), text);
    }
}
