use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, ANSWER, CHAT, mock, post, provider, sent, streamed, upstream, whole};
use super::*;
use crate::limits::Limits;
use crate::plane::AccessLog;
use sanmon_shared::secret::{HashedSecret, bearer};
use sanmon_shared::task::Tasks;

/// A route that answers chats from these providers, the first being the default.
fn gateway(providers: Vec<Value>) -> Gateway {
    gateway_with(providers, Limits::default())
}

fn gateway_with(providers: Vec<Value>, limits: Limits) -> Gateway {
    let documents = llm::documents("openai-chat-completions", "providers", providers);
    Gateway::start(Setting { documents, limits, ..Setting::default() })
}

async fn ask(gateway: &Gateway, body: &str) -> Answer {
    Client::ask(gateway.address, &post(CHAT, "", body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_to_the_provider_as_it_is_and_its_answer_back() {
    let tasks = Tasks::default();
    let answer = whole(
        "200 OK",
        "application/json",
        "x-request-id: up-1\r\nx-ratelimit-remaining-requests: 1\r\nset-cookie: a=b\r\n",
        ANSWER,
    );
    let mut upstream = upstream(&tasks, answer).await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    let body = "{ \"model\":\"gpt-4o\",\n\"messages\" : [{\"role\":\"user\",\"content\":\"h\\u00e9\"}], \"unknown\":{\"x\":1.0}}";
    let headers = "authorization: Bearer mine\r\nx-api-key: mine\r\ncookie: a=b\r\nopenai-beta: x=1\r\nopenai-organization: org\r\n";
    let got = Client::ask(gateway.address, &post(CHAT, headers, body)).await;
    assert_eq!((got.status, &*got.body), (200, ANSWER));
    assert_eq!(got.header("x-upstream-request-id"), Some("up-1"));
    for hidden in ["x-ratelimit-remaining-requests", "set-cookie"] {
        assert_eq!(got.header(hidden), None);
    }
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(body), "{seen}");
    let seen = seen.to_ascii_lowercase();
    for there in ["accept-encoding: identity", "openai-beta: x=1", "content-type: application/json"]
    {
        assert!(seen.contains(there), "{seen}");
    }
    for hidden in ["mine", "cookie", "organization"] {
        assert!(!seen.contains(hidden), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_provider_in_the_ways_that_the_guides_show() {
    let tasks = Tasks::default();
    let answer = whole("200 OK", "application/json", "", ANSWER);
    let mut first = upstream(&tasks, answer.clone()).await;
    let mut second = upstream(&tasks, answer).await;
    let other =
        json!({"id": "provider_2", "name": "Mistral/FR", "options": {"model": "other-model"}});
    let gateway = gateway(vec![provider(&first, &json!({})), provider(&second, &other)]);
    for (request, is_second, model) in [
        (json!({"model": "gpt-4o"}), false, "gpt-4o"),
        (json!({"model": "unknown/gpt-4o"}), false, "unknown/gpt-4o"),
        (json!({"model": "my_openai/gpt-4o"}), false, "gpt-4o"),
        (json!({"model": "My-OpenAI/gpt-4o"}), false, "gpt-4o"),
        (json!({"model": "mistral-fr/a/b"}), true, "a/b"),
        (json!({"model": "provider_2/x"}), true, "x"),
        (json!({"model": "provider_2###x"}), true, "x"),
        (json!({"model": "provider_2###_default"}), true, "other-model"),
        (json!({"model": "provider_2/"}), true, "other-model"),
        (json!({}), false, "default-model"),
        (json!({"model": null}), false, "default-model"),
        (json!({"provider": "provider_2"}), true, "other-model"),
        (json!({"provider": "provider_2", "model": "y"}), true, "y"),
        (json!({"provider": "nobody", "model": "y"}), false, "y"),
        (json!({"provider": "provider_1", "model": "provider_2/y"}), true, "y"),
    ] {
        let mut body = request.clone();
        body["messages"] = json!([]);
        assert_eq!(ask(&gateway, &body.to_string()).await.status, 200, "{request}");
        let sent = sent(&if is_second { second.saw().await } else { first.saw().await });
        assert_eq!(sent["model"], model, "{request}");
        assert_eq!(sent.get("provider"), None, "{request}");
        assert_eq!(sent["messages"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_mappings_and_additions_change_the_body() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let more = json!({
        "options": {"temperature": 0.5, "max_tokens": 9, "response_format": {"type": "text", "a": {"b": 1}}},
        "connection": {
            "param_mappings": {"seed": "random_seed"},
            "additional_body_params": {"tier": "low", "user": "gateway"}
        }
    });
    // A member under its other name is the same member.
    let mut mapped = more.clone();
    mapped["id"] = json!("mapped");
    mapped["name"] = json!("mapped");
    mapped["options"]["random_seed"] = json!(1);
    mapped["connection"]["param_mappings"]["who"] = json!("user");
    let mut strict = more.clone();
    strict["id"] = json!("strict");
    strict["name"] = json!("strict");
    strict["options"]["allow_config_override"] = json!(false);
    let gateway = gateway(vec![
        provider(&upstream, &more),
        provider(&upstream, &strict),
        provider(&upstream, &mapped),
    ]);
    let body = json!({"model": "m", "messages": [], "seed": 7, "user": "me", "temperature": 1,
        "max_completion_tokens": 5, "response_format": {"type": "json_object", "a": {"c": 2}}});
    assert_eq!(ask(&gateway, &body.to_string()).await.status, 200);
    assert_eq!(
        sent(&upstream.saw().await),
        json!({"model": "m", "messages": [], "random_seed": 7, "user": "gateway", "temperature": 1,
            "max_completion_tokens": 5, "tier": "low",
            "response_format": {"type": "json_object", "a": {"c": 2, "b": 1}}})
    );
    let both = r#"{"model":"mapped/m","messages":[],"seed":7,"who":"me"}"#;
    assert_eq!(ask(&gateway, both).await.status, 200);
    let seen = upstream.saw().await;
    assert_eq!((seen.matches("random_seed").count(), seen.matches("\"user\"").count()), (1, 1));
    assert_eq!(sent(&seen)["random_seed"], 7);
    assert_eq!(sent(&seen)["user"], "gateway");
    let mut body = body;
    body["provider"] = json!("strict");
    assert_eq!(ask(&gateway, &body.to_string()).await.status, 200);
    assert_eq!(
        sent(&upstream.saw().await),
        json!({"model": "default-model", "messages": [], "random_seed": 7, "user": "gateway",
            "temperature": 0.5, "max_tokens": 9, "tier": "low",
            "response_format": {"type": "text", "a": {"c": 2, "b": 1}}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_mean_two_things_are_refused() {
    let gateway = gateway(vec![mock("m", &json!({}))]);
    for (body, code) in [
        ("", "bad_request"),
        ("[]", "bad_request"),
        ("{\"model\":\"a\"", "bad_request"),
        ("{\"model\":1}", "bad_request"),
        ("{\"model\":\"a\",\"model\":\"b\"}", "duplicate_member"),
        ("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", "duplicate_member"),
        ("{\"model\":\"a\",\"Model\":\"b\"}", "duplicate_member"),
        ("{\"stream\":true,\"stream\":false}", "duplicate_member"),
        ("{\"stream\":\"yes\"}", "bad_request"),
    ] {
        let answer = ask(&gateway, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
    }
    let deep = format!("{{\"messages\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(ask(&gateway, &deep).await.json()["error"]["code"], "json_too_deep");
    let answer = Client::ask(gateway.address, &request("GET", CHAT, "")).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_provider_stay_what_they_are() {
    let tasks = Tasks::default();
    let limit = r#"{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#;
    for (answer, status, code) in [
        (
            whole("429 Too Many", "application/json", "retry-after: 7\r\n", limit),
            429,
            "rate_limit_exceeded",
        ),
        (whole("503 No", "text/html", "", "<html>"), 503, "server_is_overloaded"),
        (whole("200 OK", "application/json", "", limit), 429, "rate_limit_exceeded"),
        (whole("200 OK", "text/html", "", "<html>"), 502, "upstream_invalid_response"),
        (whole("200 OK", "application/json", "", "{}"), 502, "upstream_invalid_response"),
        (
            whole("200 OK", "application/json", "content-encoding: gzip\r\n", "x"),
            502,
            "upstream_invalid_response",
        ),
        (
            whole("302 Found", "text/html", "location: http://127.0.0.1:1/\r\n", ""),
            502,
            "upstream_invalid_response",
        ),
        ("SSH-2.0\r\n\r\n".to_owned(), 502, "upstream_invalid_response"),
        (String::new(), 502, "upstream_unavailable"),
    ] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let gateway = gateway(vec![provider(&upstream, &json!({}))]);
        for body in [r#"{"messages":[]}"#, r#"{"messages":[],"stream":true}"#] {
            let got = ask(&gateway, body).await;
            assert_eq!(got.status, status, "{answer}");
            assert_eq!(got.json()["error"]["code"], code, "{answer}");
            let again = answer.contains("retry-after").then_some("7");
            assert_eq!(got.header("retry-after"), again);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_tells_the_credential_is_withheld() {
    let tasks = Tasks::default();
    let body = r#"{"error":{"message":"bad key sk-canary-1234"}}"#;
    let upstream = upstream(&tasks, whole("401 No", "application/json", "", body)).await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    let got = ask(&gateway, r#"{"messages":[]}"#).await;
    assert_eq!((got.status, got.body.as_str()), (401, body));
}

fn event(content: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}],\"usage\":null}}\n\n"
    )
}

const USAGE: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_asked_for_and_taken_out_again() {
    let tasks = Tasks::default();
    let (a, b) = (event("a"), event("b"));
    let (begin, end) = b.split_at(20);
    let mut upstream = upstream(&tasks, streamed(&[&a, begin, end, USAGE, DONE])).await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    for (options, expected, told) in [
        ("", json!({"include_usage": true}), false),
        (r#","stream_options":null"#, json!({"include_usage": true}), false),
        (r#","stream_options":{"include_usage":true}"#, json!({"include_usage": true}), true),
        (
            r#","stream_options":{"include_usage":false,"x":1}"#,
            json!({"include_usage": true, "x": 1}),
            false,
        ),
    ] {
        let body = format!(r#"{{"messages":[],"stream":true{options}}}"#);
        let got = ask(&gateway, &body).await;
        assert_eq!(got.status, 200);
        assert!(got.complete);
        assert_eq!(got.header("content-type"), Some("text/event-stream"));
        let usage = if told { USAGE } else { "" };
        assert_eq!(got.body, format!("{a}{b}{usage}{DONE}"), "{options}");
        let sent = sent(&upstream.saw().await);
        assert_eq!(sent["stream_options"], expected);
        assert_eq!(sent["stream"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_can_be_asked_for_by_query_and_header() {
    let gateway = gateway(vec![mock("m", &json!({"connection": {"mock": {"chunks": 3}}}))]);
    let body = r#"{"messages":[]}"#;
    let ask = |path: &str, headers: &str| {
        let text = post(path, headers, body);
        let address = gateway.address;
        async move { Client::ask(address, &text).await }
    };
    for answer in
        [ask(&format!("{CHAT}?stream=true"), "").await, ask(CHAT, "x-stream: true\r\n").await]
    {
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert!(answer.body.ends_with(DONE), "{}", answer.body);
        assert_eq!(answer.body.matches("data: ").count(), 5);
        assert!(!answer.body.contains("\"usage\":{"));
    }
    assert_eq!(ask(CHAT, "").await.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_ends_with_an_error() {
    let tasks = Tasks::default();
    let a = event("a");
    let cut = streamed(&[&a, "data: {\"id\""]);
    let broken = cut.strip_suffix("0\r\n\r\n").unwrap().to_owned();
    for answer in [cut, broken] {
        let upstream = upstream(&tasks, answer).await;
        let gateway = gateway(vec![provider(&upstream, &json!({}))]);
        let got = ask(&gateway, r#"{"messages":[],"stream":true}"#).await;
        assert_eq!(got.status, 200);
        assert!(got.complete);
        let rest = got.body.strip_prefix(&*a).unwrap();
        let error: Value =
            serde_json::from_str(rest.strip_prefix("data: ").unwrap().trim_end()).unwrap();
        assert_eq!(error["error"]["code"], "upstream_stream_cut");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_before_its_content_has_a_status() {
    let tasks = Tasks::default();
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
    for (answer, status) in [
        (streamed(&[error]), 503),
        (streamed(&["data: {\"error\":{\"message\":\"x\"}}"]), 502),
        (streamed(&[]), 502),
        (streamed(&[": only a comment\n\n"]), 200),
        (streamed(&["data: {\"id\""]), 502),
    ] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let gateway = gateway(vec![provider(&upstream, &json!({}))]);
        let got = ask(&gateway, r#"{"messages":[],"stream":true}"#).await;
        assert_eq!(got.status, status, "{answer} {}", got.body);
        assert!(got.body.contains("\"error\""), "{}", got.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_kept_alive() {
    let tasks = Tasks::default();
    let upstream = Upstream::start(&tasks, |mut call, _| async move {
        call.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
        call.closed().await;
    })
    .await;
    let limits = Limits { heartbeat: std::time::Duration::from_millis(20), ..Limits::default() };
    let gateway = gateway_with(vec![provider(&upstream, &json!({}))], limits);
    let mut client = Client::connect(gateway.address).await;
    client.send(&post(CHAT, "", r#"{"messages":[],"stream":true}"#)).await;
    let twice = ": keep-alive\n\n\r\nE\r\n: keep-alive\n\n";
    assert!(client.until(twice).await.contains(twice));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_stream_is_asked_for_a_whole_answer() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let more = json!({"connection": {"supports_streaming": false}});
    let gateway = gateway(vec![provider(&upstream, &more)]);
    let body = r#"{"messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
    let got = ask(&gateway, body).await;
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
    assert!(got.body.contains("\"delta\":{\"content\":\"hi\"}"), "{}", got.body);
    assert!(got.body.contains("\"choices\":[],\"usage\":{"));
    assert!(got.body.ends_with(DONE));
    let sent = sent(&upstream.saw().await);
    assert_eq!((&sent["stream"], sent.get("stream_options")), (&json!(false), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_that_a_provider_does_not_offer_are_refused() {
    let more = json!({"models": {"include": ["gpt-4o.*"], "exclude": [".*-preview"]}});
    let gateway = gateway(vec![mock("m", &more)]);
    for (model, status) in
        [("gpt-4o-mini", 200), ("m/gpt-4o", 200), ("gpt-4o-preview", 403), ("o1", 403)]
    {
        let body = json!({"model": model, "messages": []}).to_string();
        let answer = ask(&gateway, &body).await;
        assert_eq!(answer.status, status, "{model}");
        if status == 403 {
            assert_eq!(answer.json()["error"]["code"], "model_not_allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_a_chat_stream_cancels_the_call() {
    let tasks = Tasks::default();
    let a = event("a");
    let begin = streamed(&[&a]).strip_suffix("0\r\n\r\n").unwrap().to_owned();
    let mut upstream = Upstream::start(&tasks, move |mut call, tell| {
        let begin = begin.clone();
        async move {
            call.say(&begin).await;
            call.closed().await;
            let _ = tell.send("closed".to_owned());
        }
    })
    .await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    let mut client = Client::connect(gateway.address).await;
    client.send(&post(CHAT, "", r#"{"messages":[],"stream":true}"#)).await;
    assert!(client.until("\"a\"").await.contains("\"a\""));
    drop(client);
    upstream.saw().await;
    assert_eq!(upstream.saw().await, "closed");
    gateway.shared.idle_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendors_that_refuse_members_do_not_get_them() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, streamed(&[&event("a"), DONE])).await;
    let more = json!({"provider": "mistral"});
    let gateway = gateway(vec![provider(&upstream, &more)]);
    let body = r#"{"messages":[],"stream":true,"user":"u","seed":1,"max_completion_tokens":2,"stream_options":{"include_usage":true}}"#;
    let got = ask(&gateway, body).await;
    assert_eq!(got.header("x-sanmon-fidelity"), Some("dropped=stream_options,user"));
    let sent = sent(&upstream.saw().await);
    assert_eq!(
        sent,
        json!({"messages": [], "stream": true, "random_seed": 1, "max_tokens": 2, "model": "default-model"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_gone_is_a_503() {
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "openai-chat-completions", "config": {"refs": ["gone"]}}
    ]});
    let gateway =
        Gateway::start(Setting { documents: vec![("routes", route)], ..Setting::default() });
    let answer = ask(&gateway, r#"{"messages":[]}"#).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["code"], "reference_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_ask_for_what_its_constraints_say() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let secret = "s3cret-s3cret-s3cret";
    let key = json!({
        "clientId": "app", "clientSecret": HashedSecret::store("app", secret, None),
        "authorizedEntities": ["group_default"], "metadata": {"ai_models_exclude": "gpt-3.*, o1"},
        "constraints": {"max_tokens": 100, "tools": false, "stream": false, "models_include": ["gpt.*", "default.*"]}
    });
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "apikeys"},
        {"plugin": "openai-chat-completions", "config": {"refs": ["provider_1"]}}
    ]});
    let documents =
        vec![("providers", provider(&upstream, &json!({}))), ("apikeys", key), ("routes", route)];
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let bearer = format!("authorization: Bearer {}\r\n", bearer("app", secret));
    for (body, refused) in [
        (json!({"model": "gpt-4o"}), None),
        (json!({}), None),
        (json!({"model": "my_openai/gpt-4o", "max_tokens": 100}), None),
        (json!({"tools": []}), None),
        (json!({"model": "gpt-3.5"}), Some("model")),
        (json!({"model": "claude"}), Some("model")),
        (json!({"model": "my_openai/claude"}), Some("model")),
        (json!({"max_tokens": 101}), Some("max_tokens")),
        (json!({"max_completion_tokens": 101}), Some("max_completion_tokens")),
        (json!({"stream": true}), Some("stream")),
        (json!({"tools": [{"type": "function"}]}), Some("tools")),
        (json!({"functions": [{}]}), Some("functions")),
    ] {
        let mut text = body.clone();
        text["messages"] = json!([]);
        let got = Client::ask(gateway.address, &post(CHAT, &bearer, &text.to_string())).await;
        match refused {
            None => {
                assert_eq!(got.status, 200, "{body}");
                assert_eq!(sent(&upstream.saw().await)["max_tokens"], 100, "{body}");
            }
            Some(param) => {
                assert_eq!(got.status, 403, "{body}");
                assert_eq!(got.json()["error"]["param"], param, "{body}");
            }
        }
    }
    let answer = ask(&gateway, r#"{"messages":[]}"#).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_accounted_as_counted_or_as_guessed() {
    let tasks = Tasks::default();
    let silent = streamed(&[&event("four"), &event("more"), DONE]);
    let counting = upstream(&tasks, streamed(&[&event("a"), USAGE, DONE])).await;
    let silent = upstream(&tasks, silent).await;
    let other = json!({"id": "silent", "name": "silent"});
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let providers = vec![provider(&counting, &json!({})), provider(&silent, &other)];
    let documents = llm::documents("openai-chat-completions", "providers", providers);
    let log = AccessLog::File(path.clone());
    let gateway = Gateway::start(Setting { documents, log, ..Setting::default() });
    for model in ["gpt-4o", "silent/m"] {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": true});
        assert_eq!(ask(&gateway, &body.to_string()).await.status, 200);
    }
    let lines = gateway.stop(&path).await;
    let [counted, guessed] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&counted["provider"], &counted["model"]), (&json!("provider_1"), &json!("gpt-4o")));
    assert_eq!((&guessed["provider"], &guessed["model"]), (&json!("silent"), &json!("m")));
    let tokens = |line: &Value| {
        (
            line["input_tokens"].clone(),
            line["output_tokens"].clone(),
            line["tokens_estimated"].clone(),
        )
    };
    assert_eq!(tokens(counted), (json!(3), json!(2), Value::Null));
    // 32 bytes of messages, 8 bytes of text.
    assert_eq!(tokens(guessed), (json!(8), json!(2), json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn otoroshis_own_format_answers_in_generations() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let documents = llm::documents(
        "llm-proxy",
        "providers",
        vec![provider(&upstream, &json!({})), mock("m", &json!({}))],
    );
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let body = json!({"messages": [{"role": "user", "content": "hello"}]});
    let got = ask(&gateway, &body.to_string()).await;
    assert_eq!(got.status, 200, "{}", got.body);
    assert_eq!(got.json()["generations"][0]["message"]["content"], "hi");
    assert_eq!(got.json()["metadata"]["usage"]["prompt_tokens"], 3);
    assert_eq!(sent(&upstream.saw().await)["messages"], body["messages"]);
    let stream = json!({"model": "m/x", "stream": true, "messages": body["messages"]});
    let got = ask(&gateway, &stream.to_string()).await;
    assert!(got.complete && got.body.contains("\"delta\":{") && got.body.contains("\"usage\":{"));
    assert!(!got.body.contains("[DONE]"), "{}", got.body);
}
