//! Secrets that a manager keeps, end to end: a small Vault that a test scripts, the admin API of APISIX,
//! and a provider that is called with whatever the Vault keeps at the time.

use std::sync::{Arc, Mutex};

use sanmon_tests::client::{Answer, Client, chat};
use sanmon_tests::sanmon::{ADMIN_KEY, Sanmon, Setup};
use sanmon_tests::upstream::{Reply, ScriptedUpstream};
use sanmon_tests::wait;
use serde_json::{Value, json};

const TOKEN: &str = "canary-vault-token-19c3";

/// A Vault with the engine of version 2, and what it keeps as `key` of `openai`; nothing when sealed.
async fn vault(kept: &Arc<Mutex<Option<&'static str>>>) -> ScriptedUpstream {
    let kept = Arc::clone(kept);
    ScriptedUpstream::start_with(move |request| {
        let kept = *kept.lock().unwrap();
        if request.header("x-vault-token") != TOKEN {
            return Reply::json_with(403, &[], &json!({"errors": ["permission denied"]}));
        }
        let at = "/v1/secret/data/llm/openai";
        match kept {
            Some(key) if request.path == at => {
                let data = json!({"data": {"key": key}, "metadata": {"version": 1}});
                Reply::json_with(200, &[], &json!({"data": data}))
            }
            Some(_) => Reply::json_with(404, &[], &json!({"errors": []})),
            None => Reply::json_with(503, &[], &json!({"errors": ["Vault is sealed"]})),
        }
    })
    .await
}

/// A call of APISIX's admin API, as curl makes it.
async fn call(sanmon: &Sanmon, method: &str, path: &str, body: &Value) -> Answer {
    let client = Client::new(&sanmon.admin_url());
    let request = client.request(method, &format!("/apisix/admin{path}"));
    let request = request.header("x-api-key", ADMIN_KEY).body(body.to_string());
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

fn manager(vault: &ScriptedUpstream, token: &str) -> Value {
    let uri = format!("http://127.0.0.1:{}", vault.port());
    json!({"uri": uri, "prefix": "secret/data/llm", "token": token})
}

fn route(model: &ScriptedUpstream, key: &str) -> Value {
    let endpoint = format!("http://127.0.0.1:{}/v1/chat/completions", model.port());
    let proxy = json!({
        "provider": "openai-compatible",
        "auth": {"header": {"Authorization": format!("Bearer $secret://vault/1/openai/{key}")}},
        "options": {"model": "m"},
        "override": {"endpoint": endpoint},
    });
    json!({"uri": "/chat", "plugins": {"ai-proxy": proxy}})
}

/// Asks until the provider was called with this key.
async fn carries(sanmon: &Sanmon, model: &ScriptedUpstream, key: &str) {
    wait::until_true("the provider is called with the key", wait::SOON, async || {
        let answer = sanmon.client().post("/chat", &chat("m", "hello")).await;
        answer.status == 200 && model.last().header("authorization") == format!("Bearer {key}")
    })
    .await;
}

/// What the data plane refuses, once that is so.
async fn refusal(sanmon: &Sanmon, reason: &str) {
    wait::until_true("the data plane reports why", wait::SOON, async || {
        sanmon.admin().get("/data-planes").await.text().contains(reason)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_follows_the_secret_that_its_manager_keeps() {
    let kept = Arc::new(Mutex::new(Some("canary-key-1")));
    let vault = vault(&kept).await;
    let model = ScriptedUpstream::start().await;
    let mut sanmon = Setup::serve().start().await;
    let refused = call(&sanmon, "PUT", "/routes/1", &route(&model, "key")).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("there is no secret-manager"), "{}", refused.text());
    call(&sanmon, "PUT", "/secrets/vault/1", &manager(&vault, TOKEN)).await.expect(201);
    // In our own API it has a member more: how often it is asked again.
    let own = json!({"refresh_seconds": 1});
    sanmon.admin().merge("/secret-managers/vault.1", &own).await.expect(200);
    call(&sanmon, "PUT", "/routes/1", &route(&model, "key")).await.expect(201);
    carries(&sanmon, &model, "canary-key-1").await;

    *kept.lock().unwrap() = Some("canary-key-2");
    carries(&sanmon, &model, "canary-key-2").await;

    // Away, it is an alarm, and what it said last is used on.
    *kept.lock().unwrap() = None;
    refusal(&sanmon, "used as it was: $secret://vault/1/openai/key: the manager answered 503")
        .await;
    carries(&sanmon, &model, "canary-key-2").await;

    // After a start there is nothing to be used until it is back.
    sanmon.restart().await;
    refusal(&sanmon, "$secret://vault/1/openai/key cannot be had").await;
    assert_eq!(sanmon.client().post("/chat", &chat("m", "hello")).await.status, 404);
    *kept.lock().unwrap() = Some("canary-key-3");
    carries(&sanmon, &model, "canary-key-3").await;

    let reads = ["/secrets", "/secrets/vault/1", "/routes/1"];
    for path in reads {
        let text = call(&sanmon, "GET", path, &Value::Null).await.text();
        assert!(!text.contains("canary"), "{path}: {text}");
    }
    for path in ["/secret-managers", "/export", "/data-planes", "/revisions"] {
        let text = sanmon.admin().get(path).await.text();
        assert!(!text.contains("canary"), "{path}: {text}");
    }
    assert!(!sanmon.metrics().await.contains("canary"));
    let output = sanmon.output();
    assert!(!output.contains("canary"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_reported_and_repaired() {
    let kept = Arc::new(Mutex::new(Some("canary-key-1")));
    let vault = vault(&kept).await;
    let model = ScriptedUpstream::start().await;
    let sanmon = Setup::serve().start().await;
    call(&sanmon, "PUT", "/secrets/vault/1", &manager(&vault, "canary-wrong")).await.expect(201);
    call(&sanmon, "PUT", "/routes/1", &route(&model, "key")).await.expect(201);
    refusal(&sanmon, "the manager answered 403 Forbidden").await;
    call(&sanmon, "PUT", "/secrets/vault/1", &manager(&vault, TOKEN)).await.expect(200);
    carries(&sanmon, &model, "canary-key-1").await;
    // Another member, which there is not: the last good form of the route goes on.
    call(&sanmon, "PUT", "/routes/1", &route(&model, "none")).await.expect(200);
    refusal(&sanmon, "no JSON object with a member").await;
    carries(&sanmon, &model, "canary-key-1").await;
    let kept = call(&sanmon, "DELETE", "/secrets/vault/1", &Value::Null).await;
    assert_eq!(kept.status, 400);
    assert!(kept.text().contains("route [1] is still using it now"), "{}", kept.text());
}
