use std::collections::BTreeSet;

use serde_json::Value;

use super::document;
use crate::admin::Code;
use crate::admin::tests::TestCatalogue;
use crate::configuration::Schemas;

fn made() -> Value {
    document(&Schemas::new(&TestCatalogue).unwrap(), &TestCatalogue)
}

/// Calls `see` with every object of the document.
fn each(value: &Value, see: &mut dyn FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            see(members);
            members.values().for_each(|member| each(member, see));
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, see)),
        _ => {}
    }
}

#[test]
fn the_operations() {
    let document = made();
    let mut lines = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            let id = operation["operationId"].as_str().unwrap();
            lines.push(format!("{} {path} {id} {statuses:?}", method.to_uppercase()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = made();
    let mut dangling = BTreeSet::new();
    each(&document, &mut |members| {
        if let Some(Value::String(target)) = members.get("$ref")
            && target.strip_prefix('#').and_then(|path| document.pointer(path)).is_none()
        {
            dangling.insert(target.clone());
        }
    });
    assert_eq!(dangling, BTreeSet::new());
}

#[test]
fn operation_ids_are_unique_and_every_tag_is_described() {
    let document = made();
    let described: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].clone().to_string())
        .collect();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].to_string()), "{operation}");
            assert!(described.contains(&operation["tags"][0].to_string()), "{operation}");
        }
    }
}

#[test]
fn every_code_is_in_the_document() {
    let text = made()["components"]["responses"].to_string();
    for code in Code::ALL {
        assert!(text.contains(code.as_str()), "{code:?}");
    }
}

#[test]
fn examples_of_bodies_keep_to_their_schemas() {
    let document = made();
    let mut checked = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            for media in content.values() {
                let mut schema = media["schema"].clone();
                schema["components"] = document["components"].clone();
                let validator = jsonschema::draft202012::new(&schema).unwrap();
                let wrong: Vec<_> =
                    validator.iter_errors(&media["example"]).map(|e| e.to_string()).collect();
                assert!(wrong.is_empty(), "{}: {wrong:?}", operation["operationId"]);
                checked += 1;
            }
        }
    }
    assert!(checked > 80, "{checked}");
}
