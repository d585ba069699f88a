use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, ANSWER, mock, post, provider, sent, upstream, whole};
use super::*;
use sanmon_shared::task::Tasks;

const COMPLETION: &str = r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":" there","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

fn gateway(providers: Vec<Value>) -> Gateway {
    let documents = llm::documents("openai-completions", "providers", providers);
    Gateway::start(Setting { documents, ..Setting::default() })
}

async fn ask(gateway: &Gateway, body: &Value) -> Answer {
    Client::ask(gateway.address, &post("/v1/completions", "", &body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_has_completions_gets_them_as_they_are() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", COMPLETION)).await;
    let gateway = gateway(vec![provider(&upstream, &json!({"provider": "openai"}))]);
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": [1, 2], "suffix": "!", "echo": true, "x": 1});
    let got = ask(&gateway, &body).await;
    assert_eq!((got.status, &*got.body), (200, COMPLETION));
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /v1/completions HTTP/1.1\r\n"), "{seen}");
    assert_eq!(sent(&seen), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_completes_a_prompt_where_there_is_nothing_else() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    // Mock is a provider of chats only; so are vendors like this one.
    let chats = json!({"id": "groq", "name": "groq", "provider": "perplexity",
        "connection": {"base_url": format!("http://{}", upstream.address)}});
    let gateway = gateway(vec![chats, mock("m", &json!({}))]);
    let got =
        ask(&gateway, &json!({"model": "x", "prompt": "say", "echo": true, "max_tokens": 5})).await;
    assert_eq!(got.status, 200, "{}", got.body);
    assert_eq!(got.json()["object"], "text_completion");
    assert_eq!(got.json()["choices"][0]["text"], "sayhi");
    let body = sent(&upstream.saw().await);
    assert_eq!(body["messages"], json!([{"role": "user", "content": "say"}]));

    let got = ask(&gateway, &json!({"model": "x", "prompt": ["a", "b"]})).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let choices = got.json()["choices"].clone();
    assert_eq!((&choices[0]["index"], &choices[1]["index"]), (&json!(0), &json!(1)));
    assert_eq!(got.json()["usage"]["total_tokens"], 8);
    for prompt in ["a", "b"] {
        assert_eq!(sent(&upstream.saw().await)["messages"][0]["content"], prompt);
    }

    for (more, param) in [(json!({"suffix": "!"}), "suffix"), (json!({"prompt": [1, 2]}), "prompt")]
    {
        let mut body = json!({"model": "x", "prompt": "say"});
        llm::patch(&mut body, &more);
        let got = ask(&gateway, &body).await;
        assert_eq!(
            (got.status, &got.json()["error"]["param"]),
            (400, &json!(param)),
            "{}",
            got.body
        );
    }

    let got = ask(&gateway, &json!({"model": "m/x", "prompt": "say", "stream": true})).await;
    assert!(got.complete && got.body.ends_with("data: [DONE]\n\n"), "{}", got.body);
    assert!(got.body.contains("\"text\":"), "{}", got.body);
}
