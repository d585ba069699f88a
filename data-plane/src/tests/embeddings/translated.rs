//! Providers whose embeddings are not in OpenAI's format.

use super::*;

const JSON: &str = "application/json";

/// A model of this kind at an upstream, below `path`.
fn of_kind(kind: &str, upstream: &Upstream, path: &str, more: &Value) -> Value {
    let mut document = json!({
        "id": "embedding-model_1", "name": "m", "provider": kind,
        "config": {"connection": {"base_url": format!("http://{}{path}", upstream.address)}}
    });
    patch(&mut document, more);
    document
}

fn floats(answer: &Answer) -> Value {
    let answer = answer.json();
    answer["data"].as_array().unwrap().iter().map(|item| item["embedding"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gemini_is_asked_for_a_batch() {
    let tasks = Tasks::default();
    let answer = json!({"embeddings": [{"values": [1, -2.5]}, {"values": [0.5]}]}).to_string();
    let mut upstream = upstream(&tasks, whole("200 OK", JSON, "", &answer)).await;
    let token = json!({"config": {"connection": {"token": "sk-1"}}});
    let gateway = gateway(vec![of_kind("gemini", &upstream, "/v1beta", &token)]);
    let body = json!({"input": ["abcd", "efgh"], "dimensions": 2, "encoding_format": "base64",
        "user": "u", "input_type": "query"});
    let got = ask(&gateway, &body).await;
    assert_eq!(got.header("x-sanmon-fidelity"), Some("dropped=user"));
    let got = got.json();
    assert_eq!(got["data"][0]["embedding"], "AACAPwAAIMA=");
    assert_eq!(got["data"][1], json!({"object": "embedding", "index": 1, "embedding": "AAAAPw=="}));
    assert_eq!(got["model"], "gemini-embedding-001");
    // Nobody counted: a token is about four bytes.
    assert_eq!(got["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
    let seen = upstream.saw().await;
    assert!(
        seen.starts_with("POST /v1beta/models/gemini-embedding-001:batchEmbedContents "),
        "{seen}"
    );
    assert!(seen.contains("x-goog-api-key: sk-1"));
    let one = |text: &str| {
        json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]},
            "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2})
    };
    assert_eq!(sent(&seen), json!({"requests": [one("abcd"), one("efgh")]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn cohere_and_ollama_are_asked_in_their_words() {
    let tasks = Tasks::default();
    let cohere = json!({"id": "x", "embeddings": {"float": [[1, 2]]},
        "meta": {"billed_units": {"input_tokens": 3}}});
    let mut upstream_of_cohere =
        upstream(&tasks, whole("200 OK", JSON, "", &cohere.to_string())).await;
    let options = json!({"config": {"options": {"input_type": "classification"}}});
    let cohere = gateway(vec![of_kind("cohere", &upstream_of_cohere, "", &options)]);
    let got = ask(&cohere, &json!({"input": "a"})).await;
    assert_eq!(got.header("x-sanmon-fidelity"), None);
    assert_eq!(floats(&got), json!([[1.0, 2.0]]));
    assert_eq!(got.json()["usage"]["prompt_tokens"], 3);
    let seen = upstream_of_cohere.saw().await;
    assert!(seen.starts_with("POST /v2/embed "));
    assert_eq!(
        sent(&seen),
        json!({"model": "embed-multilingual-v3.0", "texts": ["a"], "embedding_types": ["float"],
            "input_type": "classification"})
    );

    let ollama = json!({"model": "o", "embeddings": [[1], [2]], "prompt_eval_count": 8});
    let mut upstream_of_ollama =
        upstream(&tasks, whole("200 OK", JSON, "", &ollama.to_string())).await;
    let options = json!({"config": {
        "connection": {"additional_body_params": {"options": {"num_ctx": 9}}},
        "options": {"model": "o", "keep_alive": "5m", "dimensions": 4}}});
    let ollama = gateway(vec![of_kind("ollama", &upstream_of_ollama, "/v1", &options)]);
    let got = ask(&ollama, &json!({"input": ["a", "b"], "dimensions": 1})).await;
    assert_eq!(floats(&got), json!([[1.0], [2.0]]));
    let seen = upstream_of_ollama.saw().await;
    assert!(seen.starts_with("POST /api/embed "));
    assert_eq!(
        sent(&seen),
        json!({"model": "o", "input": ["a", "b"], "dimensions": 1, "keep_alive": "5m",
            "options": {"num_ctx": 9}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bedrock_is_called_for_each_text_and_the_answers_stay_in_order() {
    let tasks = Tasks::default();
    let mut upstream = Upstream::start(&tasks, |mut call, _| async move {
        let text = sent(&call.text)["inputText"].as_str().unwrap().to_owned();
        let body = json!({"embedding": [text.parse::<u32>().unwrap()]}).to_string();
        let tokens = "x-amzn-bedrock-input-token-count: 2\r\n";
        call.say(&whole("200 OK", JSON, tokens, &body)).await;
    })
    .await;
    let keys = json!({"config": {
        "connection": {"region": "eu-west-1", "access_key_id": "AK", "secret_access_key": "SK"},
        "options": {"model": "amazon.titan-embed-text-v2:0", "normalize": true}}});
    let gateway = gateway(vec![of_kind("bedrock", &upstream, "", &keys)]);
    let inputs: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let got = ask(&gateway, &json!({"input": inputs})).await;
    let expected: Vec<Value> = (0..20).map(|number| json!([f64::from(number)])).collect();
    assert_eq!(floats(&got), json!(expected));
    assert_eq!(got.json()["usage"]["total_tokens"], 40);
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /model/amazon.titan-embed-text-v2%3A0/invoke "), "{seen}");
    assert!(seen.contains("authorization: AWS4-HMAC-SHA256 "));
    assert_eq!(sent(&seen)["normalize"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_in_openais_envelope() {
    let tasks = Tasks::default();
    let short = json!({"embeddings": {"float": [[1]]}}).to_string();
    for (answer, status, message) in [
        (whole("429 Too Many", JSON, "", r#"{"message":"slow down"}"#), 429, "slow down"),
        (whole("401 No", JSON, "", r#"{"message":"bad key sk-canary-1"}"#), 401, "the status 401"),
        (whole("200 OK", JSON, "", &short), 502, "no embeddings"),
        (whole("200 OK", "text/html", "", "<html>"), 502, "no embeddings"),
    ] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let token = json!({"config": {"connection": {"token": "sk-canary-1"}}});
        let gateway = gateway(vec![of_kind("cohere", &upstream, "", &token)]);
        let got = ask(&gateway, &json!({"input": ["a", "b"]})).await;
        assert_eq!(got.status, status, "{answer}");
        let told = got.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(message) && !told.contains("canary"), "{told}");
    }
    let upstream = upstream(&tasks, String::new()).await;
    let gateway = gateway(vec![of_kind("cohere", &upstream, "", &json!({}))]);
    for (body, param) in [
        (json!({"input": [1, 2]}), "input"),
        (json!({"input": ""}), "input"),
        (json!({"input": vec!["a"; 2_049]}), "input"),
        (json!({"input": "a", "encoding_format": "int8"}), "encoding_format"),
    ] {
        let got = ask(&gateway, &body).await;
        assert_eq!(got.status, 400, "{}", got.body);
        assert_eq!(got.json()["error"]["param"], param, "{body}");
    }
}
