mod translated;

use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, patch, post, sent, upstream, whole};
use super::*;
use sanmon_shared::task::Tasks;

const EMBEDDINGS: &str = "/v1/embeddings";
const FLOATS: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-2.5]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#;
const BASE64: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAIMA="}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#;

fn gateway(models: Vec<Value>) -> Gateway {
    let documents = llm::documents("openai-embeddings", "embedding-models", models);
    Gateway::start(Setting { documents, ..Setting::default() })
}

fn model(upstream: &Upstream, more: &Value) -> Value {
    let mut document = json!({
        "id": "embedding-model_1", "name": "My OpenAI Embeddings", "provider": "openai-compatible",
        "config": {
            "connection": {"base_url": format!("http://{}/v1", upstream.address)},
            "options": {"model": "default-model"}
        }
    });
    patch(&mut document, more);
    document
}

async fn ask(gateway: &Gateway, body: &Value) -> Answer {
    Client::ask(gateway.address, &post(EMBEDDINGS, "", &body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_the_guide_are_answered() {
    let mock = json!({"id": "embedding-model-entity-id", "name": "openai", "provider": "mock"});
    let gateway = gateway(vec![mock]);
    let one =
        ask(&gateway, &json!({"input": "Hello world", "model": "text-embedding-3-small"})).await;
    assert_eq!(one.status, 200);
    let one = one.json();
    assert_eq!((&one["object"], &one["model"]), (&json!("list"), &json!("text-embedding-3-small")));
    assert!(one["usage"]["total_tokens"].as_u64().unwrap() > 0);
    let floats = one["data"][0]["embedding"].as_array().unwrap();
    let batch = json!({"input": ["Hello world", "How are you?", "Goodbye"], "model": "m"});
    let batch = ask(&gateway, &batch).await.json();
    assert_eq!(batch["data"].as_array().unwrap().len(), 3);
    assert_eq!(batch["data"][0]["embedding"], one["data"][0]["embedding"]);
    let base64 = json!({"input": "Hello world", "model": "m", "encoding_format": "base64"});
    let base64 = ask(&gateway, &base64).await.json();
    let text = base64["data"][0]["embedding"].as_str().unwrap();
    assert_eq!(text.len(), (floats.len() * 4).div_ceil(3) * 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_model_in_the_ways_that_the_guide_shows() {
    let tasks = Tasks::default();
    let answer = whole("200 OK", "application/json", "", FLOATS);
    let mut first = upstream(&tasks, answer.clone()).await;
    let mut second = upstream(&tasks, answer).await;
    let other = json!({"id": "embedding-model-id", "name": "providerName", "config": {"options": {"model": "other"}}});
    let gateway = gateway(vec![model(&first, &json!({})), model(&second, &other)]);
    for (asked, is_second, expected) in [
        (json!("my-openai-embeddings/text-embedding-3-small"), false, "text-embedding-3-small"),
        (json!("embedding-model-id###text-embedding-3-small"), true, "text-embedding-3-small"),
        (json!("providerName/modelName"), true, "modelName"),
        (json!("text-embedding-3-small"), false, "text-embedding-3-small"),
        (Value::Null, false, "default-model"),
    ] {
        let body = json!({"input": [[1, 2], [3]], "model": asked, "user": "u", "dimensions": 2});
        assert_eq!(ask(&gateway, &body).await.status, 200);
        let seen = if is_second { second.saw().await } else { first.saw().await };
        assert!(seen.starts_with("POST /v1/embeddings "));
        let expected =
            json!({"input": [[1, 2], [3]], "model": expected, "user": "u", "dimensions": 2});
        assert_eq!(sent(&seen), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_written_as_the_caller_wants_them() {
    let tasks = Tasks::default();
    let float = json!({"input": "a"});
    let base64 = json!({"input": "a", "encoding_format": "base64"});
    for (upstream_says, body, expected) in [
        (FLOATS, &float, FLOATS),
        (FLOATS, &base64, BASE64),
        (BASE64, &base64, BASE64),
        (BASE64, &float, FLOATS),
    ] {
        let mut upstream =
            upstream(&tasks, whole("200 OK", "application/json", "", upstream_says)).await;
        let gateway = gateway(vec![model(&upstream, &json!({}))]);
        let got = ask(&gateway, body).await;
        assert_eq!(got.json(), serde_json::from_str::<Value>(expected).unwrap());
        assert_eq!(sent(&upstream.saw().await).get("encoding_format"), body.get("encoding_format"));
    }
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", FLOATS)).await;
    let gateway = gateway(vec![model(&upstream, &json!({"provider": "ollama-openai"}))]);
    assert_eq!(ask(&gateway, &base64).await.body, BASE64);
    assert_eq!(sent(&upstream.saw().await), json!({"input": "a", "model": "default-model"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_comes_through_in_pieces() {
    let tasks = Tasks::default();
    let numbers = vec!["-0.0093272917"; 20_000].join(",");
    let body = format!(
        r#"{{"object":"list","data":[{{"embedding":[{numbers}]}}],"usage":{{"prompt_tokens":1,"total_tokens":1}}}}"#
    );
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", &body)).await;
    let gateway = gateway(vec![model(&upstream, &json!({}))]);
    let got = ask(&gateway, &json!({"input": "a"})).await;
    assert!(got.complete && got.body == body);
    assert_eq!(got.header("content-length"), Some(body.len().to_string().as_str()));
    let base64 = ask(&gateway, &json!({"input": "a", "encoding_format": "base64"})).await.json();
    assert_eq!(
        base64["data"][0]["embedding"].as_str().unwrap().len(),
        (80_000_usize).div_ceil(3) * 4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_an_error() {
    let tasks = Tasks::default();
    for (answer, status) in [
        (
            whole(
                "429 Too Many",
                "application/json",
                "retry-after: 7\r\n",
                r#"{"error":{"message":"x"}}"#,
            ),
            429,
        ),
        (whole("200 OK", "application/json", "", r#"{"error":{"message":"x","code":400}}"#), 400),
        (whole("200 OK", "application/json", "", r#"{"error":{"message":"x"}}"#), 502),
        (whole("200 OK", "text/html", "", "<html>"), 502),
        (whole("200 OK", "application/json", "", r#"{"data":null}"#), 502),
        (whole("200 OK", "application/json", "", r#"{"data":[1"#), 502),
    ] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let gateway = gateway(vec![model(&upstream, &json!({}))]);
        let got = ask(&gateway, &json!({"input": "a"})).await;
        assert_eq!(got.status, status, "{answer}");
        assert!(got.json()["error"]["message"].is_string(), "{answer}");
    }
    let gateway = gateway(vec![json!({"id": "m", "provider": "mock"})]);
    for body in [json!({}), json!({"input": null}), json!({"input": {}}), json!({"input": true})] {
        assert_eq!(ask(&gateway, &body).await.status, 400, "{body}");
    }
}
