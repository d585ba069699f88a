use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;

/// What a request says.
struct Asked {
    uri: Uri,
    headers: HeaderMap,
    body: String,
}

impl Asked {
    fn with(headers: &[(&'static str, &str)], body: &str) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let uri = Uri::from_static("/a%20b/?q=1&q=2&empty=&caf%C3%A9=x+y");
        Self { uri, headers: map, body: body.to_owned() }
    }

    fn hold(&self, vars: &Vars, with_body: bool) -> Option<bool> {
        let query = RouteQuery {
            host: "h.com",
            path: "/a b/",
            uri: &self.uri,
            method: &Method::POST,
            headers: &self.headers,
            client: IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)),
            secure: true,
        };
        let body = Body::of(self.body.as_bytes(), &self.headers);
        vars.hold(&query, with_body.then_some(&body))
    }
}

fn built(vars: &Value) -> Result<Vars, Vec<(String, String)>> {
    let mut problems = Vec::new();
    let vars = serde_json::from_value(vars.clone()).unwrap();
    let built = Vars::build(&vars, "/vars", &mut problems);
    let told = || problems.iter().map(|p| (p.pointer.clone(), p.message.clone())).collect();
    built.ok_or_else(told)
}

/// Whether a request with some of everything meets these.
fn hold(vars: &Value) -> bool {
    let headers = [
        ("x-user", "jack"),
        ("x-size", " 12 "),
        ("x-many", "a"),
        ("x-many", "b"),
        ("x-ip", "fe80::1"),
        ("cookie", "a=1; session=s"),
    ];
    let body = r#"{"model": "gpt-4", "stream": true, "n": 2, "none": null,
        "stop": ["x", 1], "user": {"tier": "g\u006fld"}, "twice": 1, "twice": 1}"#;
    let vars = built(vars).unwrap_or_else(|problems| panic!("{vars}: {problems:?}"));
    let holds = Asked::with(&headers, body).hold(&vars, true);
    holds.unwrap()
}

#[test]
fn conditions_hold_as_their_operators_say() {
    for (holds, condition) in [
        (true, json!(["http_x_user", "==", "jack"])),
        (false, json!(["http_X_User", "==", "Jack"])),
        (true, json!(["http_x_user", "~=", "jill"])),
        (false, json!(["http_x_user", "~=", "jack"])),
        (false, json!(["http_x_user", "!", "==", "jack"])),
        (true, json!(["http_x_user", "!", "~=", "jack"])),
        (true, json!(["http_x_size", "==", 12])),
        (true, json!(["http_x_size", ">", 11.5])),
        (true, json!(["http_x_size", ">=", "12"])),
        (false, json!(["http_x_size", "<", 12])),
        (true, json!(["http_x_size", "<=", 12])),
        (false, json!(["http_x_user", "<", 12])),
        (false, json!(["http_x_user", ">=", 12])),
        (true, json!(["http_x_user", "~~", "^ja[c]k$"])),
        (true, json!(["http_x_user", "~~", "ac"])),
        (false, json!(["http_x_user", "~~", "AC"])),
        (true, json!(["http_x_user", "~*", "^j|AC"])),
        (true, json!(["http_x_user", "in", ["jill", "jack"]])),
        (true, json!(["http_x_size", "in", [1, 12]])),
        (false, json!(["http_x_user", "in", ["jill"]])),
        (true, json!(["http_x_many", "==", "a"])),
        (false, json!(["http_x_many", "==", "b"])),
        (true, json!(["http_x_many", "has", "b"])),
        (false, json!(["http_x_many", "has", "c"])),
        (true, json!(["remote_addr", "ipmatch", "10.0.0.0/8"])),
        (true, json!(["remote_addr", "ipmatch", ["::1", "10.1.2.3"]])),
        (false, json!(["remote_addr", "ipmatch", ["10.1.2.4"]])),
        (true, json!(["http_x_ip", "ipmatch", "fe80::/10"])),
        (false, json!(["http_x_user", "ipmatch", "::/0"])),
    ] {
        assert_eq!(hold(&json!([condition])), holds, "{condition}");
    }
}

#[test]
fn variables_are_what_the_request_says() {
    for (variable, value) in [
        ("arg_q", json!("1")),
        ("arg_empty", json!("")),
        ("arg_caf\u{e9}", json!("x y")),
        ("arg_none", json!(null)),
        ("http_none", json!(null)),
        ("cookie_session", json!("s")),
        ("cookie_none", json!(null)),
        ("uri", json!("/a b/")),
        ("request_uri", json!("/a%20b/?q=1&q=2&empty=&caf%C3%A9=x+y")),
        ("query_string", json!("q=1&q=2&empty=&caf%C3%A9=x+y")),
        ("host", json!("h.com")),
        ("scheme", json!("https")),
        ("request_method", json!("POST")),
        ("remote_addr", json!("10.1.2.3")),
        ("post_arg.model", json!("gpt-4")),
        ("post_arg.stream", json!(true)),
        ("post_arg.n", json!(2)),
        ("post_arg.none", json!(null)),
        ("post_arg.stop.0", json!("x")),
        ("post_arg.stop.2", json!(null)),
        ("post_arg.user.tier", json!("gold")),
        ("post_arg.user.tier.x", json!(null)),
        // Two readers could take different ones.
        ("post_arg.twice", json!(null)),
        ("post_arg_model", json!(null)),
    ] {
        assert!(hold(&json!([[variable, "==", value]])), "{variable}");
        assert!(!hold(&json!([[variable, "~=", value]])), "{variable}");
    }
    assert!(hold(&json!([["arg_q", "has", "2"], ["post_arg.stop", "has", 1]])));
    for other in [json!("2"), json!(true), json!(null), json!("true")] {
        assert!(!hold(&json!([["post_arg.n", "==", other]])), "{other}");
        assert!(!hold(&json!([["post_arg.user", "==", other]])), "{other}");
    }
}

#[test]
fn forms_have_fields() {
    let vars = built(&json!([["post_arg_a", "==", "x y"], ["post_arg_b", "has", "2"]])).unwrap();
    let form = "a=x+y&b=1&b=2";
    let kind = [(CONTENT_TYPE.as_str(), "Application/x-www-form-urlencoded; charset=utf-8")];
    let kind = kind.map(|(_, value)| ("content-type", value));
    assert_eq!(Asked::with(&kind, form).hold(&vars, true), Some(true));
    assert_eq!(Asked::with(&[], form).hold(&vars, true), Some(false));
    // As curl calls JSON that it is given with -d.
    let vars = built(&json!([["post_arg.model", "==", "m"]])).unwrap();
    assert_eq!(Asked::with(&kind, r#"{"model": "m"}"#).hold(&vars, true), Some(true));
}

#[test]
fn lists_say_how_conditions_go_together() {
    let yes = || json!(["http_x_user", "==", "jack"]);
    let no = || json!(["http_x_user", "==", "jill"]);
    for (holds, vars) in [
        (true, json!([yes(), yes()])),
        (false, json!([yes(), no()])),
        (true, json!(["AND", yes(), yes()])),
        (false, json!(["AND", yes(), no()])),
        (true, json!(["OR", no(), yes()])),
        (false, json!(["OR", no(), no()])),
        (false, json!(["!AND", yes(), yes()])),
        (true, json!(["!AND", yes(), no()])),
        (true, json!(["!OR", no(), no()])),
        (false, json!(["!OR", no(), yes()])),
        (true, json!([yes(), ["OR", no(), ["AND", yes(), ["!OR", no()]]]])),
        (false, json!([yes(), ["OR", no(), ["AND", yes(), ["!OR", yes()]]]])),
    ] {
        assert_eq!(hold(&vars), holds, "{vars}");
    }
}

#[test]
fn mistakes_are_pointed_at() {
    let mut deep = json!(["AND", ["host", "==", "h"]]);
    for _ in 0..16 {
        deep = json!(["AND", deep]);
    }
    for (pointer, told, vars) in [
        ("/vars/0", "expected conditions", json!(["arg_a", "==", "1"])),
        ("/vars/1", "a condition is a list", json!([["arg_a", "==", "1"], "OR"])),
        ("/vars", "no condition follows", json!(["OR"])),
        ("/vars/0", "[variable, operator, value]", json!([["arg_a", "=="]])),
        ("/vars/0", "[variable, operator, value]", json!([["arg_a", "!", "=="]])),
        ("/vars/0/0", "there is no variable \"nope\"", json!([["nope", "==", "1"]])),
        ("/vars/0/0", "there is no variable \"arg_\"", json!([["arg_", "==", "1"]])),
        ("/vars/0/0", "is no header", json!([["http_a b", "==", "1"]])),
        ("/vars/0/0", "is no path", json!([["post_arg.a..b", "==", "1"]])),
        ("/vars/0/0", "is no path", json!([["post_arg.a[*].b", "==", "1"]])),
        ("/vars/0/1", "there is no operator \"=\"", json!([["arg_a", "=", "1"]])),
        (
            "/vars/1/2/2",
            "there is no operator",
            json!([["host", "==", "h"], ["OR", ["host", "==", "h"], ["host", "!", "x", 1]]]),
        ),
        ("/vars/0/2", "not a regular expression", json!([["arg_a", "~~", "("]])),
        ("/vars/0/2", "not a regular expression", json!([["arg_a", "~*", ")|("]])),
        ("/vars/0/2", "too large", json!([["arg_a", "~~", "(a{1000}){1000}"]])),
        ("/vars/0/2", "expected a number", json!([["arg_a", ">", "x"]])),
        ("/vars/0/3", "expected a number", json!([["arg_a", "!", ">", "x"]])),
        ("/vars/0/2", "expected a list", json!([["arg_a", "in", "x"]])),
        ("/vars/0/2", "expected a string", json!([["arg_a", "has", ["x"]]])),
        ("/vars/0/2", "neither an address", json!([["remote_addr", "ipmatch", "10.0.0.0/33"]])),
    ] {
        let problems = built(&vars).unwrap_err();
        let pointed = problems.iter().any(|(at, text)| at == pointer && text.contains(told));
        assert!(pointed, "{vars}: {problems:?}");
    }
    assert!(built(&deep).unwrap_err()[0].1.contains("lists within lists"));
    let many = vec![json!(["host", "==", "h"]); 257];
    assert!(built(&json!(many)).unwrap_err()[0].1.contains("more than 256"));
}

fn conditions() -> impl Strategy<Value = Value> {
    let variable = select(vec![
        "arg_q",
        "http_x",
        "cookie_a",
        "uri",
        "remote_addr",
        "post_arg.a",
        "post_arg.a.0",
        "post_arg_a",
    ]);
    let operator =
        select(vec!["==", "~=", ">", "<=", "~~", "~*", "in", "has", "ipmatch", "!", "nope"]);
    let value = prop_oneof![
        select(vec![json!(null), json!(true), json!(1), json!(["1", 2]), json!({}), json!("::/0")]),
        "[a1.(|]{0,3}".prop_map(Value::from),
    ];
    (variable, operator, value, any::<bool>()).prop_map(|(variable, operator, value, not)| {
        if not {
            json!([variable, "!", operator, value])
        } else {
            json!([variable, operator, value])
        }
    })
}

fn lists() -> impl Strategy<Value = Value> {
    conditions().prop_recursive(4, 24, 4, |inner| {
        let word = select(vec!["AND", "OR", "!AND", "!OR"]);
        (word, prop::collection::vec(inner, 0..4)).prop_map(|(word, rules)| {
            let mut list = vec![json!(word)];
            list.extend(rules);
            Value::Array(list)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decided_without_the_body_stays_with_it(
        rules in prop::collection::vec(lists(), 0..4),
        x in "[ -~]{0,8}",
        body in prop_oneof![r#"\{"a": ?(1|"a"|null|\[1,"a"\]|[{}",\[]{0,4})\}"#, any::<String>()],
        is_form: bool,
    ) {
        let mut problems = Vec::new();
        let vars = serde_json::from_value(Value::Array(rules)).unwrap();
        if let Some(vars) = Vars::build(&vars, "", &mut problems) {
            let kind = if is_form { "application/x-www-form-urlencoded" } else { "text/plain" };
            let asked = Asked::with(&[("x", &x), ("cookie", &x), ("content-type", kind)], &body);
            let (without, with) = (asked.hold(&vars, false), asked.hold(&vars, true));
            prop_assert!(with.is_some());
            prop_assert!(without.is_none() || without == with);
        }
    }
}
