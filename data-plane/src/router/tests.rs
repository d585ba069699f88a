//! Rules one by one. That they hold together is in [`reference`].

#![expect(clippy::needless_pass_by_value, reason = "documents read better without `&`")]

mod reference;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use sanmon_shared::resources;
use serde_json::{Value, json};

use super::*;
use crate::snapshot::for_test::CONTEXT;
use crate::snapshot::{Matched, Route};

/// A route with this frontend.
fn route(id: &str, frontend: Value) -> Arc<Route> {
    let document = json!({"id": id, "frontend": frontend});
    let document: resources::Route = serde_json::from_value(document).unwrap();
    Arc::new(Route::build(&document, &CONTEXT).unwrap_or_else(|p| panic!("{id}: {p:?}")))
}

fn insert(router: &mut Router, route: &Arc<Route>) {
    each_domain(route, |domain| router.insert(domain, route));
}

fn remove(router: &mut Router, route: &Route) {
    each_domain(route, |domain| router.remove(domain, route));
}

fn each_domain(route: &Route, mut visit: impl FnMut(&Domain)) {
    let any = [Domain::any()];
    let domains = if route.domains.is_empty() { &any[..] } else { &route.domains[..] };
    for domain in domains {
        if route.paths.is_empty() {
            visit(domain);
        }
        for path in &route.paths {
            visit(&path.below(domain));
        }
    }
}

fn tree(routes: &[(&str, Value)]) -> Router {
    let mut made = Router::default();
    for (id, frontend) in routes {
        insert(&mut made, &route(id, frontend.clone()));
    }
    made
}

/// What a request is asked about.
#[derive(Clone, Debug)]
struct Asked {
    host: String,
    path: String,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    client: IpAddr,
}

impl Asked {
    fn get(url: &str) -> Self {
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        Self {
            host: host.to_owned(),
            path: path.to_owned(),
            uri: format!("{path}?{query}").parse().unwrap_or_default(),
            method: Method::GET,
            headers: HeaderMap::new(),
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    fn query(&self) -> RouteQuery<'_> {
        RouteQuery {
            host: &self.host,
            path: &self.path,
            uri: &self.uri,
            method: &self.method,
            headers: &self.headers,
            client: self.client,
            secure: false,
        }
    }

    /// The ids of the candidates, and the prefix that each takes of the path.
    fn of<'a>(&'a self, router: &Router) -> Vec<(String, &'a str)> {
        router
            .candidates(self.query())
            .map(|m| (m.route.id.to_string(), self.path.get(..m.prefix).unwrap()))
            .collect()
    }

    fn ids(&self, router: &Router) -> Vec<String> {
        self.of(router).into_iter().map(|(id, _)| id).collect()
    }
}

fn domains(list: &[&str]) -> Value {
    json!({"domains": list})
}

#[test]
fn hosts_go_from_exact_over_the_longest_pattern_to_any() {
    let router = tree(&[
        ("any", domains(&[])),
        ("star", domains(&["*/v1"])),
        ("com", domains(&["*.com"])),
        ("below", domains(&["*.h.com"])),
        ("glob", domains(&["a*.h.com"])),
        ("exact", domains(&["A.H.com"])),
    ]);
    let all = ["exact", "glob", "below", "com", "any"];
    assert_eq!(Asked::get("a.h.com/").ids(&router), all);
    assert_eq!(Asked::get("x.a.h.com/").ids(&router), ["below", "com", "any"]);
    assert_eq!(Asked::get("h.com/v1").ids(&router), ["com", "star", "any"]);
    assert_eq!(Asked::get("com/").ids(&router), ["any"]);
    assert_eq!(Asked::get("/").ids(&router), ["any"]);
}

#[test]
fn the_longest_prefix_of_whole_segments_goes_first() {
    let router = tree(&[
        ("root", domains(&["h"])),
        ("api", domains(&["h/api"])),
        ("v1", domains(&["h/api/v1/"])),
    ]);
    let at = |url| {
        let asked = Asked::get(url);
        asked.of(&router).into_iter().map(|(id, p)| format!("{id}:{p}")).collect::<Vec<_>>()
    };
    assert_eq!(at("h/api/v1/users"), ["v1:/api/v1", "api:/api", "root:"]);
    assert_eq!(at("h/api/v1"), ["v1:/api/v1", "api:/api", "root:"]);
    assert_eq!(at("h/api/v1/"), ["v1:/api/v1", "api:/api", "root:"]);
    assert_eq!(at("h/api/v1foo"), ["api:/api", "root:"]);
    assert_eq!(at("h/api999"), ["root:"]);
    assert_eq!(at("h/"), ["root:"]);
    // The prefix is the route's own, whatever deeper route failed before it.
    assert_eq!(at("h/api/v2/users"), ["api:/api", "root:"]);
}

#[test]
fn segments_go_from_literal_over_expression_and_star_to_name() {
    let router = tree(&[
        ("name", domains(&["h/:id/x"])),
        ("star", domains(&["h/a*/x"])),
        ("expression", domains(&["h/$id<[a-z]+>/x"])),
        ("literal", domains(&["h/ab/x"])),
        ("other", domains(&["h/ab/y"])),
    ]);
    let all = ["literal", "expression", "star", "name"];
    assert_eq!(Asked::get("h/ab/x").ids(&router), all);
    assert_eq!(Asked::get("h/a1/x").ids(&router), ["star", "name"]);
    assert_eq!(Asked::get("h/1/x").ids(&router), ["name"]);
    assert_eq!(Asked::get("h/ab/z").ids(&router), [""; 0]);
    assert_eq!(Asked::get("h/ab").ids(&router), [""; 0]);
}

#[test]
fn paths_end_where_they_end_or_at_their_star() {
    let paths = |list: &[&str]| json!({"domains": ["h"], "paths": list});
    let router = tree(&[
        ("exact", paths(&["/a", "/a/b"])),
        ("slash", paths(&["/a/"])),
        ("below", paths(&["/a/*"])),
        ("begun", paths(&["/a*"])),
        ("all", paths(&["/*"])),
        ("root", paths(&["/"])),
    ]);
    for (path, ids) in [
        ("/a", vec!["exact", "begun", "all"]),
        ("/a/", vec!["slash", "below", "begun", "all"]),
        ("/a/b", vec!["exact", "below", "begun", "all"]),
        ("/a/b/", vec!["below", "begun", "all"]),
        ("/ab", vec!["begun", "all"]),
        ("/ab/c", vec!["begun", "all"]),
        ("/b", vec!["all"]),
        ("/", vec!["root", "all"]),
    ] {
        assert_eq!(Asked::get(&format!("h{path}")).ids(&router), ids, "{path}");
    }
    assert_eq!(Asked::get("other/a").ids(&router), [""; 0]);
    for bad in ["a", "/a*b", "/*/a", "", "/a?b", "/a/../b"] {
        assert!(Domain::of_path(bad).is_err(), "{bad}");
    }
    assert!(Domain::of_path("*").is_ok());
}

#[test]
fn a_route_with_several_paths_is_removed_from_all() {
    let mut router = tree(&[("other", json!({"paths": ["/a"]}))]);
    let several = route("r", json!({"paths": ["/a", "/a/*", "/a*"], "domains": ["h", "*"]}));
    insert(&mut router, &several);
    assert_eq!(Asked::get("h/a").ids(&router), ["r", "r", "other", "r", "r"]);
    remove(&mut router, &several);
    assert_eq!(Asked::get("h/a").ids(&router), ["other"]);
}

#[test]
fn the_larger_priority_goes_first_among_equal_paths() {
    let router = tree(&[
        ("a", json!({"paths": ["/x"], "headers": {"x": "Exists()"}})),
        ("b", json!({"paths": ["/x"], "priority": 1})),
        ("c", json!({"paths": ["/x"], "priority": -1})),
        ("prefix", json!({"paths": ["/*"], "priority": 9})),
    ]);
    let asked = Asked::get("h/x").header("x", "1");
    assert_eq!(asked.ids(&router), ["b", "a", "c", "prefix"]);
}

#[test]
fn names_in_paths_are_told() {
    let router = tree(&[("r", domains(&["h/users/:id/$kind<a|b/?>/x"]))]);
    let asked = Asked::get("h/users/7/a/x/more");
    let matched = router.candidates(asked.query()).next().unwrap();
    assert_eq!(matched.param(&asked.path, "id"), Some("7"));
    assert_eq!(matched.param(&asked.path, "kind"), Some("a"));
    assert_eq!(matched.param(&asked.path, "users"), None);
}

#[test]
fn what_fails_falls_back_to_the_next() {
    let router = tree(&[
        ("post", json!({"domains": ["h/api"], "methods": ["post"]})),
        ("exact", json!({"domains": ["h/api"], "exact": true})),
        ("any", domains(&["h"])),
    ]);
    let post = |url| Asked::get(url).method(Method::POST);
    assert_eq!(post("h/api/x").ids(&router), ["post", "any"]);
    assert_eq!(post("h/api").ids(&router), ["exact", "post", "any"]);
    assert_eq!(Asked::get("h/api/x").ids(&router), ["any"]);
    assert_eq!(Asked::get("h/api/").ids(&router), ["exact", "any"]);
}

#[test]
fn values_are_expected_in_five_ways() {
    for (expected, yes, no) in [
        ("1", vec!["1"], vec!["2", "11"]),
        ("Exists()", vec!["", "x"], vec![]),
        ("IsDefined()", vec!["x"], vec![]),
        ("Regex(a|b+)", vec!["a", "bb"], vec!["ab", "xa"]),
        ("Wildcard(a*c)", vec!["ac", "abc"], vec!["abcd"]),
        ("NotDefined()", vec![], vec!["", "x"]),
    ] {
        let router = tree(&[
            ("header", json!({"domains": ["h/header"], "headers": {"X-A": expected}})),
            ("query", json!({"domains": ["h/query"], "query": {"q": expected}})),
            ("cookie", json!({"domains": ["h/cookie"], "cookies": {"c": expected}})),
        ]);
        let matches = |value: Option<&str>| {
            let mut header = Asked::get("h/header");
            let mut cookie = Asked::get("h/cookie").header("cookie", "a=b; x");
            let mut query = Asked::get("h/query?p=1");
            if let Some(value) = value {
                header = header.header("x-a", value);
                cookie = cookie.header("cookie", &format!("d=1; c={value}"));
                query = Asked::get(&format!("h/query?p=1&q={value}"));
            }
            let all = [header, cookie, query].map(|asked| !asked.ids(&router).is_empty());
            assert!(all[0] == all[1] && all[1] == all[2], "{expected} {value:?}: {all:?}");
            all[0]
        };
        assert_eq!(matches(None), expected == "NotDefined()", "{expected}");
        for value in yes {
            assert!(matches(Some(value)), "{expected} {value}");
        }
        for value in no {
            assert!(!matches(Some(value)), "{expected} {value}");
        }
    }
}

#[test]
fn more_expectations_go_first() {
    let router = tree(&[
        ("a", domains(&["h"])),
        ("b", json!({"domains": ["h"], "methods": ["GET"]})),
        ("c", json!({"domains": ["h"], "headers": {"x": "Exists()"}})),
        ("d", json!({"domains": ["h"], "headers": {"x": "1"}, "query": {"q": "1"}})),
    ]);
    assert_eq!(Asked::get("h/?q=1").header("x", "1").ids(&router), ["d", "c", "b", "a"]);
    assert_eq!(Asked::get("h/?q=%31").header("x", "1").ids(&router), ["d", "c", "b", "a"]);
    assert_eq!(Asked::get("h/").ids(&router), ["b", "a"]);
}

#[test]
fn callers_are_told_apart_by_their_addresses() {
    let router = tree(&[
        ("all", domains(&["h"])),
        ("inside", json!({"domains": ["h"], "addresses": ["10.0.0.0/8", "::1"]})),
    ]);
    let from = |address: &str| {
        let client = address.parse().unwrap();
        Asked { client, ..Asked::get("h/") }.ids(&router)
    };
    assert_eq!(from("10.1.2.3"), ["inside", "all"]);
    assert_eq!(from("::1"), ["inside", "all"]);
    assert_eq!(from("11.1.2.3"), ["all"]);
}

#[test]
fn variables_of_the_body_leave_a_route_open() {
    let router = tree(&[
        ("all", domains(&["h"])),
        ("model", json!({"domains": ["h"], "vars": [["post_arg.model", "==", "m"]]})),
        (
            "both",
            json!({"domains": ["h"], "vars": [
                ["http_x", "==", "1"], ["post_arg.model", "==", "m"],
            ]}),
        ),
    ]);
    let found = |asked: &Asked| -> Vec<(String, bool)> {
        router.candidates(asked.query()).map(|m| (m.route.id.to_string(), m.open)).collect()
    };
    let plain = Asked::get("h/");
    assert_eq!(found(&plain), [("model".to_owned(), true), ("all".to_owned(), false)]);
    let asked = Asked::get("h/").header("x", "1");
    assert_eq!(found(&asked)[0], ("both".to_owned(), true));
    let by_body = |body: &str| -> Vec<String> {
        let body = Body::of(body.as_bytes(), &asked.headers);
        let met = |matched: &Matched| matched.is_met_by(&asked.query(), &body);
        router.candidates(asked.query()).filter(met).map(|m| m.route.id.to_string()).collect()
    };
    assert_eq!(by_body(r#"{"model": "m"}"#), ["both", "model", "all"]);
    assert_eq!(by_body(r#"{"model": "n"}"#), ["all"]);
    assert_eq!(by_body("no JSON"), ["all"]);
    // A browser asks before it sends the body.
    let preflight = Asked::get("h/")
        .method(Method::OPTIONS)
        .header("origin", "https://a")
        .header("access-control-request-method", "POST");
    let found: Vec<bool> = router.candidates(preflight.query()).map(|m| m.preflight).collect();
    assert_eq!(found, [true, false]);
}

#[test]
fn a_preflight_matches_by_the_method_that_it_asks_for() {
    let router = tree(&[("r", json!({"domains": ["h"], "methods": ["POST"]}))]);
    let preflight = |method: &str| {
        Asked::get("h/")
            .method(Method::OPTIONS)
            .header("origin", "https://a")
            .header("access-control-request-method", method)
    };
    let asked = preflight("POST");
    let found: Vec<bool> = router.candidates(asked.query()).map(|m| m.preflight).collect();
    assert_eq!(found, [true]);
    assert_eq!(preflight("PUT").ids(&router), [""; 0]);
    assert_eq!(Asked::get("h/").method(Method::OPTIONS).ids(&router), [""; 0]);
}

#[test]
fn configured_paths_are_spelt_like_requests() {
    let router = tree(&[("r", domains(&["h/caf\u{e9}/%7euser/a%2fb"]))]);
    let raw = path("/caf%c3%a9/~user/a%2Fb/x").unwrap();
    assert_eq!(Asked::get(&format!("h{raw}")).ids(&router), ["r"]);
}

#[test]
fn mistakes_in_domains_are_pointed_at() {
    let text = |domain: &str| Domain::parse(domain).map(|domain| domain.to_string());
    for bad in
        ["", "https://h", "h:80", "h h", "h/a/../b", "h/%2e", "h/$x<(>", "h/$x<a", "h/a?b", "h#a"]
    {
        assert!(text(bad).is_err(), "{bad}");
    }
    for (good, shown) in [
        ("H.com/a//b/", "h.com/a/b"),
        ("[::1]/x", "::1/x"),
        ("*", "*"),
        ("*.H.com/:id", "*.h.com/*"),
        ("b\u{fc}cher.de", "xn--bcher-kva.de"),
        ("/only/path", "/only/path"),
    ] {
        assert_eq!(text(good).as_deref(), Ok(shown), "{good}");
    }
}

#[test]
fn the_404_says_what_no_route_has() {
    let router = tree(&[
        ("r", domains(&["h.com/api"])),
        ("m", json!({"domains": ["h.com/post"], "methods": ["POST"]})),
    ]);
    let why = |url| router.why_not(Asked::get(url).query());
    assert_eq!(why("x.com/api"), "no route has the host \"x.com\" (the path was \"/api\")");
    assert_eq!(why("h.com/v1"), "no route for the host \"h.com\" has the path \"/v1\"");
    assert!(why("h.com/post/x").contains("expect another method"));
    let long = format!("h.com/{}", "x".repeat(10_000));
    assert!(why(&long).len() < 400);
    assert!(why("h\n\".com/a").contains(r#""h\n\".com""#));
}
