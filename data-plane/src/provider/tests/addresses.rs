//! What each kind is called by: formats, addresses and headers, as a table.

use std::time::Duration;

use sanmon_wire::format::Format;
use serde_json::{Value, json};

use super::{build, build_embedding};
use crate::error::Code;
use crate::provider::{Http, Operation, Provider, Transport};
use crate::upstream::Deadlines;

fn http(provider: &Provider) -> &Http {
    let Transport::Http(http) = &provider.transport else { panic!("no HTTP") };
    http
}

fn deadlines() -> Deadlines {
    let second = Duration::from_secs(1);
    Deadlines::within(second)
}

/// The method, address and headers of a call.
fn called(provider: &Provider, operation: Operation<'_>) -> Result<String, Code> {
    let account = http(provider).account().unwrap();
    let call = account.call(&operation, deadlines()).map_err(|error| error.code)?;
    let mut out = format!("{} {}", call.http_method(), call.url());
    let mut headers: Vec<String> = call
        .headers()
        .iter()
        .map(|(name, value)| format!("\n      {name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    out.push_str(&headers.concat());
    Ok(out)
}

/// What a provider does for callers of each format who ask for `model`.
fn row(document: &Value, model: &str) -> String {
    let provider = build(document).unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
    let mut out = format!("{} {model}", provider.kind.name);
    let mut told: Vec<Format> = Vec::new();
    for front in [Format::Chat, Format::Completions, Format::Responses, Format::Anthropic] {
        let codec = provider.codec(front, Some(model)).unwrap();
        let format = codec.format();
        out.extend(["\n  ", front.name(), " as ", format.name()]);
        if told.contains(&format) {
            continue;
        }
        told.push(format);
        let chat = |stream| called(&provider, Operation::Chat { format, model, stream }).unwrap();
        let (whole, streamed) = (chat(false), chat(true));
        out.extend(["\n    ", &whole]);
        if streamed != whole {
            out.extend(["\n    streamed ", streamed.lines().next().unwrap()]);
        }
        if let Ok(count) = called(&provider, Operation::CountTokens { format, model }) {
            out.extend(["\n    count ", count.lines().next().unwrap()]);
        }
    }
    for list in 0..http(&provider).account().unwrap().lists().len() {
        let listed = called(&provider, Operation::Models { list, next: None }).unwrap();
        out.extend(["\n  models ", listed.lines().next().unwrap()]);
    }
    out
}

#[test]
fn every_kind_is_called_at_its_addresses() {
    let token = "$env://KEY";
    let cases = [
        (json!({"provider": "openai", "connection": {"token": token}}), "gpt-4o"),
        (json!({"provider": "openai", "connection": {"token": token}}), "gpt-3.5-turbo-instruct"),
        (
            json!({"provider": "openai", "connection": {"token": token}, "options": {"responses": true}}),
            "gpt-4o",
        ),
        (json!({"provider": "anthropic", "connection": {"token": token}}), "claude-x"),
        (
            json!({"provider": "anthropic", "connection": {"token": token, "beta": "a,b",
                "version": "2026-10-21", "base_url": "https://h/v1/"}}),
            "claude-x",
        ),
        (json!({"provider": "gemini", "connection": {"token": token}}), "gemini-x"),
        (json!({"provider": "gemini", "connection": {"token": token}}), "models/gemini-x"),
        (json!({"provider": "gemini", "connection": {"token": token}}), "tunedModels/mine"),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p-1", "location": "europe-west1",
                "token": token}}),
            "gemini-x",
        ),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p-1", "region": "eu",
                "token": token}}),
            "claude-x@20260101",
        ),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p-1", "token": token}}),
            "meta/llama-x",
        ),
        (json!({"provider": "vertex", "connection": {"api_key": token}}), "gemini-x"),
        (
            json!({"provider": "bedrock", "connection": {"region": "us-east-1", "token": token}}),
            "anthropic.claude-x-v1:0",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r",
                "deployment_id": "d 1", "api_key": token}}),
            "gpt-4o",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r",
                "api_version": "2024-10-21", "api_key": token}}),
            "my-deployment",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r", "token": token}}),
            "gpt-4o",
        ),
        (
            json!({"provider": "azure-ai-foundry", "connection": {"resource_name": "r",
                "api_key": token}}),
            "gpt-4o",
        ),
        (
            json!({"provider": "azure-ai-foundry", "connection": {"resource_name": "r",
                "api_key": token}}),
            "claude-x",
        ),
        (
            json!({"provider": "azure-ai-foundry", "connection": {
                "base_url": "https://r.services.ai.azure.com/models", "token": token}}),
            "DeepSeek-x",
        ),
        (
            json!({"provider": "azure-ai-foundry", "connection": {
                "base_url": "https://n.eu.models.ai.azure.com", "token": token}}),
            "m",
        ),
        (json!({"provider": "mistral", "connection": {"token": token}}), "mistral-x"),
        (json!({"provider": "cohere", "connection": {"token": token}}), "command-x"),
        (json!({"provider": "deepseek", "connection": {"token": token}}), "deepseek-x"),
        (json!({"provider": "groq", "connection": {"token": token}}), "llama"),
        (json!({"provider": "openrouter", "connection": {"token": token}}), "a/b"),
        (json!({"provider": "ollama"}), "llama3.2"),
        (json!({"provider": "vllm"}), "llama"),
        (
            json!({"provider": "openai-compatible", "connection": {"base_url": "http://h/v1",
                "formats": ["anthropic", "responses"], "supports_completion": false}}),
            "m",
        ),
        (
            json!({"provider": "cloudflare", "connection": {"account_id": "a1", "token": token,
                "model_name": "@cf/x"}}),
            "@cf/meta/llama",
        ),
        (json!({"provider": "huggingface", "connection": {"token": token}}), "org/m"),
        (
            json!({"provider": "ovh-ai-endpoints", "connection": {"unified": false, "token": token}}),
            "Mixtral-8x22B-Instruct-v0.1",
        ),
    ];
    let table: Vec<String> = cases.iter().map(|(document, model)| row(document, model)).collect();
    insta::assert_snapshot!(table.join("\n\n"));
}

#[test]
fn embeddings_are_asked_for_at_their_addresses() {
    let cases = [
        (json!({"provider": "openai"}), "text-embedding-3-small"),
        (json!({"provider": "gemini"}), "gemini-embedding-001"),
        (json!({"provider": "cohere"}), "embed-v4.0"),
        (json!({"provider": "voyage"}), "voyage-3.5"),
        (json!({"provider": "jina"}), "jina-embeddings-v3"),
        (json!({"provider": "ollama"}), "snowflake-arctic-embed:22m"),
        (json!({"provider": "huggingface"}), "BAAI/bge-m3"),
        (
            json!({"provider": "huggingface", "connection": {"base_url": "http://h/v1"}}),
            "BAAI/bge-m3",
        ),
        (
            json!({"provider": "bedrock", "connection": {"region": "eu-west-1", "token": "$env://KEY"}}),
            "amazon.titan-embed-text-v2:0",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r",
                "deployment_id": "d", "api_key": "$env://KEY"}}),
            "text-embedding-3-small",
        ),
    ];
    let table: Vec<String> = cases
        .iter()
        .map(|(document, model)| {
            let provider = build_embedding(document).unwrap();
            let asked = called(&provider, Operation::Embeddings { model }).unwrap();
            format!("{} {}", provider.kind.name, asked.lines().next().unwrap())
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn a_stored_answer_has_an_address() {
    let provider = build(&json!({"provider": "openai"})).unwrap();
    for (id, rest, expected) in [
        ("resp_1", "", "GET https://api.openai.com/v1/responses/resp_1"),
        ("resp_1", "/cancel", "POST https://api.openai.com/v1/responses/resp_1/cancel"),
        (
            "a/../b",
            "/input_items?limit=1",
            "GET https://api.openai.com/v1/responses/a%2F..%2Fb/input_items?limit=1",
        ),
    ] {
        assert_eq!(called(&provider, Operation::Stored { id, rest }).as_deref(), Ok(expected));
    }
    let dots = called(&provider, Operation::Stored { id: "..", rest: "" });
    assert_eq!(dots, Err(Code::BadRequest));
    let anthropic = build(&json!({"provider": "anthropic"})).unwrap();
    let none = called(&anthropic, Operation::Stored { id: "x", rest: "" });
    assert_eq!(none, Err(Code::Unsupported));
}

#[test]
fn a_list_goes_on_at_the_same_address() {
    let provider = build(&json!({"provider": "gemini"})).unwrap();
    let next = Some(("pageToken", "a/b="));
    let called = called(&provider, Operation::Models { list: 0, next }).unwrap();
    assert_eq!(
        called,
        "GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000&pageToken=a%2Fb%3D"
    );
}

#[test]
fn claude_on_vertex_names_its_version_in_the_body() {
    let document =
        json!({"provider": "vertex", "connection": {"project_id": "p", "token": "$env://KEY"}});
    let provider = build(&document).unwrap();
    let account = http(&provider).account().unwrap();
    let body = |operation: Operation<'_>, text: &'static str| {
        let body = account.body(&operation, text.into()).unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let format = Format::Anthropic;
    let chat = Operation::Chat { format, model: "claude-x", stream: false };
    assert_eq!(
        body(chat, r#"{"model":"claude-x","max_tokens":1}"#),
        r#"{"max_tokens":1,"anthropic_version":"vertex-2023-10-16"}"#
    );
    let own = r#"{"max_tokens":1,"anthropic_version":"own"}"#;
    assert_eq!(body(chat, own), own);
    let count = Operation::CountTokens { format, model: "claude-x" };
    assert_eq!(
        body(count, r#"{"model":"claude-x"}"#),
        r#"{"model":"claude-x","anthropic_version":"vertex-2023-10-16"}"#
    );
    let gemini = Operation::Chat { format: Format::Gemini, model: "gemini-x", stream: false };
    assert_eq!(body(gemini, r#"{"model":"m"}"#), r#"{"model":"m"}"#);
}

#[test]
fn members_that_a_kind_needs_or_has_no_use_for_are_told() {
    for (document, expected) in [
        (json!({"provider": "openai", "connection": {"region": "x"}}), "/connection/region"),
        (json!({"provider": "azure-openai"}), "/connection/resource_name"),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r/x"}}),
            "/connection/resource_name",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r",
                "deployment_id": "d", "api_version": "a&b"}}),
            "/connection/api_version",
        ),
        (
            json!({"provider": "azure-openai", "connection": {"resource_name": "r",
                "tenant_id": "t", "client_id": "c"}}),
            "/connection/client_secret",
        ),
        (
            json!({"provider": "bedrock", "connection": {"region": "r"}}),
            "/connection/access_key_id",
        ),
        (
            json!({"provider": "bedrock", "connection": {"region": "r", "access_key_id": "$env://KEY"}}),
            "/connection/secret_access_key",
        ),
        (
            json!({"provider": "bedrock", "connection": {"token": "$env://KEY"}}),
            "/connection/region",
        ),
        (
            json!({"provider": "vertex", "connection": {"token": "$env://KEY"}}),
            "/connection/project_id",
        ),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p"}}),
            "/connection/service_account",
        ),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p", "token": "$env://KEY",
                "api_key": "$env://KEY"}}),
            "/connection/api_key",
        ),
        (
            json!({"provider": "vertex", "connection": {"project_id": "p",
                "service_account": "$env://KEY"}}),
            "/connection/service_account",
        ),
        (json!({"provider": "cloudflare"}), "/connection/account_id"),
        (
            json!({"provider": "openai", "connection": {"formats": ["chat", "converse"]}}),
            "/connection/formats/1",
        ),
        (json!({"provider": "anthropic", "options": {"responses": true}}), "/options/responses"),
        (
            json!({"provider": "anthropic", "connection": {"version": "a\nb"}}),
            "/connection/version",
        ),
    ] {
        let problems = build(&document).err().unwrap_or_default();
        let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
        assert_eq!(places, [expected], "{document}");
    }
}
