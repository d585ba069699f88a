use super::*;

/// The error of an answer in its dialect: its kind, and its code where the dialect has one.
fn told(path: &str, answer: &Answer) -> (String, String) {
    let body = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    assert!(body["error"]["message"].is_string(), "{path}: {body}");
    if path == "/v1/messages" {
        assert_eq!(body["type"], "error", "{path}: {body}");
    } else {
        for member in ["param", "code", "type"] {
            assert!(body["error"].get(member).is_some(), "{path}: {body}");
        }
    }
    (text(&body["error"]["type"]), text(&body["error"]["code"]))
}

/// Path, plugin, body.
fn fronts() -> [(&'static str, &'static str, Value); 4] {
    let messages = json!([{"role": "user", "content": "hello"}]);
    [
        (CHAT, "openai-chat-completions", json!({"messages": messages})),
        (
            "/v1/messages",
            "anthropic-messages",
            json!({"model": "m", "max_tokens": 9, "messages": messages}),
        ),
        ("/v1/responses", "openai-responses", json!({"model": "m", "input": "hello"})),
        ("/v1/completions", "openai-completions", json!({"model": "m", "prompt": "hello"})),
    ]
}

/// What targets do, the status that callers are told, its code in OpenAI's dialects where it is the
/// gateway's, and its type in Anthropic's.
fn faults() -> Vec<(Mood, u16, &'static str, &'static str)> {
    let html = whole("200 OK", "text/html", "", "<html>");
    vec![
        (Mood::Fails("503 Busy", ""), 503, "", "overloaded_error"),
        (Mood::Fails("500 Oh", ""), 500, "", "api_error"),
        (Mood::Fails("429 Slow", "retry-after: 7\r\n"), 429, "", "rate_limit_error"),
        (Mood::Says(html), 502, "upstream_invalid_response", "api_error"),
        (Mood::Says(String::new()), 502, "upstream_unavailable", "api_error"),
        (Mood::Silent, 504, "upstream_timeout", "timeout_error"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_down_callers_are_told_in_their_dialect() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let soon = json!({"connection": {"timeout": 40}});
    let providers = [at("a", &first, &soon), at("b", &second, &soon)];
    for (mood, status, code, kind) in faults() {
        first.is(mood.clone());
        second.is(mood.clone());
        for (path, plugin, body) in fronts() {
            for streams in [false, true] {
                let what = format!("{path} {streams} {mood:?}");
                let gateway = gateway(pool(plugin, &providers, &json!({})));
                let mut body = body.clone();
                body["stream"] = json!(streams);
                let request = post(path, "", &body.to_string());
                let answer = Client::ask(gateway.address, &request).await;
                // Anthropic has a status of its own for it.
                let busy = status == 503 && path == "/v1/messages";
                let expected = if busy { 529 } else { status };
                assert_eq!(answer.status, expected, "{what}: {}", answer.body);
                assert_eq!(answer.header("x-sanmon-attempts"), Some("2"), "{what}");
                let wait = (status == 429).then_some("7");
                assert_eq!(answer.header("retry-after"), wait, "{what}");
                let (told_kind, told_code) = told(path, &answer);
                if path == "/v1/messages" {
                    assert_eq!(told_kind, kind, "{what}: {}", answer.body);
                } else if !code.is_empty() {
                    assert_eq!(told_code, code, "{what}: {}", answer.body);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_whose_model_is_down_are_told_so() {
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    for (mood, status, code, _) in faults() {
        target.is(mood.clone());
        let base = format!("http://{}/v1", target.upstream.address);
        let model = json!({"id": "e", "name": "e", "provider": "openai-compatible", "config": {
            "connection": {"base_url": base, "token": "sk-one,sk-two", "timeout": 40},
            "options": {"model": "m"}}});
        let documents = llm::documents("openai-embeddings", "embedding-models", vec![model]);
        let gateway = gateway(documents);
        let request = post("/v1/embeddings", "", r#"{"input":"hello"}"#);
        let answer = Client::ask(gateway.address, &request).await;
        assert_eq!(answer.status, status, "{mood:?}: {}", answer.body);
        let (_, told_code) = told("/v1/embeddings", &answer);
        assert!(code.is_empty() || told_code == code, "{mood:?}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_without_address_or_listener_are_told_alike_in_every_dialect() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for base in [format!("http://{closed}/v1"), "http://nobody.invalid/v1".to_owned()] {
        let providers = ["a", "b"].map(|id| {
            json!({"id": id, "name": id, "provider": "openai-compatible",
                "connection": {"base_url": base}, "options": {"model": "m"}})
        });
        for (path, plugin, body) in fronts() {
            let gateway = gateway(pool(plugin, &providers, &json!({})));
            let answer = Client::ask(gateway.address, &post(path, "", &body.to_string())).await;
            assert_eq!(answer.status, 502, "{path} {base}: {}", answer.body);
            let (kind, code) = told(path, &answer);
            if path == "/v1/messages" {
                assert_eq!(kind, "api_error");
            } else {
                assert_eq!(code, "upstream_unavailable", "{path} {base}: {}", answer.body);
            }
            assert!(!answer.body.contains("nobody.invalid"), "addresses stay inside");
        }
    }
}
