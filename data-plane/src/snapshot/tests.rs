#![expect(clippy::needless_pass_by_value, reason = "documents read better without `&`")]

use std::sync::{Arc, LazyLock};

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, Uri};
use actix_web::test::TestRequest;
use proptest::prelude::*;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::report::Refusal;
use sanmon_shared::{Change, Head};
use serde_json::{Value, json};

use super::for_test::{CONTEXT, change};
use super::*;
use crate::error::Code;
use crate::exchange::Exchange;
use crate::router;

fn empty() -> Arc<Snapshot> {
    Arc::new(Snapshot::empty(Head::empty("test")))
}

fn edited(snapshot: &Arc<Snapshot>, changes: &[Change]) -> (Arc<Snapshot>, Vec<Refusal>) {
    let mut edit = snapshot.edit();
    for change in changes {
        edit.apply(change, 7, &CONTEXT);
    }
    let (snapshot, refusals) = edit.finish(Head { revision: 7, ..Head::empty("test") });
    (Arc::new(snapshot), refusals)
}

fn changes(documents: &[(&str, Value)]) -> Vec<Change> {
    let change = |(plural, document): &(&str, Value)| {
        let id = document.get("id").or(document.get("clientId")).and_then(Value::as_str).unwrap();
        change(plural, id, Some(document.clone()))
    };
    documents.iter().map(change).collect()
}

fn snapshot(documents: &[(&str, Value)]) -> Arc<Snapshot> {
    let (snapshot, refusals) = edited(&empty(), &changes(documents));
    assert_eq!(refusals, []);
    snapshot
}

fn ids(snapshot: &Snapshot, url: &str) -> Vec<String> {
    let (host, path) = url.split_at(url.find('/').unwrap());
    let headers = HeaderMap::new();
    snapshot
        .candidates(query(host, path, &headers))
        .map(|matched| matched.route.id.to_string())
        .collect()
}

fn query<'a>(host: &'a str, path: &'a str, headers: &'a HeaderMap) -> RouteQuery<'a> {
    static URI: LazyLock<Uri> = LazyLock::new(Uri::default);
    let client = std::net::Ipv4Addr::LOCALHOST.into();
    RouteQuery { host, path, uri: &URI, method: &Method::GET, headers, client, secure: false }
}

fn route(id: &str, domains: &[&str], more: Value) -> (&'static str, Value) {
    let mut route = json!({"id": id, "frontend": {"domains": domains}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ("routes", route)
}

fn matched(snapshot: &Snapshot, id: &str) -> Matched {
    let route = Arc::clone(snapshot.route(id).unwrap());
    Matched { route, prefix: 0, preflight: false, open: false, stripped: 0, captures: None }
}

fn answerer(snapshot: &Arc<Snapshot>, route: &str, path: &str) -> Result<String, Code> {
    let pipeline = Pipeline::of(snapshot, &matched(snapshot, route)).map_err(|e| e.code)?;
    match pipeline.answerer(path).map_err(|error| error.code)? {
        Answerer::Plugin(_) => Ok("plugin".to_owned()),
        Answerer::Targets(backend) => {
            Ok(backend.targets.first().map_or_else(String::new, |target| target.host.to_string()))
        }
    }
}

/// Names of the plugins of a phase, in order; `!` for one that is missing.
fn plugins(snapshot: &Arc<Snapshot>, route: &str, phase: Phase, path: &str) -> Vec<&'static str> {
    let pipeline = Pipeline::of(snapshot, &matched(snapshot, route)).unwrap();
    let name = |plugin: Result<&dyn crate::plugin::AnyPlugin, _>| plugin.map_or("!", |p| p.name());
    pipeline.plugins(phase, path).map(name).collect()
}

#[test]
fn a_route_comes_changes_and_goes() {
    let first = snapshot(&[route("r", &["a.com"], json!({}))]);
    let moved = changes(&[route("r", &["b.com/x", "c.com"], json!({}))]);
    let (second, _) = edited(&first, &moved);
    let (third, _) = edited(&second, &[change("routes", "r", None)]);
    assert_eq!(ids(&first, "a.com/"), ["r"]);
    assert_eq!(ids(&second, "a.com/"), [""; 0]);
    assert_eq!(ids(&second, "b.com/x/y"), ["r"]);
    assert_eq!(ids(&second, "c.com/"), ["r"]);
    assert_eq!(ids(&third, "c.com/"), [""; 0]);
    assert_eq!((first.head.revision, third.head.revision), (7, 7));
    // What a request holds does not change under it.
    assert_eq!(ids(&first, "a.com/"), ["r"]);
}

#[test]
fn a_disabled_route_is_as_good_as_absent() {
    let snapshot = snapshot(&[
        route("off", &["a.com"], json!({"enabled": false})),
        route("any", &[], json!({})),
    ]);
    assert_eq!(ids(&snapshot, "a.com/"), ["any"]);
}

#[test]
fn routes_take_hosts_from_their_service_whatever_comes_first() {
    let service = ("services", json!({"id": "s", "domains": ["s1.com", "s2.com/base"]}));
    let documents = [
        route("inherits", &[], json!({"service_ref": "s"})),
        route("below", &["/v1"], json!({"service_ref": "s"})),
        route("own", &["own.com"], json!({"service_ref": "s"})),
        service,
    ];
    let mut reversed = documents.clone();
    reversed.reverse();
    for documents in [documents, reversed] {
        let snapshot = snapshot(&documents);
        assert_eq!(ids(&snapshot, "s1.com/v1/x"), ["below", "inherits"]);
        assert_eq!(ids(&snapshot, "s2.com/base/v1"), ["below", "inherits"]);
        assert_eq!(ids(&snapshot, "s2.com/v1"), [""; 0]);
        assert_eq!(ids(&snapshot, "own.com/"), ["own"]);
        assert_eq!(ids(&snapshot, "other.com/"), [""; 0]);
    }
}

#[test]
fn a_changed_service_moves_its_routes() {
    let service = |more: Value| {
        let mut service = json!({"id": "s", "domains": ["old.com"]});
        service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        changes(&[("services", service)])
    };
    let first = snapshot(&[
        route("r", &[], json!({"service_ref": "s"})),
        route("own", &["own.com"], json!({"service_ref": "s"})),
        ("services", json!({"id": "s", "domains": ["old.com"]})),
    ]);
    let (moved, _) = edited(&first, &service(json!({"domains": ["new.com"]})));
    assert_eq!(ids(&moved, "old.com/"), [""; 0]);
    assert_eq!(ids(&moved, "new.com/"), ["r"]);
    let (off, _) = edited(&moved, &service(json!({"enabled": false})));
    assert_eq!(ids(&off, "old.com/"), [""; 0]);
    assert_eq!(ids(&off, "own.com/"), [""; 0]);
    let (on, _) = edited(&off, &service(json!({})));
    assert_eq!(ids(&on, "old.com/"), ["r"]);
    let (gone, _) = edited(&on, &[change("services", "s", None)]);
    assert_eq!(ids(&gone, "old.com/"), [""; 0]);
    assert_eq!(ids(&gone, "own.com/"), ["own"]);
    let error = Pipeline::of(&gone, &matched(&gone, "own")).err().unwrap();
    assert_eq!(error.code, Code::ReferenceMissing);
    // A route that leaves its service is not moved by it any more.
    let (left, _) = edited(&on, &changes(&[route("r", &["free.com"], json!({}))]));
    let (left, _) = edited(&left, &service(json!({"domains": ["new.com"]})));
    assert_eq!(ids(&left, "new.com/"), [""; 0]);
    assert_eq!(ids(&left, "free.com/"), ["r"]);
}

#[test]
fn what_cannot_be_built_is_quarantined_alone_and_keeps_its_last_good_form() {
    let first = snapshot(&[route("r", &["a.com"], json!({}))]);
    let bad = |domain: &str| route("r", &[domain], json!({"plugins": [{"plugin": "nonesuch"}]}));
    let (second, refusals) =
        edited(&first, &changes(&[bad("b.com"), route("other", &["c.com"], json!({}))]));
    assert_eq!(ids(&second, "a.com/"), ["r"]);
    assert_eq!(ids(&second, "b.com/"), [""; 0]);
    assert_eq!(ids(&second, "c.com/"), ["other"]);
    let expected = Refusal {
        kind: "routes".to_owned(),
        id: "r".to_owned(),
        revision: 7,
        reason: "/plugins/0/plugin: there is no kind of plugin named \"nonesuch\"".to_owned(),
    };
    assert_eq!(refusals, std::slice::from_ref(&expected));
    // It stays refused while others change, and is forgotten when it is repaired or deleted.
    let (third, refusals) = edited(&second, &changes(&[route("x", &["x.com"], json!({}))]));
    assert_eq!(refusals, [expected]);
    let (repaired, refusals) = edited(&third, &changes(&[route("r", &["b.com"], json!({}))]));
    assert_eq!(refusals, []);
    assert_eq!(ids(&repaired, "b.com/"), ["r"]);
    let (deleted, refusals) = edited(&third, &[change("routes", "r", None)]);
    assert_eq!(refusals, []);
    assert_eq!(ids(&deleted, "a.com/"), [""; 0]);
}

#[test]
fn every_kind_is_refused_by_itself() {
    let bad = [
        ("services", json!({"id": "1", "domains": ["/x"]})),
        ("backends", json!({"id": "2", "backend": {"url": "x"}})),
        ("plugins", json!({"id": "3", "plugin": "x"})),
        ("global-plugins", json!({"id": "4", "plugin": "cors", "include": ["("]})),
        ("providers", json!({"id": "5", "provider": "x"})),
        ("embedding-models", json!({"id": "6", "provider": 1})),
        ("apikeys", json!({"clientId": "7", "clientSecret": "clear"})),
    ];
    let (_, refusals) = edited(&empty(), &changes(&bad));
    let told: Vec<String> =
        refusals.iter().map(|r| format!("{}/{}: {}", r.kind, r.id, r.reason)).collect();
    assert_eq!(told.len(), bad.len(), "{told:#?}");
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn kinds_of_a_later_version_are_passed_over() {
    let (_, refusals) = edited(&empty(), &[change("novelties", "n", Some(json!({"a": 1})))]);
    assert_eq!(refusals, []);
}

#[test]
fn a_request_passes_global_plugins_then_those_of_service_and_route() {
    let apikeys = json!({"plugin": "apikeys"});
    let snapshot = snapshot(&[
        ("global-plugins", json!({"id": "g1", "order": 2, "plugin": "cors"})),
        ("global-plugins", json!({"id": "g3", "order": 1, "plugin": "override-host"})),
        ("global-plugins", json!({"id": "g2", "plugin": "override-host", "enabled": false})),
        ("services", json!({"id": "s", "domains": ["s.com"], "plugins": [apikeys]})),
        ("plugins", json!({"id": "p", "plugin": "cors"})),
        ("plugins", json!({"id": "off", "plugin": "cors", "enabled": false})),
        route(
            "r",
            &[],
            json!({"service_ref": "s", "plugins": [
                {"ref": "p", "includes": ["/v1"]},
                {"ref": "off"},
                {"plugin": "cp:otoroshi.next.plugins.OverrideHost", "exclude": ["/v1/.*"]},
                {"plugin": "apikeys", "enabled": false},
                {"ref": "deleted", "includes": ["/v2"]}
            ]}),
        ),
    ]);
    let of = |phase, path| plugins(&snapshot, "r", phase, path);
    assert_eq!(of(Phase::Request, "/x"), ["override-host", "override-host",][..]);
    assert_eq!(of(Phase::Request, "/v1/x"), ["override-host"]);
    assert_eq!(of(Phase::Response, "/v1/x"), ["cors", "cors"]);
    assert_eq!(of(Phase::Response, "/x"), ["cors"]);
    assert_eq!(of(Phase::Authorize, "/x"), ["apikeys"]);
    // What is missing may be what lets nobody pass: it ends the request.
    assert_eq!(of(Phase::Authorize, "/v2"), ["apikeys", "!"]);
}

#[test]
fn global_plugins_keep_their_order_through_changes() {
    let first = snapshot(&[
        ("global-plugins", json!({"id": "b", "plugin": "cors"})),
        ("global-plugins", json!({"id": "a", "plugin": "override-host"})),
        route("r", &["r.com"], json!({})),
    ]);
    let names = |snapshot: &Arc<Snapshot>| {
        [Phase::Response, Phase::Request].map(|phase| plugins(snapshot, "r", phase, "/").len())
    };
    assert_eq!(names(&first), [1, 1]);
    let (second, _) = edited(&first, &[change("global-plugins", "b", None)]);
    assert_eq!(names(&second), [0, 1]);
}

#[test]
fn targets_answer_where_no_plugin_does() {
    let url = |host: &str| json!({"url": format!("http://{host}:1")});
    let snapshot = snapshot(&[
        ("backends", json!({"id": "b", "backend": url("stored")})),
        ("services", json!({"id": "s", "domains": ["s.com"], "backend": url("service")})),
        route("own", &["1.com"], json!({"backend": url("own")})),
        route("ref", &["2.com"], json!({"backend": url("own"), "backend_ref": "b"})),
        route("inherits", &[], json!({"service_ref": "s"})),
        route("none", &["3.com"], json!({})),
        route("dangling", &["4.com"], json!({"backend_ref": "gone"})),
    ]);
    assert_eq!(answerer(&snapshot, "own", "/"), Ok("own".to_owned()));
    assert_eq!(answerer(&snapshot, "ref", "/"), Ok("stored".to_owned()));
    assert_eq!(answerer(&snapshot, "inherits", "/"), Ok("service".to_owned()));
    assert_eq!(answerer(&snapshot, "none", "/"), Err(Code::NoBackend));
    assert_eq!(answerer(&snapshot, "dangling", "/"), Err(Code::ReferenceMissing));
}

#[test]
fn a_route_with_backend_plugins_never_calls_its_targets() {
    let chat = |includes: &[&str]| {
        json!({
            "plugin": "openai-chat-completions",
            "includes": includes,
            "config": {"refs": ["p"]}
        })
    };
    let targets = json!({"url": "http://placeholder:1"});
    let mut global = chat(&["/global"]);
    global.as_object_mut().unwrap().insert("id".into(), "g".into());
    let snapshot = snapshot(&[
        ("global-plugins", global),
        (
            "plugins",
            json!({
                "id": "named", "plugin": "openai-chat-completions", "config": {"refs": ["p"]}
            }),
        ),
        ("services", json!({"id": "s", "domains": ["s.com"], "plugins": [chat(&["/v1"])]})),
        route("own", &["1.com"], json!({"backend": targets, "plugins": [chat(&["/v1/chat"])]})),
        route(
            "ref",
            &["2.com"],
            json!({"backend": targets, "plugins": [
                {"ref": "named", "includes": ["/v2"]}
            ]}),
        ),
        route("inherits", &[], json!({"service_ref": "s", "backend": targets})),
        route("plain", &["3.com"], json!({"backend": targets})),
        route(
            "off",
            &["4.com"],
            json!({"backend": targets, "plugins": [
                {"plugin": "openai-chat-completions", "enabled": false, "config": {"refs": ["p"]}}
            ]}),
        ),
        route("gone", &["5.com"], json!({"backend": targets, "plugins": [{"ref": "nonesuch"}]})),
    ]);
    let plugin = Ok("plugin".to_owned());
    let placeholder = Ok("placeholder".to_owned());
    for (id, path, expected) in [
        ("own", "/v1/chat/completions", &plugin),
        ("own", "/v1/models", &Err(Code::NoBackend)),
        ("ref", "/v2/x", &plugin),
        ("ref", "/v1", &Err(Code::NoBackend)),
        ("inherits", "/v1", &plugin),
        ("inherits", "/", &Err(Code::NoBackend)),
        ("plain", "/", &placeholder),
        ("plain", "/global", &plugin),
        ("off", "/", &placeholder),
        ("gone", "/", &Err(Code::ReferenceMissing)),
    ] {
        assert_eq!(&answerer(&snapshot, id, path), expected, "{id} {path}");
    }
}

#[test]
fn a_preflight_is_accepted_where_somebody_answers_it() {
    let snapshot = snapshot(&[
        route("plain", &["a.com"], json!({})),
        route("cors", &["a.com"], json!({"plugins": [{"plugin": "cors"}]})),
        route(
            "excluded",
            &["a.com"],
            json!({"plugins": [
                {"plugin": "cors", "config": {"excluded_patterns": ["/.*"]}}
            ]}),
        ),
    ]);
    let accepts = |id: &str, preflight: bool| {
        let request = TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://a"))
            .insert_header(("access-control-request-method", "POST"));
        let mut exchange = Exchange::for_test(request);
        exchange.matched = Matched { preflight, ..matched(&snapshot, id) };
        Pipeline::of(&snapshot, &exchange.matched).unwrap().accepts(&exchange)
    };
    assert!(accepts("plain", false));
    assert!(!accepts("plain", true));
    assert!(accepts("cors", true));
    assert!(!accepts("excluded", true));
}

#[test]
fn a_key_knows_what_its_requests_may_ask_for() {
    let key = json!({
        "clientId": "k",
        "clientSecret": sanmon_shared::secret::HashedSecret::store("k", "secret-secret", None),
        "metadata": {"ai_models_include": "gpt-4.*, o\\d+", "ai_models_exclude": "gpt-4-32k"},
        "constraints": {
            "max_tokens": 100, "tools": false, "models_exclude": [".*-preview"]
        }
    });
    let snapshot = snapshot(&[("apikeys", key)]);
    let key = snapshot.apikey("k").unwrap();
    let constraints = key.constraints().unwrap();
    for (model, allowed) in [
        ("gpt-4o", true),
        ("o3", true),
        ("gpt-4-32k", false),
        ("gpt-4-preview", false),
        ("claude", false),
        ("my-gpt-4o", false),
    ] {
        assert_eq!(constraints.check_model(model), allowed, "{model}");
    }
    assert_eq!(constraints.max_tokens(), Some(100));
    assert!(!constraints.allows_tools());
    assert!(constraints.allows_streams());
}

/// Changes to a small world in which most things meet.
fn some_changes() -> impl Strategy<Value = Vec<Change>> {
    let domains =
        prop::collection::vec(prop::sample::select(vec!["a.com", "b.com/x", "*.com"]), 0..3);
    let relative = any::<bool>();
    let route = (0..4_u8, domains.clone(), relative, prop::option::of(0..2_u8), any::<bool>())
        .prop_map(|(id, mut domains, relative, service, enabled)| {
            if relative && service.is_some() {
                domains.push("/y");
            }
            let id = format!("r{id}");
            let service = service.map(|service| format!("s{service}"));
            let frontend = json!({"domains": domains});
            let route =
                json!({"id": id, "frontend": frontend, "service_ref": service, "enabled": enabled});
            change("routes", &id, Some(route))
        });
    let service = (0..2_u8, domains, any::<bool>()).prop_map(|(id, domains, enabled)| {
        let id = format!("s{id}");
        let service = json!({"id": id, "domains": domains, "enabled": enabled});
        change("services", &id, Some(service))
    });
    let gone = (prop::sample::select(vec!["routes", "services"]), 0..4_u8)
        .prop_map(|(kind, id)| change(kind, &format!("{}{id}", kind.get(..1).unwrap()), None));
    prop::collection::vec(prop_oneof![3 => route, 2 => service, 1 => gone], 0..24)
}

/// All that requests could see.
fn seen(snapshot: &Snapshot) -> Vec<Vec<String>> {
    ["a.com/", "b.com/x", "b.com/y", "b.com/x/y", "c.com/y", "d/y", "d/"]
        .iter()
        .map(|url| ids(snapshot, url))
        .collect()
}

proptest! {
    #[test]
    fn many_small_edits_come_to_what_one_load_of_the_result_is(changes in some_changes()) {
        let mut step = empty();
        for change in &changes {
            (step, _) = edited(&step, std::slice::from_ref(change));
        }
        prop_assert!(step.refusals().is_empty());
        let mut last: Vec<Change> = Vec::new();
        for change in changes {
            last.retain(|other| (&other.kind, &other.id) != (&change.kind, &change.id));
            last.push(change);
        }
        let (loaded, refusals) = edited(&empty(), &last);
        prop_assert!(refusals.is_empty());
        prop_assert_eq!(seen(&step), seen(&loaded));
        last.reverse();
        let (reversed, _) = edited(&empty(), &last);
        prop_assert_eq!(seen(&step), seen(&reversed));
    }
}

#[test]
fn the_404_names_host_and_path() {
    let snapshot = snapshot(&[route("r", &["a.com"], json!({}))]);
    let headers = HeaderMap::new();
    let host = router::host("B.com:80");
    let error = snapshot.no_route(query(&host, "/x", &headers));
    assert_eq!(error.code, Code::RouteNotFound);
    assert!(error.message.contains("\"b.com\"") && error.message.contains("\"/x\""));
}
