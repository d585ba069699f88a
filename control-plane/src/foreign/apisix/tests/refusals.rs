//! What cannot be taken is refused by name.

use super::*;

#[actix_web::test]
async fn what_a_route_cannot_say_is_named() {
    let fixture = fixture().await;
    fixture.made("/services/s", &json!({})).await;
    for (members, told) in [
        (json!({"uri": null}), "one of uri, uris and paths is required"),
        (json!({"uris": ["/a"]}), "more than one of uri, uris and paths"),
        (
            json!({"uri": null, "uris": []}),
            "property \"uris\" validation failed: expect array to have at least 1 items",
        ),
        (json!({"uri": null, "uris": ["/a", "/a"]}), "items 1 and 2 are equal"),
        (json!({"uri": "/a*b"}), "at the end only"),
        (json!({"uri": "a"}), "does not begin with"),
        (json!({"uri": 1}), "property \"uri\" validation failed: invalid type"),
        (json!({"name": ""}), "property \"name\" validation failed"),
        (json!({"desc": "d".repeat(257)}), "string too long, expected at most 256, got 257"),
        (
            json!({"methods": ["GET", "NOPE"]}),
            "property \"methods\" validation failed: failed to validate item 2: matches none of the enum values",
        ),
        (json!({"host": "a", "hosts": ["b"]}), "only one of host or hosts is allowed"),
        (json!({"host": "a b"}), "property \"host\" validation failed: failed to match pattern"),
        (json!({"labels": {"a": "b c"}}), "property \"labels.a\" validation failed"),
        (json!({"labels": {"sanmon.created_at": "x"}}), "the gateway's own"),
        (json!({"status": 2}), "property \"status\" validation failed"),
        (json!({"enable_websocket": true}), "WebSockets are not proxied"),
        (json!({"unknown": 1}), "additional properties forbidden, found unknown"),
        (
            json!({"remote_addr": "127.0.0.1", "remote_addrs": ["::1"]}),
            "only one of remote_addr or remote_addrs is allowed",
        ),
        (json!({"remote_addrs": []}), "property \"remote_addrs\" validation failed"),
        (json!({"filter_func": "function"}), "found filter_func: no Lua runs here"),
        (json!({"create_time": 1}), "the property is forbidden:  create_time"),
        (
            json!({"timeout": {"connect": 1, "send": 1, "read": 1}}),
            "it is that of the route's own upstream",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "type": "chash"}}),
            "property \"upstream.key\" validation failed: missing key",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "type": "chash", "key": "server_addr"}}),
            "there is no variable \"server_addr\"",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "type": "random"}}),
            "property \"upstream.type\" validation failed: there are roundrobin, chash",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "key": "uri"}}),
            "only the type chash has a key",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "pass_host": "rewrite"}}),
            "property \"upstream.upstream_host\"",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "upstream_host": "a"}}),
            "only pass_host rewrite has it",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "checks": {}}}),
            "checks: servers of plain proxying",
        ),
        (json!({"upstream": {"nodes": {"a:x": 1}}}), "is no host:port with a weight"),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "odd": 1}}),
            "property \"upstream\" validation failed: additional properties forbidden, found odd",
        ),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "timeout": {"connect": 0, "send": 1, "read": 1}}}),
            "timeout.connect",
        ),
        (json!({"vars": {}}), "property \"vars\" validation failed: invalid type"),
        (json!({"plugins": {"nope": {}}}), "unknown plugin [nope]"),
        (json!({"plugins": {"apikeys": {}}}), "unknown plugin [apikeys]"),
        (
            json!({"plugins": {"ai-proxy": {"provider": "openai"}}}),
            "failed to check the configuration of plugin ai-proxy err: ",
        ),
        (
            json!({"plugins": {"ai-proxy": {"provider": "x", "auth": {}}}}),
            "plugin ai-proxy err: property \"provider\" validation failed",
        ),
        (
            json!({"plugins": {"cors": {"allow_origins_by_metadata": []}}}),
            "plugin cors err: additional properties forbidden, found allow_origins_by_metadata",
        ),
        (
            json!({"plugins": {"cors": {"allow_credential": true}}}),
            "you can not set '*' for other option",
        ),
        (
            json!({"plugins": {"key-auth": {"_meta": {"filter": []}}}}),
            "found filter: there are disable and priority",
        ),
        (json!({"plugins": {"key-auth": {"header": "$env://X"}}}), "looked up in secrets only"),
        (
            json!({"plugins": {"ai-proxy": {"provider": "openai", "auth": {"header": {"a": "$secret://vault/1/a/b"}}}}}),
            "there is no secret-manager with the id \"vault.1\"",
        ),
        (
            json!({"plugins": {"ai-proxy": {"provider": "openai", "auth": {"header": {"a": "$secret://a/1/a/b"}}}}}),
            "there is no secret-manager with the id \"a\"",
        ),
    ] {
        let mut route = json!({"uri": "/a", "service_id": "s"});
        json_patch::merge(&mut route, &members);
        let (status, text) = fixture.refused("PUT", "/routes/r", &route).await;
        assert!(status == 400 && text.contains(told), "{members}: {text}");
    }
    let (_, text) = fixture.refused("PUT", "/routes/r", &json!({"uri": "/a"})).await;
    assert!(text.contains("one of plugins, upstream, upstream_id, service_id"), "{text}");
}

#[actix_web::test]
async fn what_a_service_cannot_say_is_named() {
    let fixture = fixture().await;
    for (service, told) in [
        (json!({"type": "stream"}), "only http is served"),
        (json!({"path_prefix": "a"}), "property \"path_prefix\" validation failed"),
        (json!({"path_prefix": "/a*"}), "property \"path_prefix\" validation failed"),
        (
            json!({"upstream_id": "none"}),
            "failed to fetch upstream info by upstream id [none], response code: 404",
        ),
        (json!({"script": ""}), "found script: no Lua runs here"),
        (json!({"hosts": ["a:80"]}), ""),
    ] {
        if told.is_empty() {
            // What only the data plane knows of hosts it says itself; the catalogue here says nothing.
            fixture.made("/services/s", &service).await;
            continue;
        }
        let (status, text) = fixture.refused("PUT", "/services/s", &service).await;
        assert!(status == 400 && text.contains(told), "{service}: {text}");
    }
}

#[actix_web::test]
async fn collections_that_are_not_here_say_what_is() {
    let fixture = fixture().await;
    for (path, told) in [
        ("/ssls/1", "--tls-cert"),
        ("/protos/1", "gRPC is not translated"),
        ("/stream_routes/1", "stream mode is disabled, can not add stream routes"),
        ("/plugin_metadata/cors", "no plugin of this gateway has metadata"),
    ] {
        let (status, text) = fixture.refused("PUT", path, &json!({})).await;
        assert!(status == 400 && text.contains(told), "{path}: {text}");
        let read = fixture.call("DELETE", path, &Value::Null).await;
        assert_eq!((read.status, read.json()), (404, json!({"message": "Key not found"})));
    }
    for path in ["/ssls", "/protos", "/stream_routes", "/plugin_metadata"] {
        let list = fixture.call("GET", path, &Value::Null).await;
        assert_eq!((list.status, list.json()), (200, json!({"total": 0, "list": []})), "{path}");
    }
    assert_eq!(fixture.call("GET", "/ssls/1", &Value::Null).await.status, 404);
}
