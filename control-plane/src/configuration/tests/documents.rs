//! What is taken as a document, and what is told of one that is not.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sanmon_shared::marks::Mark;

use super::*;

async fn refused(plural: &str, document: Value) -> WriteError {
    let rig = Rig::new().await;
    rig.write(Operation::create(plural, document)).await.unwrap_err()
}

#[tokio::test]
async fn the_example_of_each_kind_is_taken_with_what_it_refers_to() {
    let rig = Rig::new().await;
    rig.put("providers", "provider_example", provider("example")).await;
    for kind in rig.configuration.schemas().kinds().copied().collect::<Vec<_>>() {
        let written = rig.write(Operation::create(kind.plural, (kind.example)())).await;
        assert!(written.is_ok(), "{}: {written:?}", kind.plural);
    }
}

#[tokio::test]
async fn what_get_gave_put_takes_and_nothing_changes() {
    let rig = Rig::new().await;
    rig.put("providers", "provider_example", provider("example")).await;
    for kind in rig.configuration.schemas().kinds().copied().collect::<Vec<_>>() {
        let created = rig.write(Operation::create(kind.plural, (kind.example)())).await.unwrap();
        let id = created.outcomes[0].id.to_string();
        let mut read = rig.read(kind.plural, &id);
        let again = rig.put(kind.plural, &id, read.clone()).await;
        assert!(!again.changed, "{}", kind.plural);
        assert_eq!(again.outcomes[0].effect, Effect::Unchanged);
        assert_eq!(again.outcomes[0].revision, created.outcomes[0].revision);
        // What other systems and our own answers add is taken and not stored.
        let members = read.as_object_mut().unwrap();
        members.insert("kind".to_owned(), json!("proxy.otoroshi.io/Route"));
        members.insert("_loc".to_owned(), json!({"tenant": "default", "teams": ["default"]}));
        members.insert("warnings".to_owned(), json!([{"pointer": "", "message": ""}]));
        if kind.plural == "apikeys" {
            members.insert("bearer".to_owned(), json!("otoapk_x_y"));
        }
        assert!(!rig.put(kind.plural, &id, read).await.changed, "{}", kind.plural);
    }
}

#[tokio::test]
async fn an_answer_to_a_creation_is_taken_back_as_it_is() {
    let rig = Rig::new().await;
    let document = json!({"clientName": "app", "rotation": {"enabled": true}});
    let created = rig.write(Operation::create("apikeys", document)).await.unwrap();
    let id = created.outcomes[0].id.to_string();
    let answer = shown(&created).clone();
    assert!(answer["bearer"].is_string() && answer["rotation"]["bearer"].is_string());
    assert!(!rig.put("apikeys", &id, answer).await.changed);
}

#[tokio::test]
async fn every_problem_is_told_at_once_with_its_pointer() {
    let document = json!({
        "nmae": "x",
        "frontend": {"domains": null, "exact": "yes"},
        "backend": {"targets": [{"port": 99999}]},
        "plugins": [
            {"plugin": "openai-chat-completion"},
            {"plugin": "openai-models", "config": {"refs": ["nobody"], "ref": 1}},
            {"plugin": "signer"},
            {},
            {"plugin": "cors", "ref": "x"},
        ],
    });
    let error = refused("routes", document).await;
    assert_eq!(
        pointers(&error),
        [
            "/backend/targets/0",
            "/frontend/domains",
            "/frontend/exact",
            "/nmae",
            "/plugins/0/plugin",
            "/plugins/1/config/ref",
            "/plugins/1/config/refs/0",
            "/plugins/2/config",
            "/plugins/3",
            "/plugins/4",
            "/plugins/4/ref",
        ]
    );
    let text = error.to_string();
    assert!(text.contains("is \"name\" meant?"), "{text}");
    assert!(text.contains("is \"openai-chat-completions\" meant?"), "{text}");
}

#[tokio::test]
async fn numbers_beyond_what_a_type_holds_are_told_where_they_stand() {
    let target = json!({"hostname": "h", "port": 99999});
    let error = refused("routes", json!({"backend": {"targets": [target]}})).await;
    assert_eq!(pointers(&error), ["/backend/targets/0/port"]);
}

#[tokio::test]
async fn a_text_that_is_no_time_is_told() {
    let error = refused("admins", json!({"valid_until": "tomorrow"})).await;
    assert_eq!(pointers(&error), ["/valid_until"]);
}

#[tokio::test]
async fn ids_are_refused_where_they_would_not_stand_in_a_path() {
    for id in ["a/b", "..", "a\u{7}"] {
        assert_eq!(pointers(&refused("routes", json!({"id": id})).await), ["/id"]);
    }
    let rig = Rig::new().await;
    let put = Operation::put("routes", "a", json!({"id": "b"}));
    assert_eq!(pointers(&rig.write(put).await.unwrap_err()), ["/id"]);
    let put = Operation::put("apikeys", "a", json!({"clientId": "b"}));
    assert_eq!(pointers(&rig.write(put).await.unwrap_err()), ["/clientId"]);
}

#[tokio::test]
async fn a_config_beside_a_reference_to_a_stored_plugin_is_refused() {
    let rig = Rig::new().await;
    rig.put("plugins", "p", json!({"plugin": "signer", "config": {"secret": "canary"}})).await;
    let slot = json!({"ref": "p", "config": {"secret": "canary"}});
    let error = rig.write(Operation::create("routes", json!({"plugins": [slot]}))).await;
    assert_eq!(pointers(&error.unwrap_err()), ["/plugins/0/config"]);
    let slot = json!({"ref": "p", "config": {}});
    rig.write(Operation::create("routes", json!({"plugins": [slot]}))).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_built_is_refused() {
    assert_eq!(pointers(&refused("providers", provider("unbuildable")).await), ["/name"]);
}

#[tokio::test]
async fn a_document_nested_too_deep_is_refused() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let error = refused("providers", json!({"provider": "mock", "options": {"x": deep}})).await;
    assert_eq!(pointers(&error), [""]);
}

/// The members that are taken without effect, of all kinds.
#[tokio::test]
async fn warnings_name_every_member_without_effect() {
    let rig = Rig::new().await;
    let schemas = rig.configuration.schemas();
    let mut inert = BTreeSet::new();
    for kind in schemas.kinds() {
        let mut members = Vec::new();
        collect(schemas.root(), schemas.schema(kind.plural).unwrap(), "", 0, &mut members);
        inert.extend(members.into_iter().map(|member| format!("{}{member}", kind.plural)));
    }
    insta::assert_snapshot!(inert.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Pointers of everything with `x-inert`, `*` standing for any item or member.
fn collect(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth > 20 {
        return;
    }
    if schema.get("x-inert").is_some() {
        found.push(at.to_owned());
    }
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.strip_prefix('#').unwrap()).unwrap();
        collect(root, target, at, depth + 1, found);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for form in schema[keyword].as_array().into_iter().flatten() {
            collect(root, form, at, depth + 1, found);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(root, member, &format!("{at}/{name}"), depth + 1, found);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(keyword) {
            collect(root, inner, &format!("{at}/*"), depth + 1, found);
        }
    }
}

#[tokio::test]
async fn a_member_without_effect_is_warned_of_only_when_it_says_something() {
    let rig = Rig::new().await;
    let document = json!({
        "provider": "openai",
        "memory": null,
        "guardrails": [],
        "context": {"default": null, "contexts": []},
        "cache": {"strategy": "simple"},
    });
    let written = rig.write(Operation::create("providers", document)).await.unwrap();
    let warned: Vec<_> =
        written.outcomes[0].warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(warned, ["/cache"]);
}

/// A value of some other shape.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/~$*\\[(.:]{0,12}".prop_map(Value::from),
        Just(json!("********")),
        Just(json!("********-0123abcd")),
        Just(json!("sealed:v1:AAAA")),
        Just(json!("hashed:v1:00:00")),
        Just(json!("${vault://")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every pointer of a document.
fn places(document: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let inner: Vec<(String, &Value)> = match document {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        places(value, &format!("{at}/{name}"), found);
    }
}

fn full() -> Vec<(&'static str, Value)> {
    let slot = json!({"plugin": "signer", "config": {"secret": "s", "more": ["t"]}, "include": []});
    vec![
        (
            "routes",
            json!({
                "id": "r", "name": "n", "frontend": {"domains": ["a.b/c"], "headers": {"x": "y"}},
                "backend": {"targets": [{"hostname": "h", "port": 1, "tls": true}], "client": {}},
                "plugins": [slot, {"ref": "p"}], "metadata": {"a": "b"}, "groups": ["g"],
            }),
        ),
        (
            "apikeys",
            json!({
                "clientId": "c", "clientSecret": "s3cret-s3cret", "keepSecret": true,
                "rotation": {"enabled": true, "nextSecret": "s3cret-s3cret2"},
                "restrictions": {"enabled": true, "allowed": [{"path": "/a"}]},
                "authorizations": [{"kind": "group", "id": "g"}], "validUntil": 1,
            }),
        ),
        ("admins", json!({"id": "a", "key": "k".repeat(40), "role": "admin", "valid_until": null})),
        (
            "providers",
            json!({
                "provider": "openai",
                "connection": {"token": "t", "headers": {"a": "b"}, "mock": {"chunks": 1}},
                "options": {"model": "m"},
            }),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_document_is_taken_or_refused_and_never_a_panic(
        which in 0_usize..4,
        place in any::<prop::sample::Index>(),
        value in anything(),
        patched in any::<bool>(),
    ) {
        use std::sync::LazyLock;
        static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
        });
        static RIG: LazyLock<Rig> = LazyLock::new(|| RUNTIME.block_on(async {
            let rig = Rig::new().await;
            rig.put("plugins", "p", json!({"plugin": "cors"})).await;
            rig.configuration.bootstrap_admin(None).await.unwrap();
            for (plural, document) in full() {
                rig.put(plural, "x", document_for(plural, document)).await;
            }
            rig
        }));
        let (plural, mut document) = full().swap_remove(which);
        document = document_for(plural, document);
        let mut all = Vec::new();
        places(&document, "", &mut all);
        let place = place.get(&all);
        let operation = if patched {
            let patch = json!([{"op": "replace", "path": place, "value": value}]);
            Operation::patch(plural, "x", patch)
        } else {
            *document.pointer_mut(place).unwrap() = value;
            Operation::put(plural, "x", document)
        };
        let result = RUNTIME.block_on(RIG.write(operation));
        match result {
            Ok(_) => {
                // What was stored is read, and written back as it was read.
                let read = RIG.read(plural, "x");
                let again = RUNTIME.block_on(RIG.write(Operation::put(plural, "x", read)));
                prop_assert!(!again.unwrap().changed);
            }
            Err(WriteError::Invalid(problems)) => prop_assert!(!problems.is_empty()),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}

/// The document under the id "x".
fn document_for(plural: &str, mut document: Value) -> Value {
    let field = if plural == "apikeys" { "clientId" } else { "id" };
    document[field] = json!("x");
    document
}

#[test]
fn every_secret_of_every_kind_is_marked() {
    let catalogue = TestCatalogue::new();
    let schemas = Schemas::new(&catalogue).unwrap();
    let marks = |plural: &str, document: &Value| {
        let schema = schemas.schema(plural).unwrap();
        let marked = sanmon_shared::marks::marks(schemas.root(), schema, document, &catalogue);
        let secret =
            |m: &sanmon_shared::marks::Marked| matches!(m.mark, Mark::Secret | Mark::Hashed);
        marked.into_iter().filter(secret).map(|m| m.pointer).collect::<Vec<_>>()
    };
    let found: Vec<_> = full().iter().map(|(plural, document)| marks(plural, document)).collect();
    assert_eq!(found[0], ["/plugins/0/config/secret", "/plugins/0/config/more/0"]);
    assert_eq!(found[1], ["/clientSecret", "/rotation/nextSecret"]);
    assert_eq!(found[2], ["/key"]);
    assert_eq!(found[3], ["/connection/token", "/connection/headers/a"]);
}
