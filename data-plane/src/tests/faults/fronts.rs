use super::*;

/// A front: its plugin, path and body, and what its streams have once at their beginning and end.
struct FrontCase {
    plugin: &'static str,
    path: &'static str,
    body: Value,
    begins: &'static str,
    ends: &'static str,
}

fn fronts() -> [FrontCase; 4] {
    let messages = json!([{"role": "user", "content": "hello"}]);
    [
        FrontCase {
            plugin: "openai-chat-completions",
            path: CHAT,
            body: json!({"messages": messages}),
            begins: "\"role\":\"assistant\"",
            ends: "data: [DONE]\n\n",
        },
        FrontCase {
            plugin: "anthropic-messages",
            path: "/v1/messages",
            body: json!({"model": "m", "max_tokens": 9, "messages": messages}),
            begins: "event: message_start\n",
            ends: "event: message_stop\n",
        },
        FrontCase {
            plugin: "openai-responses",
            path: "/v1/responses",
            body: json!({"model": "m", "input": "hello"}),
            begins: "event: response.created\n",
            ends: "event: response.completed\n",
        },
        FrontCase {
            plugin: "openai-completions",
            path: "/v1/completions",
            body: json!({"model": "m", "prompt": "hello"}),
            begins: "",
            ends: "data: [DONE]\n\n",
        },
    ]
}

/// A provider at a target, that speaks this.
fn speaking(id: &str, target: &Target, format: &str) -> Value {
    let origin = format!("http://{}", target.upstream.address);
    match format {
        "messages" => json!({"id": id, "name": id, "provider": "anthropic",
            "connection": {"base_url": origin}, "options": {"model": "m"}}),
        _ => at(id, target, &json!({"connection": {"formats": [format]}})),
    }
}

/// What a target says that breaks before its first content, in its format.
fn broken(format: &str) -> Mood {
    let begun = match format {
        "messages" => MESSAGES[0],
        "responses" => RESPONSES[0],
        _ => CHATS[0],
    };
    let text = streamed(&[begun]);
    Mood::Says(text.strip_suffix("0\r\n\r\n").unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_callers_and_targets_speak_the_next_one_answers_whole() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    for front in fronts() {
        for (one, other) in [
            ("chat", "chat"),
            ("chat", "messages"),
            ("messages", "responses"),
            ("responses", "chat"),
            ("messages", "messages"),
            ("responses", "responses"),
        ] {
            let providers = [speaking("a", &first, one), speaking("b", &second, other)];
            for mood in [Mood::Fails("503 Busy", ""), broken(one)] {
                let what = format!("{} {one} {other} {mood:?}", front.path);
                first.is(mood);
                let gateway = gateway(pool(front.plugin, &providers, &json!({})));
                let mut body = front.body.clone();
                body["stream"] = json!(true);
                let answer =
                    Client::ask(gateway.address, &post(front.path, "", &body.to_string())).await;
                assert_eq!(answer.status, 200, "{what}: {}", answer.body);
                assert_eq!(answer.header("x-sanmon-attempts"), Some("2"), "{what}");
                assert!(answer.complete && answer.body.contains("hi"), "{what}: {}", answer.body);
                assert!(!answer.body.contains("\"error\":{"), "{what}: {}", answer.body);
                for mark in [front.begins, front.ends].into_iter().filter(|mark| !mark.is_empty()) {
                    let count = answer.body.matches(mark).count();
                    assert_eq!(count, 1, "{what}: {mark}: {}", answer.body);
                }
            }
            first.is(Mood::Fails("503 Busy", ""));
            let gateway = gateway(pool(front.plugin, &providers, &json!({})));
            let request = post(front.path, "", &front.body.to_string());
            let answer = Client::ask(gateway.address, &request).await;
            assert_eq!(answer.header("x-sanmon-attempts"), Some("2"), "{}", answer.body);
            assert!(answer.status == 200 && answer.body.contains("hi"), "{}", answer.body);
        }
    }
}
