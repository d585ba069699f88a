mod addresses;

use sanmon_shared::Problem;
use sanmon_shared::reference::{Nowhere, Variables};
use sanmon_shared::seal::Seal;
use serde_json::{Value, json};

use super::*;
use crate::plugin::BuildContext;

fn build(document: &Value) -> Result<Provider, Vec<Problem>> {
    let seal = Seal::generate().unwrap();
    let mut document = document.clone();
    document["id"] = json!("provider_1");
    for pointer in ["/connection/token", "/connection/headers/X-Key"] {
        if let Some(Value::String(text)) = document.pointer_mut(pointer)
            && !text.contains("://")
        {
            *text = seal.seal(text).unwrap();
        }
    }
    let environment = |name: &str| (name == "KEY").then(|| "sk-env".to_owned());
    let context = BuildContext {
        owner: "test",
        seal: Some(&seal),
        elsewhere: &Variables(environment),
        targets: None,
    };
    Provider::build(&serde_json::from_value(document).unwrap(), &context)
}

fn build_embedding(document: &Value) -> Result<Provider, Vec<Problem>> {
    let seal = Seal::generate().unwrap();
    let environment = |name: &str| (name == "KEY").then(|| "sk-env".to_owned());
    let context = BuildContext {
        owner: "test",
        seal: Some(&seal),
        elsewhere: &Variables(environment),
        targets: None,
    };
    let connection = document.get("connection").cloned().unwrap_or_else(|| json!({}));
    let document = json!({"id": "m", "provider": document["provider"],
        "config": {"connection": connection}});
    Provider::build_embedding(&serde_json::from_value(document).unwrap(), &context)
}

fn headers(provider: &Provider) -> Vec<(String, String)> {
    let Transport::Http(http) = &provider.transport else { panic!("no HTTP") };
    let mut headers: Vec<(String, String)> = http
        .account()
        .unwrap()
        .endpoint
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    headers
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_token_travels_as_the_vendor_wants_it() {
    let openai = build(&json!({"provider": "openai", "connection": {"token": "sk-1"}})).unwrap();
    assert_eq!(headers(&openai), [pair("authorization", "Bearer sk-1")]);
    assert!(!format!("{openai:?}").contains("sk-1"));
    let sarvam = build(&json!({"provider": "Sarvam", "connection": {"token": "$env://KEY"}}));
    assert_eq!(headers(&sarvam.unwrap()), [pair("api-subscription-key", "sk-env")]);
    let own = build(&json!({"provider": "openai-compatible", "connection": {
        "base_url": "http://h/v1", "token": "sk-1", "headers": {"X-Key": "k {api_key}"}}}));
    assert_eq!(headers(&own.unwrap()), [pair("x-key", "k sk-1")]);
    let both = build(&json!({"provider": "openai", "connection": {
        "token": "sk-1", "headers": {"X-Key": "plain"}}}));
    let expected = [pair("authorization", "Bearer sk-1"), pair("x-key", "plain")];
    assert_eq!(headers(&both.unwrap()), expected);
    let none = build(&json!({"provider": "ollama-openai", "connection": {"token": "xxx"}}));
    assert_eq!(headers(&none.unwrap()), []);
}

#[test]
fn several_tokens_take_turns() {
    let provider = build(&json!({"provider": "openai", "connection": {"token": "a, b"}})).unwrap();
    let seen: Vec<String> = (0..3).map(|_| headers(&provider)[0].1.clone()).collect();
    assert_eq!(seen, ["Bearer a", "Bearer b", "Bearer a"]);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let problems = build(&json!({
        "provider": "openai",
        "connection": {
            "base_url": "ftp://h", "token": "$env://UNSET", "headers": {"Host": "$env://KEY"},
            "param_mappings": {"model": "m"}
        },
        "options": {"model": 1},
        "models": {"include": ["("]}
    }))
    .unwrap_err();
    let mut places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "/connection/base_url",
            "/connection/headers/Host",
            "/connection/param_mappings/model",
            "/connection/token",
            "/models/include/0",
            "/options/model"
        ]
    );
}

#[test]
fn kinds_that_are_not_there_name_what_is() {
    let message = |kind: &str| {
        build(&json!({"provider": kind})).unwrap_err().pop().map(|problem| problem.message).unwrap()
    };
    assert!(message("jlama").contains("ollama"));
    assert!(message("nonsense").contains("openai-compatible"));
    assert!(message("nonsense").contains("there are: openai, "));
}

#[test]
fn a_write_is_checked_without_its_secrets() {
    let document = json!({"id": "p", "provider": "openai",
        "connection": {"token": "$env://UNSET", "headers": {"x-org": "sealed:v1:AAAA"}}});
    let context = BuildContext { owner: "test", seal: None, elsewhere: &Nowhere, targets: None };
    assert!(Provider::build(&serde_json::from_value(document).unwrap(), &context).is_ok());
}

#[test]
fn names_of_kinds_are_unique() {
    let mut names: Vec<&str> = kinds().map(|kind| kind.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// The formats of a row, those on request in brackets.
fn formats(kind: &Kind) -> String {
    let mut names: Vec<String> = Vec::new();
    for speaks in kind.formats {
        let name = speaks.format.name();
        names.push(if speaks.on_request { format!("({name})") } else { name.to_owned() });
    }
    names.dedup();
    names.join(" ")
}

#[test]
fn the_table_of_vendors() {
    let rows: Vec<String> = kinds()
        .map(|kind| {
            let model = |model: Option<Option<&str>>| match model {
                None => "-".to_owned(),
                Some(model) => model.unwrap_or("(none)").to_owned(),
            };
            let renames: Vec<String> =
                kind.renames.iter().map(|(from, to)| format!("{from}>{to}")).collect();
            format!(
                "{} | {} | {:?} | {} | chat {} | embeddings {} | {}",
                kind.name,
                kind.base_url,
                kind.auth,
                formats(kind),
                model(kind.chat),
                model(kind.embeddings),
                renames.join(" "),
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}
