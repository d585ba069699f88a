use std::collections::BTreeSet;

use sanmon_shared::clock::Clock;
use sanmon_shared::secret::{HashedSecret, bearer};
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{ANSWER, post, provider, sent, streamed, upstream, whole};
use super::*;

const PATH: &str = "/v1/responses";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An answer of a provider that speaks Responses.
const NATIVE: &str = r#"{"id":"resp_up","object":"response","created_at":1,"status":"completed","model":"gpt-5","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}"#;

/// A provider that speaks Responses itself.
fn native(upstream: &Upstream) -> Value {
    provider(upstream, &json!({"connection": {"formats": ["responses"]}}))
}

fn chat(upstream: &Upstream) -> Value {
    provider(upstream, &json!({}))
}

/// A gateway for the keys `one` and `two`.
fn gateway(plugin: &str, provider: Value, more: &Value, clock: &Clock) -> Gateway {
    let mut config = json!({"refs": ["provider_1"]});
    llm::patch(&mut config, more);
    let key = |id: &str| {
        json!({"clientId": id, "clientSecret": HashedSecret::store(id, SECRET, None), "clientName": id,
            "authorizedEntities": ["route_r1"]})
    };
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "apikeys"}, {"plugin": plugin, "config": config}
    ]});
    let documents = vec![
        ("providers", provider),
        ("apikeys", key("one")),
        ("apikeys", key("two")),
        ("routes", route),
    ];
    Gateway::start(Setting { documents, clock: clock.clone(), ..Setting::default() })
}

fn translating(upstream: &Upstream) -> Gateway {
    gateway("openai-responses", chat(upstream), &json!({}), &Clock::system())
}

fn auth(key: &str) -> String {
    format!("authorization: Bearer {}\r\n", bearer(key, SECRET))
}

async fn ask(gateway: &Gateway, key: &str, body: &Value) -> Answer {
    Client::ask(gateway.address, &post(PATH, &auth(key), &body.to_string())).await
}

async fn call(gateway: &Gateway, key: &str, method: &str, path: &str) -> Answer {
    let path = format!("{PATH}/{path}");
    Client::ask(gateway.address, &request(method, &path, &auth(key))).await
}

async fn chat_upstream(tasks: &Tasks) -> Upstream {
    upstream(tasks, whole("200 OK", "application/json", "", ANSWER)).await
}

fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> =
        data.filter(|data| *data != "[DONE]").map(|it| serde_json::from_str(it).unwrap()).collect();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_provider_answers_responses_with_tools() {
    let tasks = Tasks::default();
    let answer = r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", answer)).await;
    let gateway = translating(&upstream);
    let body = json!({"model": "m", "instructions": "be brief", "input": "hi",
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]});
    let got = ask(&gateway, "one", &body).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let seen = sent(&upstream.saw().await);
    assert_eq!(seen["messages"][0]["content"], "be brief");
    assert_eq!(seen["tools"][0]["function"]["strict"], true);
    assert_eq!(seen["store"], Value::Null);
    let got = got.json();
    assert_eq!(got["output"][0]["type"], "function_call");
    assert_eq!(got["output"][0]["call_id"], "call_1");
    assert_eq!(got["instructions"], "be brief");
    assert_eq!(got["usage"]["total_tokens"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_by_the_id_of_its_last_answer() {
    let tasks = Tasks::default();
    let mut upstream = chat_upstream(&tasks).await;
    let gateway = translating(&upstream);
    let first = ask(&gateway, "one", &json!({"model": "m", "input": "who?"})).await.json();
    upstream.saw().await;
    let id = first["id"].as_str().unwrap();
    let next =
        json!({"model": "m", "input": "and?", "instructions": "now", "previous_response_id": id});
    let second = ask(&gateway, "one", &next).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let second = second.json();
    assert_eq!(second["previous_response_id"], id);
    let seen = sent(&upstream.saw().await);
    let said: Vec<(&str, &str)> = seen["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["role"].as_str().unwrap(), m["content"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [("system", "now"), ("user", "who?"), ("assistant", "hi"), ("user", "and?")]);
    // What is kept of the second goes back to the beginning.
    let id = second["id"].as_str().unwrap();
    let items = call(&gateway, "one", "GET", &format!("{id}/input_items?limit=2&order=asc")).await;
    let items = items.json();
    assert_eq!(
        (&items["has_more"], items["data"][1]["role"].as_str()),
        (&json!(true), Some("assistant"))
    );
    let after = items["last_id"].as_str().unwrap();
    let path = format!("{id}/input_items?order=asc&after={after}");
    let rest = call(&gateway, "one", "GET", &path).await.json();
    assert_eq!(rest["data"][0]["content"][0]["text"], "and?");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_kept_answers_are_sent_by_their_ids() {
    let tasks = Tasks::default();
    let mut upstream = chat_upstream(&tasks).await;
    let gateway = translating(&upstream);
    let first = ask(&gateway, "one", &json!({"model": "m", "input": "who?"})).await.json();
    upstream.saw().await;
    let next = json!({"model": "m", "input": [
        {"role": "user", "content": "who?"},
        {"type": "item_reference", "id": first["output"][0]["id"]},
        {"role": "user", "content": "and?"}]});
    let second = ask(&gateway, "one", &next).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let seen = sent(&upstream.saw().await);
    assert_eq!(
        (&seen["messages"][1]["role"], &seen["messages"][1]["content"]),
        (&json!("assistant"), &json!("hi"))
    );
    assert_eq!(seen["messages"].as_array().unwrap().len(), 3);
    // Nobody else's.
    let other = ask(&gateway, "two", &next).await;
    assert_eq!((other.status, &other.json()["error"]["param"]), (400, &json!("input")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_its_callers_own_to_read_and_to_delete() {
    let tasks = Tasks::default();
    let upstream = chat_upstream(&tasks).await;
    let gateway = translating(&upstream);
    let answer = ask(&gateway, "one", &json!({"model": "m", "input": "hi"})).await.json();
    let id = answer["id"].as_str().unwrap();
    assert_eq!(call(&gateway, "one", "GET", id).await.json(), answer);
    let foreign = json!({"model": "m", "input": "x", "previous_response_id": id});
    let refused = ask(&gateway, "two", &foreign).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["param"].as_str()),
        (404, Some("previous_response_id"))
    );
    for (method, path) in [
        ("GET", id.to_owned()),
        ("DELETE", id.to_owned()),
        ("POST", format!("{id}/cancel")),
        ("GET", format!("{id}/input_items")),
    ] {
        let got = call(&gateway, "two", method, &path).await;
        assert_eq!(got.status, 404, "{method} {path}");
        assert_eq!(got.json()["error"]["code"], "response_not_found");
    }
    let cancelled = call(&gateway, "one", "POST", &format!("{id}/cancel")).await;
    assert_eq!(
        (cancelled.status, cancelled.json()["error"]["type"].as_str()),
        (400, Some("invalid_request_error"))
    );
    let deleted = call(&gateway, "one", "DELETE", id).await;
    assert_eq!(deleted.json(), json!({"id": id, "object": "response", "deleted": true}));
    assert_eq!(call(&gateway, "one", "GET", id).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_forgotten_in_time_and_where_nobody_wants_them_kept() {
    let tasks = Tasks::default();
    let upstream = chat_upstream(&tasks).await;
    let clock = Clock::manual(1_700_000_000_000);
    let gateway = gateway("openai-responses", chat(&upstream), &json!({"store_ttl": 60}), &clock);
    let id = |answer: &Answer| answer.json()["id"].as_str().unwrap().to_owned();
    let kept = id(&ask(&gateway, "one", &json!({"input": "hi"})).await);
    let not = ask(&gateway, "one", &json!({"input": "hi", "store": false})).await;
    assert_eq!(not.json()["store"], false);
    assert_eq!(call(&gateway, "one", "GET", &id(&not)).await.status, 404);
    clock.advance(59_000);
    assert_eq!(call(&gateway, "one", "GET", &kept).await.status, 200);
    clock.advance(1_000);
    assert_eq!(call(&gateway, "one", "GET", &kept).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_keeps_nothing_says_so() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", NATIVE)).await;
    let clock = Clock::system();
    let gateway = gateway("openai-responses", native(&upstream), &json!({"store": "none"}), &clock);
    assert_eq!(ask(&gateway, "one", &json!({"model": "m", "input": "hi"})).await.status, 200);
    assert_eq!(sent(&upstream.saw().await)["store"], false);
    assert_eq!(call(&gateway, "one", "GET", "resp_up").await.status, 404);
    let next = json!({"input": "x", "previous_response_id": "resp_up"});
    assert_eq!(ask(&gateway, "one", &next).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_responses_gets_the_bytes_and_keeps_its_answers_for_their_caller() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", NATIVE)).await;
    let gateway = gateway("openai-responses", native(&upstream), &json!({}), &Clock::system());
    let body = r#"{ "model":"gpt-5", "input":"hi","tools":[{"type":"web_search"}], "unknown":1.0}"#;
    let got = Client::ask(gateway.address, &post(PATH, &auth("one"), body)).await;
    assert_eq!((got.status, &*got.body), (200, NATIVE));
    assert!(upstream.saw().await.ends_with(body));
    // The id is the caller's own.
    for (key, status) in [("two", 404), ("one", 200)] {
        let path = "resp_up/input_items?limit=3&api_key=mine";
        assert_eq!(call(&gateway, key, "GET", path).await.status, status);
        let next = json!({"model": "gpt-5", "input": "x", "previous_response_id": "resp_up"});
        assert_eq!(ask(&gateway, key, &next).await.status, status);
    }
    let seen = upstream.saw().await;
    assert!(seen.starts_with("GET /v1/responses/resp_up/input_items?limit=3 HTTP/1.1"), "{seen}");
    assert_eq!(sent(&upstream.saw().await)["previous_response_id"], "resp_up");
    assert_eq!(call(&gateway, "one", "POST", "resp_up/cancel").await.status, 200);
    assert!(upstream.saw().await.starts_with("POST /v1/responses/resp_up/cancel "));
    assert_eq!(call(&gateway, "one", "DELETE", "resp_up").await.status, 200);
    assert!(upstream.saw().await.starts_with("DELETE /v1/responses/resp_up "));
    assert_eq!(call(&gateway, "one", "GET", "resp_up").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_stream_becomes_events_in_order_and_is_kept() {
    let tasks = Tasks::default();
    let chunk = |delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let pieces = [
        chunk(r#"{"role":"assistant","reasoning_content":"hm"}"#, "null"),
        chunk(r#"{"content":"he"}"#, "null"),
        chunk(r#"{"content":"llo"}"#, "null"),
        chunk("{}", "\"stop\""),
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\ndata: [DONE]\n\n".to_owned(),
    ];
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let upstream = upstream(&tasks, streamed(&pieces)).await;
    for (plugin, reasoning) in [
        ("openai-responses", "response.reasoning_text.delta"),
        ("open-responses", "response.reasoning.delta"),
    ] {
        let gateway = gateway(plugin, chat(&upstream), &json!({}), &Clock::system());
        let got = ask(&gateway, "one", &json!({"model": "m", "input": "x", "stream": true})).await;
        assert!(got.complete && got.body.ends_with("data: [DONE]\n\n"), "{}", got.body);
        let events = events(&got.body);
        let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert!(types.contains(&reasoning), "{types:?}");
        assert_eq!(types.iter().filter(|it| **it == "response.output_text.delta").count(), 2);
        let last = &events.last().unwrap()["response"];
        assert_eq!(last["output"][1]["content"][0]["text"], "hello");
        assert_eq!(last["usage"]["total_tokens"], 5);
        let id = last["id"].as_str().unwrap();
        assert_eq!(&call(&gateway, "one", "GET", id).await.json(), last);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_cut_fail_in_words_of_responses() {
    let tasks = Tasks::default();
    let chunk = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"he\"}}]}\n\n";
    let event = concat!(
        "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_up\",\"model\":\"m\"}}\n\n",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"output_index\":0,\"content_index\":0,\"delta\":\"he\"}\n\n"
    );
    for (native_one, piece) in [(false, chunk), (true, event)] {
        let upstream = upstream(&tasks, streamed(&[piece])).await;
        let provider = if native_one { native(&upstream) } else { chat(&upstream) };
        let gateway = gateway("openai-responses", provider, &json!({}), &Clock::system());
        let got = ask(&gateway, "one", &json!({"model": "m", "input": "x", "stream": true})).await;
        let events = events(&got.body);
        let [.., error, failed] = &events[..] else { panic!("{}", got.body) };
        assert_eq!((&error["type"], &failed["type"]), (&json!("error"), &json!("response.failed")));
        assert_eq!(failed["response"]["status"], "failed");
        assert_eq!(failed["response"]["error"]["code"], "server_error");
        if native_one {
            // It was told before it failed, and is its caller's.
            assert_eq!(failed["response"]["id"], "resp_up");
            assert_eq!(call(&gateway, "two", "GET", "resp_up").await.status, 404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chat_provider_cannot_do_is_refused_by_name() {
    let tasks = Tasks::default();
    let upstream = chat_upstream(&tasks).await;
    let gateway = translating(&upstream);
    for (member, value, named) in [
        ("tools", json!([{"type": "web_search"}]), "web_search"),
        ("background", json!(true), "background"),
        ("conversation", json!("conv_1"), "conversation"),
        ("prompt", json!({"id": "pmpt_1"}), "prompt"),
    ] {
        let mut body = json!({"model": "m", "input": "hi"});
        body[member] = value;
        let got = ask(&gateway, "one", &body).await;
        assert_eq!(got.status, 400, "{}", got.body);
        let error = &got.json()["error"];
        assert!(error["message"].as_str().unwrap().contains(named), "{error}");
        assert_eq!(error["param"], member);
    }
    let missing = json!({"model": "m", "input": "hi", "previous_response_id": "resp_no"});
    assert_eq!(ask(&gateway, "one", &missing).await.status, 404);
    assert_eq!(call(&gateway, "one", "PUT", "resp_no").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_providers_keep_their_status_in_each_dialect() {
    let tasks = Tasks::default();
    let error = r#"{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#;
    let answer = whole("429 Too Many Requests", "application/json", "retry-after: 7\r\n", error);
    let upstream = upstream(&tasks, answer).await;
    for (plugin, kind) in
        [("openai-responses", "rate_limit_error"), ("open-responses", "too_many_requests")]
    {
        let gateway = gateway(plugin, chat(&upstream), &json!({}), &Clock::system());
        for stream in [false, true] {
            let body = json!({"model": "m", "input": "hi", "stream": stream});
            let got = ask(&gateway, "one", &body).await;
            assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
            assert_eq!(got.json()["error"]["type"], kind);
        }
    }
}

/// Every member that Open Responses wants of a response.
const RESOURCE: [&str; 31] = [
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "incomplete_details",
    "model",
    "previous_response_id",
    "instructions",
    "output",
    "error",
    "tools",
    "tool_choice",
    "truncation",
    "parallel_tool_calls",
    "text",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "reasoning",
    "usage",
    "max_output_tokens",
    "max_tool_calls",
    "store",
    "background",
    "service_tier",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_the_open_resource_is_there() {
    let tasks = Tasks::default();
    let upstream = chat_upstream(&tasks).await;
    let gateway = gateway("open-responses", chat(&upstream), &json!({}), &Clock::system());
    let body = json!({"model": "m", "stream": false, "max_output_tokens": 50,
        "input": [{"type": "message", "role": "user", "content": [
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]},
            {"role": "assistant", "content": "a cat"}, {"role": "user", "content": "sure?"}],
        "tools": [{"type": "function", "name": "f"}],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}});
    let got = ask(&gateway, "one", &body).await.json();
    let members: BTreeSet<&str> = got.as_object().unwrap().keys().map(String::as_str).collect();
    for member in RESOURCE {
        assert!(members.contains(member), "{member} of {got}");
    }
    assert_eq!((&got["status"], &got["max_output_tokens"]), (&json!("completed"), &json!(50)));
    let tool = json!({"type": "function", "name": "f", "description": null, "parameters": null, "strict": true});
    assert_eq!(got["tools"][0], tool);
    assert_eq!(got["text"]["format"]["strict"], false);
    let message = &got["output"][0];
    assert_eq!((&message["role"], &message["status"]), (&json!("assistant"), &json!("completed")));
    assert_eq!(
        message["content"][0],
        json!({"type": "output_text", "text": "hi", "annotations": [], "logprobs": []})
    );
}
