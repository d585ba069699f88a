//! `ai-proxy` over HTTP: the configs of the guides, and what their clients rely on.

use serde_json::{Value, json};

use super::llm::{ANSWER, CHAT, patch, post, sent, streamed, upstream, whole};
use super::*;
use crate::plane::AccessLog;
use gateway::Setting;
use sanmon_shared::task::Tasks;

/// A gateway with one route for all paths, of this plugin.
pub(super) fn gateway(plugin: &str, config: &Value) -> Gateway {
    logging(plugin, config, AccessLog::Off)
}

fn logging(plugin: &str, config: &Value, log: AccessLog) -> Gateway {
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": plugin, "config": config}
    ]});
    Gateway::start(Setting { documents: vec![("routes", route)], log, ..Setting::default() })
}

/// `ai-proxy` in front of an upstream, whose address stands before `path`.
fn proxy(upstream: &Upstream, path: &str, more: &Value) -> Gateway {
    let mut config = json!({
        "provider": "openai-compatible",
        "auth": {"header": {"Authorization": "Bearer own-key"}},
        "override": {"endpoint": format!("http://{}{path}", upstream.address)}
    });
    patch(&mut config, more);
    gateway("ai-proxy", &config)
}

fn answer() -> String {
    whole("200 OK", "application/json", "", ANSWER)
}

/// The line of a request that was seen.
fn line(seen: &str) -> &str {
    seen.lines().next().unwrap()
}

const BODY: &str = r#"{ "messages": [{"role":"user","content":"hi"}],   "x_own" : [1, 2] }"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_configs_of_the_guide_answer() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    for (path, key, model) in [
        ("/custom-llm", "your-api-key", "your-model-name"),
        ("/vllm", "placeholder", "meta-llama/Llama-3.1-8B-Instruct"),
        ("/together-ai", "together-key", "meta-llama/Llama-3.1-70B-Instruct-Turbo"),
    ] {
        let config = json!({
            "provider": "openai-compatible",
            "auth": {"header": {"Authorization": format!("Bearer {key}")}},
            "options": {"model": model},
            "override": {"endpoint": format!("http://{}/v1/chat/completions", upstream.address)}
        });
        let gateway = gateway("ai-proxy", &config);
        let body = r#"{"messages": [{ "role": "user", "content": "Hello, how are you?" }]}"#;
        let answer = Client::ask(gateway.address, &post(path, "", body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ANSWER));
        let seen = upstream.saw().await;
        assert_eq!(line(&seen), "POST /v1/chat/completions HTTP/1.1");
        assert!(seen.contains(&format!("authorization: Bearer {key}\r\n")), "{seen}");
        assert_eq!(sent(&seen)["model"], model);
        assert_eq!(sent(&seen)["messages"][0]["content"], "Hello, how are you?");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nothing_changes_passes_as_it_is() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let gateway = proxy(&upstream, "", &json!({}));
    let headers = "authorization: Bearer callers\r\ncookie: a=callers\r\nx-api-key: callers\r\naccept-encoding: gzip\r\n";
    assert_eq!(Client::ask(gateway.address, &post("/any", headers, BODY)).await.status, 200);
    let seen = upstream.saw().await;
    assert_eq!(seen.split_once("\r\n\r\n").unwrap().1, BODY);
    assert_eq!(line(&seen), "POST /v1/chat/completions HTTP/1.1");
    assert!(seen.contains("authorization: Bearer own-key\r\n"), "{seen}");
    assert!(!seen.contains("callers") && !seen.contains("gzip"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_the_endpoint_is_taken_as_it_is() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let query = json!({"auth": {"query": {"key": "secret-parameter", "v": "ours"}}});
    for (path, expected) in [
        ("", "/v1/chat/completions?key=secret-parameter&v=ours"),
        ("?a=b&v=theirs", "/v1/chat/completions?a=b&v=theirs&key=secret-parameter"),
        ("/", "/?key=secret-parameter&v=ours"),
        ("/v1", "/v1?key=secret-parameter&v=ours"),
        (
            "/deep/v9/chat/completions?a=b",
            "/deep/v9/chat/completions?a=b&key=secret-parameter&v=ours",
        ),
    ] {
        let gateway = proxy(&upstream, path, &query);
        assert_eq!(Client::ask(gateway.address, &post("/x", "", BODY)).await.status, 200);
        assert_eq!(line(&upstream.saw().await), format!("POST {expected} HTTP/1.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_config_says_of_bodies_goes_over_them() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let own = r#"{"model":"theirs","messages":[{"role":"user","content":"hi"}],"max_tokens":5,"metadata":{"a":1},"temperature":2}"#;
    for (more, changed) in [
        (json!({}), json!({})),
        (json!({"options": {"model": "ours"}}), json!({"model": "ours"})),
        (
            json!({"options": {"temperature": 0, "metadata": {"b": 2}, "top_p": 0.5}}),
            json!({"temperature": 0, "metadata": {"b": 2}, "top_p": 0.5}),
        ),
        (json!({"override": {"llm_options": {"max_tokens": 9}}}), json!({"max_tokens": 9})),
        (
            json!({"override": {"request_body": {"openai-chat":
                {"max_tokens": 7, "metadata": {"a": 3, "b": 4}}, "openai-responses": {"x": 1}}}}),
            json!({"metadata": {"a": 1, "b": 4}}),
        ),
        (
            json!({"override": {"request_body": {"openai-chat": {"metadata": {"a": 3, "b": 4}}},
                "request_body_force_override": true}}),
            json!({"metadata": {"a": 3, "b": 4}}),
        ),
        (
            json!({"options": {"max_tokens": 1}, "override": {"llm_options": {"max_tokens": 2},
                "request_body": {"openai-chat": {"max_tokens": 3}},
                "request_body_force_override": true}}),
            json!({"max_tokens": 3}),
        ),
    ] {
        let gateway = proxy(&upstream, "/v1/chat/completions", &more);
        assert_eq!(Client::ask(gateway.address, &post("/x", "", own)).await.status, 200);
        let mut expected: Value = serde_json::from_str(own).unwrap();
        for (name, value) in changed.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(sent(&upstream.saw().await), expected, "{more}");
    }
    let newer = json!({"provider": "openai", "override": {"llm_options": {"max_tokens": 9}}});
    let gateway = proxy(&upstream, "", &newer);
    assert_eq!(Client::ask(gateway.address, &post("/x", "", own)).await.status, 200);
    let body = sent(&upstream.saw().await);
    assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(9), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_azure_body_names_no_model() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let path = "/openai/deployments/d/chat/completions?api-version=2024-10-21";
    let more = json!({"provider": "azure-openai", "auth": {"header": {"api-key": "own"}},
        "options": {"model": "gpt-4o"}});
    let gateway = proxy(&upstream, path, &more);
    assert_eq!(Client::ask(gateway.address, &post("/x", "", BODY)).await.status, 200);
    let seen = upstream.saw().await;
    assert_eq!(line(&seen), format!("POST {path} HTTP/1.1"));
    assert!(seen.contains("api-key: own\r\n") && sent(&seen).get("model").is_none(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused_in_the_words_of_apisix() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, answer()).await;
    let gateway = proxy(&upstream, "", &json!({"max_req_body_size": 20}));
    let plain =
        "POST / HTTP/1.1\r\nhost: h\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n{}";
    for (request, status, text) in [
        (
            plain.to_owned(),
            400,
            "unsupported content-type: text/plain, only application/json is supported",
        ),
        (post("/", "", ""), 400, "could not get body: request body is empty"),
        (post("/", "", "{}"), 400, "no matching AI protocol for the request"),
        (
            post("/", "", BODY),
            413,
            "could not get body: request size 68 is greater than the maximum size 20 allowed",
        ),
    ] {
        let answer = Client::ask(gateway.address, &request).await;
        let told = answer.json()["error"]["message"].as_str().map(str::to_owned);
        assert_eq!((answer.status, told.as_deref()), (status, Some(text)));
    }
    let broken = Client::ask(gateway.address, &post("/", "", "{\"a\"")).await;
    assert!(broken.body.contains("could not parse JSON request body: "), "{}", broken.body);
    let anthropic = Client::ask(gateway.address, &post("/v1/messages", "", "")).await;
    assert_eq!(anthropic.json()["type"], "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_provider_reach_the_caller() {
    let tasks = Tasks::default();
    let body = r#"{"error":{"message":"bad key","type":"invalid_request_error"}}"#;
    let upstream = upstream(&tasks, whole("401 Unauthorized", "application/json", "", body)).await;
    let gateway = proxy(&upstream, "", &json!({}));
    let answer = Client::ask(gateway.address, &post("/x", "", BODY)).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, body));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_pass_and_can_be_asked_for_by_the_config() {
    let tasks = Tasks::default();
    let chunk =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let mut upstream = upstream(&tasks, streamed(&[chunk, "data: [DONE]\n\n"])).await;
    let streams = r#"{"messages":[{"role":"user","content":"hi"}],"stream":true}"#;
    for (more, body) in [(json!({}), streams), (json!({"options": {"stream": true}}), BODY)] {
        let gateway = proxy(&upstream, "", &more);
        let answer = Client::ask(gateway.address, &post("/x", "", body)).await;
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert_eq!(answer.body, format!("{chunk}data: [DONE]\n\n"));
        let body = sent(&upstream.saw().await);
        assert_eq!(body["stream_options"], json!({"include_usage": true}));
        assert_eq!(body["stream"], json!(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_speak_what_they_like() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let gateway = proxy(&upstream, "/v1/chat/completions", &json!({"options": {"model": "ours"}}));
    let messages =
        r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = Client::ask(gateway.address, &post("/ai/v1/messages", "", messages)).await;
    assert_eq!((answer.status, &answer.json()["type"]), (200, &json!("message")));
    assert_eq!(answer.json()["content"][0]["text"], "hi");
    let responses = r#"{"model":"x","input":"hi"}"#;
    let answer = Client::ask(gateway.address, &post("/ai/v1/responses", "", responses)).await;
    assert_eq!((answer.status, &answer.json()["object"]), (200, &json!("response")));
    let converse = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":5}}"#;
    let answer = Client::ask(gateway.address, &post("/model/m/converse", "", converse)).await;
    let said = &answer.json()["output"]["message"]["content"][0]["text"];
    assert_eq!((answer.status, said), (200, &json!("hi")), "{}", answer.body);
    for _ in 0..3 {
        let seen = upstream.saw().await;
        assert_eq!(line(&seen), "POST /v1/chat/completions HTTP/1.1");
        let body = sent(&seen);
        assert_eq!(body["model"], "ours");
        assert_eq!(body["messages"].as_array().unwrap().last().unwrap()["role"], "user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_speaks_itself_is_not_translated() {
    let tasks = Tasks::default();
    let message = r#"{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", message)).await;
    let more = json!({"provider": "anthropic", "auth": {"header": {"x-api-key": "own"}}});
    let gateway = proxy(&upstream, "", &more);
    let body = r#"{"model":"c", "max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = Client::ask(gateway.address, &post("/v1/messages", "", body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, message));
    let seen = upstream.saw().await;
    assert_eq!(line(&seen), "POST /v1/messages HTTP/1.1");
    assert_eq!(seen.split_once("\r\n\r\n").unwrap().1, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_go_where_they_are_made() {
    let tasks = Tasks::default();
    let vectors = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1}}"#;
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", vectors)).await;
    let more = json!({"override": {"request_body": {"openai-embeddings": {"dimensions": 1}}},
        "options": {"model": "e"}});
    let body = r#"{"input":"hi"}"#;
    for (path, expected) in [("", "/v1/embeddings"), ("/own/embeddings", "/own/embeddings")] {
        let gateway = proxy(&upstream, path, &more);
        let answer = Client::ask(gateway.address, &post("/x", "", body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, vectors));
        let seen = upstream.saw().await;
        assert_eq!(line(&seen), format!("POST {expected} HTTP/1.1"));
        assert_eq!(sent(&seen), json!({"input": "hi", "model": "e", "dimensions": 1}));
    }
    let gateway = proxy(&upstream, CHAT, &more);
    assert_eq!(Client::ask(gateway.address, &post("/x", "", body)).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_provider_knows_passes() {
    let tasks = Tasks::default();
    let scores = r#"{"results":[]}"#;
    let mut upstream =
        upstream(&tasks, whole("200 OK", "application/vnd.own+json", "x-own: 1\r\n", scores)).await;
    let more = json!({"auth": {"query": {"key": "secret-parameter"}}, "options": {"model": "r"},
        "override": {"request_body": {"passthrough": {"top_n": 3}}}});
    let gateway = proxy(&upstream, "?v=1", &more);
    let headers = "authorization: Bearer callers\r\ncookie: a=callers\r\n";
    let body = r#"{"query":"q","documents":["d"]}"#;
    let path = "/v1/rerank?v=2&key=forged&z=1";
    let answer = Client::ask(gateway.address, &post(path, headers, body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, scores));
    assert_eq!(answer.header("content-type"), Some("application/vnd.own+json"));
    assert_eq!(answer.header("x-own"), None);
    let seen = upstream.saw().await;
    assert_eq!(line(&seen), "POST /v1/rerank?v=2&z=1&key=secret-parameter HTTP/1.1");
    assert!(!seen.contains("callers"), "{seen}");
    let expected = json!({"query": "q", "documents": ["d"], "model": "r", "top_n": 3});
    assert_eq!(sent(&seen), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_bounded_where_the_config_says_so() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, answer()).await;
    let gateway = proxy(&upstream, "", &json!({"max_response_bytes": 20}));
    let answer = Client::ask(gateway.address, &post("/x", "", BODY)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (502, &json!("upstream_invalid_response"))
    );
    let gateway = proxy(&upstream, "", &json!({"max_response_bytes": 20_000, "keepalive": false}));
    assert_eq!(Client::ask(gateway.address, &post("/x", "", BODY)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_answered_and_what_was_asked_where_that_is_wanted() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, answer()).await;
    let folder = tempfile::tempdir().unwrap();
    for payloads in [false, true] {
        let log = folder.path().join(format!("{payloads}.log"));
        let config = json!({
            "provider": "openai", "auth": {}, "options": {"model": "ours"},
            "override": {"endpoint": format!("http://{}", upstream.address)},
            "logging": {"summaries": true, "payloads": payloads}
        });
        let gateway = logging("ai-proxy", &config, AccessLog::File(log.clone()));
        assert_eq!(Client::ask(gateway.address, &post("/x", "", BODY)).await.status, 200);
        let lines = gateway.stop(&log).await;
        assert_eq!(lines[0]["provider"], "r1/ai-proxy/ai-proxy-openai");
        assert_eq!((&lines[0]["model"], &lines[0]["input_tokens"]), (&json!("ours"), &json!(3)));
        let asked = payloads.then_some(r#"[{"role":"user","content":"hi"}]"#);
        assert_eq!(lines[0]["asked"].as_str(), asked);
    }
}
