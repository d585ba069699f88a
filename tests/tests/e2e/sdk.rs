//! Real clients: the official `openai` libraries against a data plane, Schemathesis and Swagger UI in a
//! browser against a control plane. The clients' side is in `tests/sdk`; `scripts/test` installs what
//! it needs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sanmon_tests::command::repository;
use sanmon_tests::documents::{apikey, embedding_model, guarded_route, provider};
use sanmon_tests::process::{Output, Process};
use sanmon_tests::sanmon::{ADMIN_KEY, Sanmon, Setup};
use sanmon_tests::upstream::{Reply, Request, ScriptedUpstream, openai};
use serde_json::{Value, json};

/// A gateway as an application's developer meets it, its upstream, and the key to it.
async fn gateway() -> (Sanmon, ScriptedUpstream, String) {
    let flaky = Mutex::new(HashSet::new());
    let upstream = ScriptedUpstream::start_with(move |request| {
        let failed = |model: &str| {
            let mut failed = flaky.lock().unwrap_or_else(PoisonError::into_inner);
            !failed.insert(model.to_owned())
        };
        act(request, failed)
    })
    .await;
    let sanmon = Setup::serve().start().await;
    let admin = sanmon.admin();
    admin.store("providers", &provider("provider_test", &upstream)).await;
    admin.store("embedding-models", &embedding_model("embedding_test", &upstream)).await;
    let mut key = apikey("app");
    key["metadata"] = json!({"ai_models_exclude": "forbidden-.*"});
    let key = admin.store("apikeys", &key).await;
    let mut route = guarded_route("route_test", None, "provider_test");
    route["plugins"].as_array_mut().unwrap().push(json!({
        "plugin": "openai-embeddings",
        "includes": ["/v1/embeddings"],
        "config": {"refs": ["embedding_test"]},
    }));
    admin.create("routes", &route).await;
    (sanmon, upstream, key["bearer"].as_str().unwrap().to_owned())
}

/// Does what the model's name says.
fn act(request: &Request, failed_before: impl Fn(&str) -> bool) -> Reply {
    if request.method != "POST" {
        return openai::answer(request);
    }
    let body = request.json();
    let model = body["model"].as_str().unwrap_or_default();
    let error = openai::error("as scripted", "some_type", Some("some_code"));
    let fail = |status: &str, headers: &[(&str, &str)]| {
        Reply::json_with(status.parse().unwrap(), headers, &error)
    };
    match model.split('-').collect::<Vec<_>>()[..] {
        ["fail", status] => fail(status, &[]),
        ["flaky", status, _] if !failed_before(model) => fail(status, &[("retry-after", "0")]),
        ["after", "1s", _] if !failed_before(model) => fail("429", &[("retry-after", "1")]),
        ["stall"] => Reply::empty().stall(),
        ["cut"] => {
            let events = openai::chunks(&body, "cut off", false);
            Reply::events().event(&events[0]).event(&events[1]).close()
        }
        ["endless"] => {
            let events = openai::chunks(&body, "on and on", false);
            Reply::events().event(&events[0]).event(&events[1]).stall()
        }
        ["tools"] => tools(&body),
        ["base64"] if body["encoding_format"] == json!("base64") => {
            let mut answer = openai::embeddings(&body);
            for one in answer["data"].as_array_mut().unwrap() {
                // 0.5, -0.25 and 1.0 as float32, little-endian.
                one["embedding"] = json!("AAAAPwAAgL4AAIA/");
            }
            Reply::json(200, &answer)
        }
        _ => openai::answer(request),
    }
}

/// Calls a tool, and tells back what was sent.
fn tools(body: &Value) -> Reply {
    let call = |function: Value| json!([{"index": 0, "id": "call_1", "type": "function", "function": function}]);
    if body["stream"] == json!(true) {
        let chunk = |delta: Value, finish: Value| {
            json!({
                "id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1, "model": "tools",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            })
            .to_string()
        };
        let piece = |text: &str| {
            chunk(
                json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}),
                Value::Null,
            )
        };
        let begin = json!({"role": "assistant", "tool_calls": call(json!({"name": "weather", "arguments": ""}))});
        let events = [
            chunk(begin, Value::Null),
            piece("{\"city\":"),
            piece("\"Nantes\"}"),
            chunk(json!({}), json!("tool_calls")),
            "[DONE]".to_owned(),
        ];
        return Reply::stream(events.iter().map(String::as_str));
    }
    let mut answer = openai::completion(body, "");
    let calls = call(json!({"name": "weather", "arguments": "{\"city\":\"Nantes\"}"}));
    answer["choices"][0]["message"] =
        json!({"role": "assistant", "content": null, "tool_calls": calls});
    answer["choices"][0]["finish_reason"] = json!("tool_calls");
    answer["sent"] = body.clone();
    Reply::json(200, &answer)
}

/// What `scripts/test` has installed.
fn installed(variable: &str, usual: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| repository().join(usual), PathBuf::from);
    assert!(path.exists(), "{} is missing: scripts/test installs it", path.display());
    path
}

fn python() -> PathBuf {
    installed("SANMON_SDK_PYTHON", ".cache/sdk-python/bin/python")
}

fn node_modules() -> PathBuf {
    installed("SANMON_SDK_NODE_MODULES", ".cache/sdk-node/node_modules")
}

/// Runs a client to its end, and shows what it said when it failed.
async fn run(name: &str, command: &mut Command, within: Duration) -> String {
    let mut process = Process::start(name, command, Output::default());
    let status = process.wait(within).await;
    let output = process.output().text();
    assert!(status.success(), "{name}: {status}");
    output
}

fn application(program: PathBuf, sanmon: &Sanmon, key: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository().join("tests/sdk"));
    command.env("SANMON_BASE_URL", format!("{}/v1", sanmon.data_url()));
    command.env("SANMON_API_KEY", key).env("NO_PROXY", "*");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_python() {
    let (sanmon, upstream, key) = gateway().await;
    let mut command = application(python(), &sanmon, &key);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_openai.py"]);
    let output = run("pytest", &mut command, Duration::from_mins(2)).await;
    assert!(output.contains(" passed") && !output.contains("skipped"), "{output}");
    after(&upstream, &key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_node() {
    let (sanmon, upstream, key) = gateway().await;
    let mut command = application("node".into(), &sanmon, &key);
    command.env("SANMON_SDK_NODE_MODULES", node_modules());
    command.args(["--test", "--test-reporter=spec", "openai.test.mjs"]);
    let output = run("node --test", &mut command, Duration::from_mins(2)).await;
    assert!(output.contains("fail 0") && output.contains("skipped 0"), "{output}");
    after(&upstream, &key).await;
}

/// Every call that a client left is over, and no credential of a caller has travelled.
async fn after(upstream: &ScriptedUpstream, key: &str) {
    let requests = upstream.requests();
    assert!(requests.len() > 30, "{}", requests.len());
    for request in &requests {
        request.end(Duration::from_secs(10)).await;
        assert_eq!(request.header("authorization"), "Bearer upstream-token");
        assert!(request.headers.values().all(|value| !value.as_bytes().ends_with(key.as_bytes())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_over_the_descriptor() {
    let sanmon = Setup::control_plane().start().await;
    // It leaves notes where it runs.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python());
    command.current_dir(folder.path());
    command.env("SCHEMATHESIS_HOOKS", "schemathesis_hooks");
    command.env("PYTHONPATH", repository().join("tests/sdk"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let url = sanmon.admin_url();
    command
        .args(["-m", "schemathesis.cli", "--no-color", "run"])
        .arg(format!("{url}/apis/openapi.json"));
    command.args(["--url", &url, "--header", &format!("Authorization: Bearer {ADMIN_KEY}")]);
    command
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"]);
    command.args(["--phases", "examples,fuzzing", "--max-examples", "10", "--seed", "7"]);
    command.args(["--workers", "2", "--no-shrink", "--continue-on-failure"]);
    command.args(["--suppress-health-check", "all", "--warnings", "off"]);
    let output = run("schemathesis", &mut command, Duration::from_secs(150)).await;
    assert!(output.contains("No issues found"), "{output}");
    // It has not shut itself out on the way.
    sanmon.admin().get("/routes").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swagger_ui_in_a_browser() {
    let sanmon = Setup::control_plane().start().await;
    let route = json!({"id": "route_test", "frontend": {"domains": ["x.test"]}});
    sanmon.admin().store("routes", &route).await;
    let mut command = Command::new("node");
    command.env("SANMON_SDK_NODE_MODULES", node_modules());
    command.env("SANMON_ADMIN_URL", sanmon.admin_url()).env("SANMON_ADMIN_KEY", ADMIN_KEY);
    command.current_dir(repository().join("tests/sdk")).arg("swagger-ui.mjs");
    run("chromium", &mut command, Duration::from_secs(90)).await;
}
