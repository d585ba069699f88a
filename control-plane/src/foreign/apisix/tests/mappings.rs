//! Documents there and back.

use super::*;

/// What is read of a document that was put is what was put.
async fn comes_back<S>(fixture: &Fixture<S>, path: &str, document: &Value)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    fixture.made(path, document).await;
    let value = fixture.value(path).await;
    assert_has(&value, document);
    assert!(value.get("_sanmon").is_none(), "{value:#}");
    // And putting that changes nothing.
    let mut again = value;
    for time in ["create_time", "update_time"] {
        again.as_object_mut().unwrap().shift_remove(time);
    }
    let revision = fixture.shared.configuration.state().head().revision;
    fixture.made(path, &again).await;
    assert_eq!(fixture.shared.configuration.state().head().revision, revision, "{again:#}");
}

#[actix_web::test]
async fn routes_come_back() {
    let fixture = fixture().await;
    fixture.made("/services/s", &json!({"name": "s"})).await;
    fixture.made("/upstreams/u", &json!({"nodes": {"h:80": 1}})).await;
    for document in [
        json!({"uri": "/a", "service_id": "s"}),
        json!({"uri": "/a*", "host": "a.example.com", "upstream_id": "u", "status": 0}),
        json!({"uris": ["/a", "/a/*"], "hosts": ["*.example.com", "b.com"], "service_id": "s"}),
        json!({
            "uri": "/*", "service_id": "s", "name": "n", "desc": "d", "priority": 7,
            "labels": {"env": "prod", "team": "a"}, "methods": ["GET", "POST"],
        }),
        json!({"uri": "/v", "service_id": "s", "vars": [
            ["http_x_user", "==", "jack"],
            ["http_x_kind", "in", ["a.b", "c|d"]],
            ["arg_q", "~~", "^a[bc]+"],
            ["arg_z", "==", "Regex(x)"],
            ["cookie_c", "~*", "yes|no"],
            ["request_method", "!", "in", ["GET", "HEAD"]],
            ["OR", ["post_arg.model", "==", "gpt-4"], ["!AND", ["host", "~=", null], ["arg_n", ">", 1]]],
        ]}),
        json!({"uri": "/o", "service_id": "s", "vars": ["OR", ["host", "==", "a"], ["arg_b", "has", 1]]}),
        json!({"uri": "/o", "service_id": "s", "remote_addr": "10.0.0.0/8"}),
        json!({"uri": "/o", "service_id": "s", "remote_addrs": ["10.0.0.0/8", "::1"]}),
        json!({
            "uri": "/inline",
            "upstream": {
                "type": "roundrobin", "scheme": "https",
                "nodes": {"a.example.com:8443": 2, "b.example.com": 1, "[::1]:80": 1},
                "timeout": {"connect": 1, "send": 6, "read": 6},
            },
        }),
        json!({"uri": "/list", "upstream": {"type": "roundrobin", "nodes": [
            {"host": "a", "port": 80, "weight": 1},
            {"host": "b", "port": 80, "weight": 0, "priority": -1},
        ]}}),
        json!({"uri": "/t", "plugins": {"ai-proxy-multi": {"instances": []}},
            "timeout": {"connect": 0.5, "send": 60, "read": 60}}),
        json!({"uri": "/p", "service_id": "s", "plugins": {
            "cors": {
                "allow_origins": "https://a.example", "allow_methods": "GET,POST",
                "allow_headers": "*", "expose_headers": "x-a", "max_age": 60,
                "allow_credential": false, "allow_origins_by_regex": ["\\.example$"],
                "timing_allow_origins": "*", "timing_allow_origins_by_regex": ["^https"],
            },
            "limit-count": {"count": 1, "time_window": 2, "_meta": {"disable": true, "priority": 9000}},
            "proxy-buffering": {"disable_proxy_buffering": true},
        }}),
    ] {
        comes_back(&fixture, "/routes/r", &document).await;
    }
}

#[actix_web::test]
async fn services_and_upstreams_come_back() {
    let fixture = fixture().await;
    for document in [
        json!({"name": "s", "desc": "d", "labels": {"a": "b"}, "hosts": ["a.com", "*.b.com"]}),
        json!({"plugins": {"key-auth": {"header": "x-key"}}, "status": 0}),
        json!({"upstream": {"type": "roundrobin", "nodes": {"a:80": 1}}}),
        json!({"path_prefix": "/a/b", "hosts": ["a.com", "b.com"]}),
        json!({"path_prefix": "/a", "strip_path_prefix": false}),
    ] {
        comes_back(&fixture, "/services/s", &document).await;
    }
    for document in [
        json!({"name": "u", "desc": "d", "labels": {"a": "b"}, "nodes": {"a:80": 1, "b:81": 0}}),
        json!({"nodes": [{"host": "a", "port": 443, "weight": 3}], "scheme": "https", "retries": 2,
            "timeout": {"connect": 3, "send": 10, "read": 10}}),
        json!({"nodes": {"a:80": 1}, "type": "least_conn", "pass_host": "node", "retries": 0}),
        json!({"nodes": {"a:80": 1}, "type": "ewma", "pass_host": "rewrite", "upstream_host": "b"}),
        json!({"nodes": {"a:80": 1}, "type": "chash", "hash_on": "vars", "key": "arg_user"}),
        json!({"nodes": {"a:80": 1}, "type": "chash", "hash_on": "header", "key": "x-user"}),
        json!({"nodes": {"a:80": 1}, "type": "chash", "hash_on": "cookie", "key": "user"}),
        json!({"nodes": {"a:80": 1}, "type": "chash", "hash_on": "consumer"}),
        json!({"nodes": {"a:80": 1}, "type": "chash", "hash_on": "vars_combinations",
            "key": "$request_uri$remote_addr$arg_a"}),
        json!({"nodes": [
            {"host": "a", "weight": 1, "priority": 9}, {"host": "b", "weight": 1},
            {"host": "c", "weight": 1, "priority": -3},
        ]}),
    ] {
        comes_back(&fixture, "/upstreams/u", &document).await;
    }
}

#[actix_web::test]
async fn plugins_become_slots_by_priority() {
    let fixture = fixture().await;
    fixture
        .made(
            "/routes/r",
            &json!({"uri": "/", "plugins": {
                "limit-count": {"count": 1, "time_window": 1},
                "ai-proxy": ai_proxy(),
                "key-auth": {},
                "cors": {},
                "proxy-buffering": {"_meta": {"priority": -1}},
            }}),
        )
        .await;
    let route = fixture.ours("routes/r").await;
    let slots = route["plugins"].as_array().unwrap();
    let kinds: Vec<_> = slots.iter().map(|slot| slot["plugin"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["cors", "key-auth", "ai-proxy", "limit-count", "proxy-buffering"]);
}

#[actix_web::test]
async fn secrets_are_masked_and_kept() {
    let fixture = fixture().await;
    let route = json!({"uri": "/a", "plugins": {"ai-proxy": ai_proxy()}});
    let made = fixture.made("/routes/r", &route).await;
    let shown = made.pointer("/plugins/ai-proxy/auth/header/Authorization").unwrap();
    assert!(shown.as_str().unwrap().starts_with("********-"), "{shown}");
    let stored = || {
        let state = fixture.shared.configuration.state();
        let text = state.get("routes", "r").unwrap().document.get().to_owned();
        let document: Value = serde_json::from_str(&text).unwrap();
        document.pointer("/plugins/0/config/auth/header/Authorization").unwrap().clone()
    };
    let sealed = stored();
    // The placeholder written back stands for the secret, in a patch too.
    let patch = json!({"desc": "patched", "plugins": {"ai-proxy": made["plugins"]["ai-proxy"]}});
    let patched = fixture.call("PATCH", "/routes/r", &patch).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(stored(), sealed);
    let mut reference = route;
    reference["plugins"]["ai-proxy"]["auth"]["header"]["Authorization"] = json!("$ENV://LLM_KEY");
    let made = fixture.made("/routes/r", &reference).await;
    let shown = made.pointer("/plugins/ai-proxy/auth/header/Authorization").unwrap();
    assert_eq!(shown, "$env://LLM_KEY");
}

#[actix_web::test]
async fn what_is_kept_without_effect_is_told() {
    let fixture = fixture().await;
    let service = json!({"plugins": {"key-auth": {"realm": "key"}}});
    let answer = fixture.call("PUT", "/services/s", &service).await.json();
    assert!(answer["warning_msg"].as_str().unwrap().contains("realm"), "{answer}");
}
