use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, mock, provider, upstream, whole};
use super::*;
use sanmon_shared::task::Tasks;

const LIST: &str = r#"{"object":"list","data":[{"id":"gpt-4o","object":"model","created":1686935002,"owned_by":"x"},{"id":"org/m","object":"model"},{"id":"hidden-1"}]}"#;

fn gateway(plugin: &str, providers: Vec<Value>) -> Gateway {
    let documents = llm::documents(plugin, "providers", providers);
    Gateway::start(Setting { documents, ..Setting::default() })
}

async fn get(gateway: &Gateway, path: &str) -> Answer {
    Client::ask(gateway.address, &request("GET", path, "")).await
}

fn ids(answer: &Answer, member: &str) -> Vec<String> {
    let list = answer.json();
    assert_eq!((answer.status, &list["object"]), (200, &json!("list")));
    let data = list["data"].as_array().unwrap();
    data.iter().map(|model| model[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_one_provider_have_their_own_names() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", LIST)).await;
    let only = json!({"models": {"exclude": ["hidden.*"]}});
    let gateway = gateway("openai-models", vec![provider(&upstream, &only)]);
    let answer = get(&gateway, "/v1/models").await;
    assert_eq!(ids(&answer, "id"), ["gpt-4o", "org/m"]);
    let expected = json!({"id": "gpt-4o", "object": "model", "created": 1_686_935_002, "owned_by": "my_openai"});
    assert_eq!(answer.json()["data"][0], expected);
    assert_eq!(get(&gateway, "/v1/models/gpt-4o").await.json(), expected);
    let missing = get(&gateway, "/v1/models/hidden-1").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["error"]["code"], "model_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_several_providers_say_whose_they_are() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", LIST)).await;
    let providers = vec![provider(&upstream, &json!({})), mock("mock", &json!({}))];
    let gateway = gateway("openai-models", providers.clone());
    let named = ["my_openai/gpt-4o", "my_openai###org/m", "my_openai/hidden-1", "mock/mock"];
    assert_eq!(ids(&get(&gateway, "/v1/models").await, "id"), named);
    let raw = ["gpt-4o", "org/m", "hidden-1", "mock"];
    assert_eq!(ids(&get(&gateway, "/v1/models?raw=true").await, "id"), raw);
    let gateway = self::gateway("openai-providers-with-models", providers);
    let answer = get(&gateway, "/v1/models").await;
    assert_eq!(
        answer.json()["data"][0],
        json!({"id": "my_openai/gpt-4o", "combined_id": "my_openai/gpt-4o", "simple_id": "gpt-4o",
            "provider_id": "my_openai", "owned_by": "My OpenAI",
            "owned_by_with_model": "My OpenAI / gpt-4o", "object": "model",
            "created": 1_686_935_002})
    );
    let one = get(&gateway, "/v1/models/my_openai%23%23%23org%2Fm").await;
    assert_eq!(one.json()["simple_id"], "org/m");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_once_and_its_failure_is_no_one_elses() {
    let tasks = Tasks::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let good = Upstream::start(&tasks, move |mut call, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { call.answer(LIST).await }
    })
    .await;
    let bad = upstream(&tasks, whole("500 No", "text/html", "", "<html>")).await;
    let other = json!({"id": "provider_2", "name": "bad"});
    let gateway =
        gateway("openai-models", vec![provider(&good, &json!({})), provider(&bad, &other)]);
    for _ in 0..3 {
        let answer = get(&gateway, "/v1/models").await;
        assert_eq!(ids(&answer, "id").len(), 3);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let post = Client::ask(gateway.address, &request("POST", "/v1/models", "")).await;
    assert_eq!(post.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_anthropic_get_their_own_shape_in_pages() {
    let tasks = Tasks::default();
    let list = r#"{"data":[{"id":"claude-a","display_name":"Claude A"},{"id":"b","created":1686935002},{"id":"c"}]}"#;
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", list)).await;
    let gateway = gateway("openai-models", vec![provider(&upstream, &json!({}))]);
    let get = |path: &'static str| {
        let asked = request("GET", path, "anthropic-version: 2023-06-01\r\n");
        let address = gateway.address;
        async move { Client::ask(address, &asked).await }
    };
    let all = get("/v1/models?limit=1000").await.json();
    assert_eq!(
        all["data"][0],
        json!({"type": "model", "id": "claude-a", "display_name": "Claude A",
            "created_at": "1970-01-01T00:00:00Z"})
    );
    assert_eq!(all["data"][1]["created_at"], "2023-06-16T17:03:22Z");
    assert_eq!(all["data"][1]["display_name"], "b");
    assert_eq!((&all["has_more"], &all["last_id"]), (&json!(false), &json!("c")));
    let first = get("/v1/models?limit=2").await.json();
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!("b")));
    let next = get("/v1/models?limit=2&after_id=b").await.json();
    assert_eq!((&next["has_more"], &next["first_id"]), (&json!(false), &json!("c")));
    let before = get("/v1/models?limit=1&before_id=c").await.json();
    assert_eq!((&before["has_more"], &before["first_id"]), (&json!(true), &json!("b")));
    assert_eq!(get("/v1/models/claude-a").await.json(), all["data"][0]);
    let missing = get("/v1/models/d").await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    let wrong = get("/v1/models?limit=0").await;
    let told = &wrong.json()["error"]["type"];
    assert_eq!((wrong.status, told), (400, &json!("invalid_request_error")));
    let asked = request("POST", "/v1/models", "anthropic-version: 2023-06-01\r\n");
    let wrong = Client::ask(gateway.address, &asked).await;
    assert_eq!((wrong.status, &wrong.json()["type"]), (405, &json!("error")));
}
