//! The schemas themselves: what a document breaks is told in words.

use serde_json::json;

use super::explain::nearest;
use super::*;
use crate::configuration::tests::catalogue::TestCatalogue;

fn schemas() -> Schemas {
    Schemas::new(&TestCatalogue::new()).unwrap()
}

#[test]
fn every_reference_between_schemas_leads_somewhere() {
    fn walk(root: &Value, value: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            assert!(root.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
        }
        match value {
            Value::Object(members) => members.values().for_each(|value| walk(root, value)),
            Value::Array(items) => items.iter().for_each(|value| walk(root, value)),
            _ => {}
        }
    }
    let schemas = schemas();
    walk(schemas.root(), schemas.root());
    for kind in schemas.kinds() {
        assert!(schemas.components().any(|(name, _)| name == kind.title), "{}", kind.title);
    }
}

#[test]
fn unknown_members_are_refused_in_every_object_that_lists_its_own() {
    let schemas = schemas();
    for (name, schema) in schemas.components() {
        // Which options there are, each vendor knows for itself.
        let is_open = name == "ProviderOptions";
        if schema.get("properties").is_some() {
            assert_eq!(schema["additionalProperties"], json!(is_open), "{name}");
        }
    }
}

#[test]
fn texts_never_hold_a_value_of_the_document() {
    let schemas = schemas();
    for document in [
        json!("canary"),
        json!({"provider": ["canary"], "connection": "canary", "tags": "canary"}),
        json!({"provider": "x", "connection": {"token": {"canary": 1}, "mock": {"chunks": -7}}}),
        json!({"provider": "x", "metadata": {"a": ["canary"]}, "models": "canary"}),
    ] {
        let problems = schemas.check("providers", &document);
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| !problem.message.contains("canary")), "{problems:?}");
    }
}

#[test]
fn what_is_meant_is_guessed_if_it_is_near() {
    let names = || ["allowConfigOverride", "base_url", "name", "tags"].into_iter();
    assert_eq!(nearest("nmae", names()), Some("name"));
    assert_eq!(nearest("baseUrl", names()), Some("base_url"));
    assert_eq!(nearest("allow_config_overide", names()), Some("allowConfigOverride"));
    assert_eq!(nearest("entirely_else", names()), None);
}
