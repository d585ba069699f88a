//! Prompts over HTTP: the documents of the guides, and plugins around chats of every sort.

use serde_json::{Value, json};

use super::llm::{ANSWER, CHAT, patch, post, provider, sent, streamed, upstream, whole};
use super::*;
use gateway::Setting;
use sanmon_shared::secret::HashedSecret;
use sanmon_shared::task::Tasks;

const PREFIX: &str = "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.";

fn answer() -> String {
    whole("200 OK", "application/json", "", ANSWER)
}

/// A gateway whose route has these slots; all refer to one provider.
fn gateway(upstream: &Upstream, plugins: &Value, more: Vec<(&'static str, Value)>) -> Gateway {
    let route = json!({
        "id": "r1", "name": "My API", "frontend": {"domains": []}, "plugins": plugins,
        "backend": {"targets": [{"hostname": "request.otoroshi.io", "port": 443, "tls": true}]}
    });
    let mut documents = vec![("providers", provider(upstream, &json!({}))), ("routes", route)];
    documents.extend(more);
    Gateway::start(Setting { documents, ..Setting::default() })
}

/// A gateway with one slot of `llm-response`.
fn responder(upstream: &Upstream, config: &Value, more: Vec<(&'static str, Value)>) -> Gateway {
    let mut whole = json!({"ref": "provider_1"});
    patch(&mut whole, config);
    let plugin = format!("{PREFIX}LlmResponseEndpoint");
    let slot = json!({"enabled": true, "plugin": plugin, "config": whole});
    gateway(upstream, &json!([{"plugin": "apikeys", "config": {"mandatory": false}}, slot]), more)
}

fn key() -> (&'static str, Value) {
    let stored = HashedSecret::store("id_1", "secret", None);
    let metadata = json!({"username": "Ada", "plan": "gold"});
    let key = json!({"clientId": "id_1", "clientSecret": stored, "clientName": "My app",
        "authorizedEntities": ["group_default"], "metadata": metadata});
    ("apikeys", key)
}

/// The texts that the upstream was sent next.
async fn asked(upstream: &mut Upstream) -> Vec<String> {
    let messages = sent(&upstream.saw().await)["messages"].clone();
    let messages = messages.as_array().unwrap().iter();
    messages
        .map(|message| {
            let [role, content] =
                ["role", "content"].map(|name| message[name].as_str().unwrap().to_owned());
            format!("{role}: {content}")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompts_of_the_guides_are_asked_as_they_say() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let keyed = "otoroshi-client-id: id_1\r\notoroshi-client-secret: secret\r\n";
    for (prompt, request, expected) in [
        (
            "The user is requesting ${req.uri}. Generate a helpful response based on this path.",
            request("GET", "/docs/intro?lang=fr", ""),
            "The user is requesting /docs/intro?lang=fr. Generate a helpful response based on this path.",
        ),
        (
            "Summarize the following text: ${req.body.text}",
            post("/", "", r#"{"text": "A long \"story\"."}"#),
            "Summarize the following text: A long \"story\".",
        ),
        (
            "Generate API documentation for the endpoint ${req.method} ${req.uri}. The API belongs to ${route.name}. Return the documentation in markdown format.",
            request("DELETE", "/users/1", ""),
            "Generate API documentation for the endpoint DELETE /users/1. The API belongs to My API. Return the documentation in markdown format.",
        ),
        (
            "The user ${apikey.metadata.username} (plan: ${apikey.metadata.plan}) is requesting ${req.uri}. Generate a personalized welcome message.",
            request("GET", "/hello", keyed),
            "The user Ada (plan: gold) is requesting /hello. Generate a personalized welcome message.",
        ),
        (
            "${req.header.X-Custom} ${req.query.param} ${route.id} ${apikey.id} ${apikey.name} ${apikey.metadata.key}",
            request("GET", "/?param=p%20q", &format!("x-custom: c\r\n{keyed}")),
            "c p q r1 id_1 My app no-meta-key",
        ),
        (
            "${req.header.X-Custom} ${req.query.param} ${apikey.id} ${req.header.otoroshi-client-secret}",
            request("GET", "/", ""),
            "no-header-X-Custom no-query-param bad-expr no-header-otoroshi-client-secret",
        ),
    ] {
        let config = json!({"prompt": prompt, "prompt_ref": null, "context_ref": null});
        let gateway = responder(&upstream, &config, vec![key()]);
        let answer = Client::ask(gateway.address, &request).await;
        assert_eq!((answer.status, answer.complete), (200, true), "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let generations =
            json!({"generations": [{"message": {"role": "assistant", "content": "hi"}}]});
        assert_eq!(answer.json(), generations);
        let seen = upstream.saw().await;
        let body = sent(&seen);
        assert_eq!(body["model"], "default-model");
        assert_eq!(body["messages"], json!([{"role": "user", "content": expected}]));
        assert!(!seen.contains("secret\r\n"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_prompts_and_contexts_are_evaluated_too() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let documents = vec![
        ("prompts", json!({"id": "p", "prompt": "stored ${req.method}"})),
        (
            "prompt-contexts",
            json!({
                "id": "c",
                "pre_messages": [{"role": "system", "content": "on ${req.path}"}],
                "post_messages": [{"content": "body ${req.body.a:none}"}]
            }),
        ),
    ];
    let config = json!({"prompt": "own", "prompt_ref": "p", "context_ref": "c"});
    let gateway = responder(&upstream, &config, documents.clone());
    assert_eq!(Client::ask(gateway.address, &post("/x", "", "{\"a\": 1}")).await.status, 200);
    assert_eq!(asked(&mut upstream).await, ["system: on /x", "user: stored POST", "user: body 1"]);
    let gateway = responder(&upstream, &json!({"context_ref": "c", "prompt_ref": ""}), documents);
    assert_eq!(Client::ask(gateway.address, &request("GET", "/", "")).await.status, 200);
    assert_eq!(asked(&mut upstream).await, ["system: on /", "user: body none"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_sends_is_no_expression() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let gateway = responder(&upstream, &json!({"prompt": "<${req.body.text}>"}), vec![]);
    let text = "${req.method} ${env.HOME} ${req.body.text} ${vault://a/b}";
    let body = json!({"text": text}).to_string();
    assert_eq!(Client::ask(gateway.address, &post("/", "", &body)).await.status, 200);
    assert_eq!(asked(&mut upstream).await, [format!("user: <{text}>")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_prompts_tell_who_has_to_act() {
    let tasks = Tasks::default();
    let busy = whole(
        "429 No",
        "application/json",
        "retry-after: 7\r\n",
        r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#,
    );
    let busy = upstream(&tasks, busy).await;
    let answer = |config: Value, more: Vec<(&'static str, Value)>, headers: &'static str| {
        let gateway = responder(&busy, &config, more);
        async move { Client::ask(gateway.address, &request("GET", "/", headers)).await }
    };
    let limited = answer(json!({"prompt": "x"}), vec![], "").await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
    for config in [
        json!({"prompt": "x", "ref": "gone"}),
        json!({"prompt": "x", "prompt_ref": "gone"}),
        json!({"prompt": "x", "context_ref": "gone"}),
    ] {
        let missing = answer(config, vec![], "").await;
        assert_eq!(
            (missing.status, &missing.json()["error"]["code"]),
            (503, &json!("reference_missing"))
        );
    }
    let (plural, mut key) = key();
    key["constraints"] = json!({"models_exclude": ["default-.*"]});
    let keyed = "otoroshi-client-id: id_1\r\notoroshi-client-secret: secret\r\n";
    let forbidden = answer(json!({"prompt": "x"}), vec![(plural, key)], keyed).await;
    assert_eq!(
        (forbidden.status, &forbidden.json()["error"]["code"]),
        (403, &json!("model_not_allowed"))
    );
}

/// Plugins of a route with a template and two contexts, in an order that does not matter to the
/// template.
fn around(plugin: &str) -> (Value, Vec<(&'static str, Value)>) {
    let slots = json!([
        {"plugin": format!("{PREFIX}AiPromptContext"), "config": {"ref": "c1"}},
        {"plugin": "prompt-template", "config": {"ref": "t"}},
        {"plugin": "prompt-context", "config": {"ref": "c2"}},
        {"plugin": plugin, "config": {"refs": ["provider_1"]}}
    ]);
    let template = r#"[{"role": "user", "content": "Is @{body.messages.0.content} right?"}]"#;
    let documents = vec![
        (
            "prompt-contexts",
            json!({"id": "c1", "pre_messages": [{"role": "system", "content": "one"}]}),
        ),
        (
            "prompt-contexts",
            json!({
                "id": "c2",
                "pre_messages": [{"role": "system", "content": "two ${req.method}"}],
                "post_messages": [{"content": "three"}]
            }),
        ),
        ("prompt-templates", json!({"id": "t", "template": template})),
    ];
    (slots, documents)
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_contexts_change_chats() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, answer()).await;
    let (slots, documents) = around("openai-chat-completions");
    let gateway = gateway(&upstream, &slots, documents);
    let body = json!({"model": "m", "temperature": 0.5, "user": "u",
        "messages": [{"role": "user", "content": "1 + 1 = \"2\""}]});
    let answer = Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "hi");
    let body = sent(&upstream.saw().await);
    assert_eq!(
        (&body["model"], &body["temperature"], &body["user"]),
        (&json!("m"), &json!(0.5), &json!("u"))
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "one"},
            {"role": "system", "content": "two ${req.method}"},
            {"role": "user", "content": "Is 1 + 1 = \"2\" right?"},
            {"role": "user", "content": "three"}
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_with_contexts_are_streamed() {
    let tasks = Tasks::default();
    let chunk = |delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let (one, two) = (
        chunk("{\"role\":\"assistant\",\"content\":\"a\"}", "null"),
        chunk("{\"content\":\"b\"}", "\"stop\""),
    );
    let mut upstream = upstream(&tasks, streamed(&[&one, &two, "data: [DONE]\n\n"])).await;
    let (slots, documents) = around("openai-chat-completions");
    let gateway = gateway(&upstream, &slots, documents);
    let body =
        json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let answer = Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await;
    assert_eq!((answer.status, answer.complete), (200, true), "{}", answer.body);
    let text: String = answer
        .body
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(text, "ab");
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
    assert_eq!(asked(&mut upstream).await[2], "user: Is x right?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_makes_nothing_of_a_request_refuses_it() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, answer()).await;
    let (slots, mut documents) = around("openai-chat-completions");
    documents[2].1["template"] = json!("@{body.none}");
    let gateway = gateway(&upstream, &slots, documents);
    let body = json!({"model": "m", "messages": []}).to_string();
    let answer = Client::ask(gateway.address, &post(CHAT, "", &body)).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the template"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_or_template_that_is_not_there_ends_the_request() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, answer()).await;
    for gone in 0..3 {
        let (slots, mut documents) = around("openai-chat-completions");
        documents.remove(gone);
        let gateway = gateway(&upstream, &slots, documents);
        let answer = Client::ask(gateway.address, &post(CHAT, "", "{\"messages\":[]}")).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (503, &json!("reference_missing"))
        );
    }
}
