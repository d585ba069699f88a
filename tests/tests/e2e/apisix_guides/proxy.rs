use sanmon_tests::client::text_of;
use sanmon_tests::command;
use sanmon_tests::guide::{Guide, statuses};
use sanmon_tests::sanmon::Setup;
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

use super::{begin, one, shown};

/// The JSON key of a service account whose tokens come from the test's upstream.
fn service_account(models: &str) -> Value {
    let key = command::repository().join("data-plane/src/provider/credentials/test_key.pem");
    json!({
        "type": "service_account",
        "client_email": "me@my-project.example",
        "private_key": std::fs::read_to_string(key).unwrap(),
        "token_uri": format!("{models}/token"),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_document_of_ai_proxy_works() {
    let mut guide = begin("ai-proxy.sh", Setup::serve()).await;
    let account = service_account(&format!("http://127.0.0.1:{}", guide.upstream.port()));
    guide.env("SERVICE_ACCOUNT_JSON", &Value::from(account.to_string()).to_string());
    guide.env("AWS_SECRET_ACCESS_KEY", "aws-secret");
    openai(&mut guide);
    vendors(&mut guide);
    clouds(&mut guide);
    bodies_and_streams(&mut guide);
    the_log(&mut guide).await;
    mistakes(&mut guide);
    guide.end();
}

fn openai(guide: &mut Guide) {
    let said = guide.run("openai");
    assert_eq!(statuses(&said), [201, 200]);
    assert!(!said[0].text.contains("openai-key"), "a secret is told: {}", said[0].text);
    assert_eq!(said[1].json()["choices"][0]["message"]["role"], "assistant");
    let asked = one(guide);
    assert_eq!(shown(&asked), ("/v1/chat/completions", "Bearer openai-key"));
    assert_eq!(asked.header("cookie"), "");
    let body = json!({"model": "gpt-4", "messages": [
        {"role": "system", "content": "You are a mathematician"},
        {"role": "user", "content": "What is 1+1?"}
    ]});
    assert_eq!(asked.json(), body);

    assert_eq!(statuses(&guide.run("a method that the route does not take")), [404]);
    assert!(guide.asked().is_empty());

    let said = guide.run("openai responses");
    assert_eq!(said[1].json()["object"], "response", "{said:?}");
    let asked = one(guide);
    assert_eq!(shown(&asked), ("/v1/responses", "Bearer openai-key"));
    assert_eq!(
        (&asked.json()["model"], &asked.json()["input"]),
        (&json!("gpt-4.1"), &json!("What is 1+1?"))
    );
}

fn vendors(guide: &mut Guide) {
    const AZURE: &str = "/openai/deployments/gpt-4/chat/completions?api-version=2024-02-15-preview";
    for (section, path, key, model) in [
        ("deepseek", "/chat/completions", "Bearer deepseek-key", json!("deepseek-chat")),
        ("azure as a compatible vendor", AZURE, "az-openai-key", json!("gpt-4")),
        // The address names the deployment.
        ("azure", AZURE, "az-openai-key", Value::Null),
        ("embeddings", "/v1/embeddings", "Bearer openai-key", json!("text-embedding-3-small")),
        (
            "gemini",
            "/v1beta/openai/chat/completions",
            "Bearer gemini-key",
            json!("gemini-2.5-flash"),
        ),
        (
            "openrouter",
            "/api/v1/chat/completions",
            "Bearer openrouter-key",
            json!("openai/gpt-4o-mini"),
        ),
        ("aimlapi", "/v1/chat/completions", "Bearer aimlapi-key", json!("gpt-4o")),
    ] {
        let said = guide.run(section);
        assert_eq!(said.last().unwrap().status, 200, "{section}: {said:?}");
        let asked = one(guide);
        assert_eq!(shown(&asked), (path, key), "{section}");
        assert_eq!(asked.json()["model"], model, "{section}");
        match section {
            "azure as a compatible vendor" => {
                assert_eq!(asked.json()["max_tokens"], 512, "the config goes over the request");
                assert_eq!(asked.json()["temperature"], 1.0);
            }
            "embeddings" => {
                assert_eq!(asked.json()["encoding_format"], "float");
                assert_eq!(asked.json()["input"], "hello world");
                assert_eq!(said[1].json()["data"][0]["embedding"], json!([0.5, -0.25, 1.0]));
            }
            _ => assert_eq!(asked.json()["messages"][0]["content"], "What is 1+1?", "{section}"),
        }
    }

    let said = guide.run("anthropic");
    assert_eq!(statuses(&said), [200; 3], "{said:?}");
    assert_eq!(said[1].json()["object"], "chat.completion");
    assert_eq!(said[2].json()["type"], "message");
    let asked = guide.asked();
    let paths: Vec<_> = asked.iter().map(shown).collect();
    assert_eq!(
        paths,
        [("/v1/chat/completions", "anthropic-key"), ("/v1/messages", "anthropic-key")]
    );
    for request in asked {
        assert_eq!(request.header("anthropic-version"), "2023-06-01");
        assert_eq!(request.json()["model"], "claude-sonnet-4-5");
    }
}

fn clouds(guide: &mut Guide) {
    let said = guide.run("vertex");
    assert_eq!(statuses(&said), [200; 3], "{said:?}");
    let (tokens, chats): (Vec<_>, Vec<_>) =
        guide.asked().into_iter().partition(|request| request.path == "/token");
    // Each of the two workers has a token of its own.
    assert!((1..=2).contains(&tokens.len()), "{tokens:?}");
    assert!(tokens[0].body.starts_with(b"grant_type=urn%3Aietf"));
    for chat in &chats {
        let path =
            "/v1/projects/my-project/locations/us-central1/endpoints/openapi/chat/completions";
        assert_eq!(shown(chat), (path, "Bearer google-token"));
        assert_eq!(chat.json()["model"], "google/gemini-2.5-flash");
    }
    assert_eq!(chats.len(), 2);

    let said = guide.run("vertex embeddings");
    let last = said.last().unwrap().json();
    assert_eq!(
        (&last["data"][0]["embedding"], &last["usage"]["prompt_tokens"]),
        (&json!([0.5, -0.25]), &json!(5))
    );
    let asked = guide.asked();
    let asked = asked.last().unwrap();
    let path = "/v1/projects/my-project/locations/us-central1/publishers/google/models/text-embedding-005:predict";
    assert_eq!(shown(asked), (path, "Bearer google-token"));
    assert_eq!(asked.json(), json!({"instances": [{"content": "hello world"}]}));

    let said = guide.run("bedrock");
    assert_eq!(said[1].json()["output"]["message"]["role"], "assistant", "{said:?}");
    let asked = one(guide);
    let (path, signature) = shown(&asked);
    assert_eq!(path, "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"), "{signature}");
    assert!(signature.contains("/us-east-1/bedrock/aws4_request"), "{signature}");
    let body = json!({"messages": [{"role": "user", "content": [{"text": "What is 1+1?"}]}],
        "inferenceConfig": {"maxTokens": 64}});
    assert_eq!(asked.json(), body);
}

fn bodies_and_streams(guide: &mut Guide) {
    assert_eq!(statuses(&guide.run("bodies")), [200, 200]);
    let asked = one(guide);
    assert_eq!(asked.path, "/v1/chat/completions?tenant=a+team");
    let body = json!({"model": "gpt-4", "temperature": 0.2, "max_completion_tokens": 100, "seed": 7,
        "metadata": {"team": "red", "stage": "test"},
        "messages": [{"role": "user", "content": "What is 1+1?"}]});
    assert_eq!(asked.json(), body);

    let said = guide.run("streams");
    assert_eq!(said[1].header("content-type"), "text/event-stream");
    let events: Vec<String> = said[1]
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    assert_eq!(text_of(&events), "the sea is blue today");
    assert_eq!(one(guide).json()["stream_options"], json!({"include_usage": true}));

    let said = guide.run("claude code on a vendor like openai");
    assert_eq!(statuses(&said), [200; 3]);
    let answer = said[1].json();
    assert_eq!((&answer["type"], &answer["stop_reason"]), (&json!("message"), &json!("end_turn")));
    assert_eq!(answer["content"], json!([{"type": "text", "text": "the sea is blue today"}]));
    assert!(
        said[2].text.trim_end().ends_with("data: {\"type\":\"message_stop\"}"),
        "{}",
        said[2].text
    );
    let asked = guide.asked();
    for request in &asked {
        assert_eq!(shown(request), ("/v1/chat/completions", "Bearer openai-key"));
        assert_eq!((request.header("x-api-key"), request.header("anthropic-version")), ("", ""));
        assert_eq!(
            (&request.json()["model"], &request.json()["max_tokens"]),
            (&json!("gpt-4o"), &json!(64))
        );
    }
    let system = json!({"role": "system", "content": "You are a mathematician"});
    assert_eq!((asked.len(), &asked[0].json()["messages"][0]), (2, &system));
}

async fn the_log(guide: &mut Guide) {
    assert_eq!(statuses(&guide.run("the log")), [200, 200]);
    one(guide);
    let line = wait::until("the request is in the log", SOON, async || {
        let output = guide.sanmon.output();
        let line = output.lines().find(|line| line.contains("a question to be logged"))?;
        serde_json::from_str::<Value>(line).ok()
    })
    .await;
    assert_eq!(line["provider"], "ai-proxy-route/ai-proxy/ai-proxy-openai");
    assert_eq!((&line["model"], &line["status"]), (&json!("gpt-4"), &json!(200)));
    assert_eq!((&line["input_tokens"], &line["output_tokens"]), (&json!(11), &json!(7)));
}

fn mistakes(guide: &mut Guide) {
    let said = guide.run("what a vendor refuses");
    assert_eq!(statuses(&said), [200, 401]);
    assert!(said[1].json()["error"]["message"].is_string());
    assert_eq!(one(guide).header("authorization"), "Bearer wrong-key");

    let said = guide.run("requests that are none");
    assert_eq!(statuses(&said), [400; 4]);
    for (one, text) in said.iter().zip([
        "unsupported content-type: text/plain, only application/json is supported",
        "could not parse JSON request body: ",
        "could not get body: request body is empty",
        "no matching AI protocol for the request",
    ]) {
        assert!(one.text.contains(text), "{text}: {}", one.text);
    }
    assert!(guide.asked().is_empty());

    let said = guide.run("configurations that are none");
    assert_eq!(statuses(&said), [400; 5]);
    for (one, text) in said.iter().zip([
        "property \\\"provider\\\" validation failed",
        "auth.headers",
        "the member \\\"auth\\\" is missing",
        "bedrock requires provider_conf.region",
        "override.llm_options.top_p",
    ]) {
        assert!(one.text.contains("ai-proxy") && one.text.contains(text), "{text}: {}", one.text);
    }
}
