use serde_json::json;

use super::client::request;
use super::gateway::Setting;
use super::llm::{mock, post};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn one_slot_serves_every_path_whatever_the_prefix() {
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "openai-api", "config": {"refs": ["m"], "embedding_model_refs": ["e"]}}
    ]});
    let embeddings = json!({"id": "e", "name": "e", "provider": "mock"});
    let documents = vec![
        ("providers", mock("m", &json!({}))),
        ("embedding-models", embeddings),
        ("routes", route),
    ];
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let messages = json!([{"role": "user", "content": "hello"}]);
    for (path, body, object) in [
        ("/v1/chat/completions", json!({"messages": messages}), "/object"),
        ("/any/prefix/completions", json!({"prompt": "hello"}), "/choices/0/text"),
        ("/v1/responses", json!({"input": "hello"}), "/output/0/content/0/text"),
        (
            "/v1/messages",
            json!({"model": "m", "max_tokens": 9, "messages": messages}),
            "/content/0/text",
        ),
        ("/v1/messages/count_tokens", json!({"model": "m", "messages": messages}), "/input_tokens"),
        ("/v1/embeddings", json!({"input": "hello"}), "/data/0/embedding"),
    ] {
        let got = Client::ask(gateway.address, &post(path, "", &body.to_string())).await;
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        assert!(got.json().pointer(object).is_some(), "{path}: {}", got.body);
    }
    let got = Client::ask(gateway.address, &request("GET", "/v1/models", "")).await;
    assert_eq!(got.json()["data"][0]["id"], "mock");
    let got = Client::ask(gateway.address, &post("/v1/audio/speech", "", "{}")).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (404, &json!("no_backend")));
    let got = Client::ask(gateway.address, &post("/v1/messages", "", "{")).await;
    assert_eq!((got.status, &got.json()["type"]), (400, &json!("error")), "{}", got.body);
}
