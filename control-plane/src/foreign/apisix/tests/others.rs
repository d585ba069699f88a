//! Documents that other APIs made, and changes in part.

use super::*;

#[actix_web::test]
async fn what_our_own_api_made_is_readable_and_what_has_no_form_is_named() {
    let fixture = fixture().await;
    let route = json!({
        "name": "native",
        "groups": ["team"],
        "tags": ["a"],
        "frontend": {
            "domains": ["a.com/v1", "a.com/v2/:id"],
            "headers": {"x-a": "Exists()", "x-b": "Wildcard(a*)", "x-c": "NotDefined()"},
            "vars": ["OR", ["host", "==", "a.com"], ["arg_a", "==", "1"]],
        },
        "plugins": [
            {"plugin": "apikeys"},
            {"plugin": "ai-proxy", "config": ai_proxy(), "includes": ["/v1/chat"]},
        ],
    });
    let put = fixture.put("/apis/v1/routes/native").json(&route).await;
    assert_eq!(put.status, 201, "{}", put.text());
    let value = fixture.value("/routes/native").await;
    assert_has(
        &value,
        &json!({
            "name": "native",
            "host": null,
            "hosts": ["a.com"],
            "vars": [
                ["http_x_a", "~=", null],
                ["http_x_c", "==", null],
                ["OR", ["host", "==", "a.com"], ["arg_a", "==", "1"]],
            ],
            "_sanmon": {
                "not_shown": [
                    "/groups", "/frontend/domains", "/frontend/headers/x-b",
                    "/plugins/0 (apikeys)", "/plugins/1/includes", "/tags",
                ],
                "see": "/apis/v1/routes/native",
            },
        }),
    );
    let (status, text) = fixture.refused("PATCH", "/routes/native", &json!({"desc": "d"})).await;
    assert_eq!(status, 400);
    assert!(text.contains("would be lost") && text.contains("/apis/v1/routes/native"), "{text}");
}

#[actix_web::test]
async fn prefixes_of_our_own_api_are_shown_as_paths() {
    let fixture = fixture().await;
    for (frontend, expected) in [
        (json!({}), json!({"uri": "/*"})),
        (json!({"domains": ["a.com"]}), json!({"uri": "/*", "hosts": ["a.com"]})),
        (json!({"domains": ["a.com/v1/"]}), json!({"uris": ["/v1", "/v1/*"], "hosts": ["a.com"]})),
        (json!({"domains": ["*/v1"], "exact": true}), json!({"uris": ["/v1", "/v1/"]})),
        (
            json!({"domains": ["a.com/x", "b.com/x"]}),
            json!({"uris": ["/x", "/x/*"], "hosts": ["a.com", "b.com"]}),
        ),
    ] {
        let route = json!({"frontend": frontend});
        assert!(fixture.put("/apis/v1/routes/r").json(&route).await.status < 300);
        let value = fixture.value("/routes/r").await;
        assert_has(&value, &expected);
        assert!(value.get("_sanmon").is_none(), "{value:#}");
    }
    let crossed = json!({"frontend": {"domains": ["a.com/x", "b.com/y"]}});
    assert!(fixture.put("/apis/v1/routes/r").json(&crossed).await.status < 300);
    let value = fixture.value("/routes/r").await;
    assert_eq!(value["_sanmon"]["not_shown"], json!(["/frontend/domains"]));
}

#[actix_web::test]
async fn a_patch_is_merged_put_at_a_path_or_a_list_of_operations() {
    let fixture = fixture().await;
    let route = json!({
        "uri": "/a", "name": "n", "labels": {"a": "1", "b": "2"},
        "upstream": {"type": "roundrobin", "nodes": {"a:80": 1}},
    });
    fixture.made("/routes/r", &route).await;
    for (path, patch, expected) in [
        ("", json!({"labels": {"a": null, "c": "3"}}), json!({"labels": {"b": "2", "c": "3"}})),
        ("", json!({"name": null}), json!({"name": null, "uri": "/a"})),
        (
            "/upstream/nodes",
            json!({"b:81": 2}),
            json!({"upstream": {"type": "roundrobin", "nodes": {"b:81": 2}}}),
        ),
        ("/methods", json!(["GET"]), json!({"methods": ["GET"]})),
        (
            "?gateway_group_id=default",
            json!([{"op": "replace", "path": "/paths", "value": ["/b"]}]),
            json!({"uri": "/b"}),
        ),
    ] {
        let patched = fixture.call("PATCH", &format!("/routes/r{path}"), &patch).await;
        assert_eq!(patched.status, 200, "{}", patched.text());
        assert_has(&fixture.value("/routes/r").await, &expected);
    }
    for (path, patch, told) in [
        ("/uri/a", json!(1), "invalid sub-path: /uri/a"),
        ("", json!({"id": "other"}), "wrong route id"),
        ("", json!({"uris": ["/c"]}), "more than one of"),
        ("", json!([{"op": "none"}]), "invalid configuration: /0: this is no operation"),
    ] {
        let (status, text) = fixture.refused("PATCH", &format!("/routes/r{path}"), &patch).await;
        assert!(status == 400 && text.contains(told), "{text}");
    }
}

#[actix_web::test]
async fn deleting_what_is_used_is_refused_unless_forced() {
    let fixture = fixture().await;
    fixture.made("/upstreams/u", &json!({"nodes": {"a:80": 1}})).await;
    fixture.made("/services/s", &json!({"upstream_id": "u"})).await;
    fixture.made("/routes/1", &json!({"uri": "/a", "service_id": "s"})).await;
    fixture.made("/consumer_groups/g", &json!({"plugins": {}})).await;
    fixture.made("/consumers", &json!({"username": "jack", "group_id": "g"})).await;
    for (path, told) in [
        ("/services/s", "can not delete this service directly, route [1] is still using it now"),
        ("/upstreams/u", "can not delete this upstream, service [s] is still using it now"),
        (
            "/consumer_groups/g",
            "can not delete this consumer group, consumer [jack] is still using it now",
        ),
    ] {
        assert_eq!(fixture.refused("DELETE", path, &Value::Null).await, (400, told.to_owned()));
    }
    for path in ["/services/s", "/upstreams/u", "/consumer_groups/g"] {
        let forced = fixture.call("DELETE", &format!("{path}?force=true"), &Value::Null).await;
        assert_eq!(forced.status, 200, "{}", forced.text());
    }
}
