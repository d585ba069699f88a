//! The guide by which engineers come from API7: its calls, by curl, against the program.

use sanmon_tests::client::{Client, text_of};
use sanmon_tests::guide;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Reply, ScriptedUpstream, openai};
use serde_json::{Value, json};

/// Runs a script with the test's hosts in the place of those of the guide.
fn bash(script: &str, sanmon: &Sanmon, upstream: &ScriptedUpstream) -> String {
    let model = format!("http://127.0.0.1:{}", upstream.port());
    let script = script
        .replace("https://your-llm-endpoint.example.com", &model)
        .replace("http://vllm-server:8000", &model);
    let environment = [
        ("SERVICE_ID", "llm-service"),
        ("TOGETHER_API_KEY", "together-key"),
        ("OPENAI_API_KEY", "openai-key"),
    ];
    guide::bash(&script, sanmon, &environment)
}

fn guide() -> String {
    guide::read("api7-custom-llm.sh")
}

const SERVICE: &str = r#"curl -sS -f "http://127.0.0.1:7080/apisix/admin/services/llm-service?gateway_group_id=default" \
    -X PUT -H "X-API-KEY: $ADMIN_API_KEY" -d '{"name": "llm"}'"#;

/// The program with the guide's service, and the statuses of a run of the guide.
async fn begun(upstream: &ScriptedUpstream) -> Sanmon {
    let sanmon = Setup::serve().start().await;
    bash(SERVICE, &sanmon, upstream);
    sanmon
}

fn statuses(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.len() == 3 && line.parse::<u16>().is_ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_the_guide_works_and_may_be_repeated() {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = begun(&upstream).await;
    let said = bash(&guide(), &sanmon, &upstream);
    assert_eq!(statuses(&said), ["201", "201", "201", "201", "200"], "{said}");
    assert!(said.contains("chat.completion") && said.contains("you said: Hello, how are you?"));
    let request = upstream.last();
    assert_eq!(request.path, "/v1/chat/completions");
    assert_eq!(request.header("authorization"), "Bearer your-api-key");
    assert_eq!(request.json()["model"], "your-model-name");
    for secret in ["your-api-key", "together-key", "openai-key"] {
        assert!(!said.contains(secret), "{secret} is told in\n{said}");
    }
    let again = bash(&guide(), &sanmon, &upstream);
    assert_eq!(statuses(&again), ["200"; 5], "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_route_streams() {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = begun(&upstream).await;
    bash(&guide(), &sanmon, &upstream);
    let body = json!({"stream": true, "messages": [{"role": "user", "content": "a b"}]});
    let client = Client::new(&sanmon.data_url());
    let response = client.request("POST", "/vllm").body(body.to_string()).send().await.unwrap();
    let text = response.text().await.unwrap();
    let events: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect();
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    assert_eq!(text_of(&events), "you said: a b");
    assert_eq!(upstream.last().path, "/v1/chat/completions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_id_that_the_shell_did_not_expand_is_named() {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = begun(&upstream).await;
    let as_printed = guide().replace("'\"$SERVICE_ID\"'", "$SERVICE_ID");
    let said = bash(&as_printed, &sanmon, &upstream);
    assert_eq!(statuses(&said).first(), Some(&"400"), "{said}");
    assert!(said.contains("$SERVICE_ID") && said.contains("shell"), "{said}");
}

/// The larger priority is first, as the source has it: the cloud, which fails here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_hybrid_route_falls_back() {
    let upstream = ScriptedUpstream::start_with(|request| {
        if request.path.starts_with("/cloud") {
            let error = json!({"error": {"message": "no"}});
            Reply::json_with(429, &[("retry-after", "7")], &error)
        } else {
            openai::answer(request)
        }
    })
    .await;
    let sanmon = begun(&upstream).await;
    let cloud = format!("http://127.0.0.1:{}/cloud/v1/chat/completions", upstream.port());
    let hybrid = guide().replace(
        r#""options": { "model": "gpt-4o-mini" },"#,
        &format!(
            r#""options": {{ "model": "gpt-4o-mini" }}, "override": {{ "endpoint": "{cloud}" }},"#
        ),
    );
    bash(&hybrid, &sanmon, &upstream);
    let body = json!({"messages": [{"role": "user", "content": "a b"}]});
    let client = Client::new(&sanmon.data_url());
    let response = client.request("POST", "/hybrid").body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "you said: a b");
    let paths: Vec<String> = upstream.requests().iter().map(|one| one.path.clone()).collect();
    assert_eq!(paths[paths.len() - 2..], ["/cloud/v1/chat/completions", "/v1/chat/completions"]);
    let models: Vec<Value> =
        upstream.requests().iter().map(|one| one.json()["model"].clone()).collect();
    assert_eq!(models[models.len() - 2..], ["gpt-4o-mini", "meta-llama/Llama-3.1-8B-Instruct"]);
}
