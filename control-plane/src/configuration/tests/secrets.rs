//! Secrets: never shown again, never lost.

use std::fmt::Write as _;

use sanmon_shared::secret::{HashedSecret, bearer};

use super::*;

const CANARY: &str = "sk-canary-1";

fn two_slots(first: &Value, second: &Value) -> Value {
    json!({"plugins": [
        {"plugin": "signer", "config": {"secret": first}},
        {"plugin": "signer", "config": {"secret": second}},
    ]})
}

fn signed(slot: usize) -> String {
    format!("/plugins/{slot}/config/secret")
}

#[tokio::test]
async fn a_secret_is_stored_sealed_and_read_as_a_placeholder() {
    let rig = Rig::new().await;
    let written = rig.put("providers", "p", provider("a")).await;
    let stored = rig.stored("providers", "p");
    assert!(stored["connection"]["token"].as_str().unwrap().starts_with("sealed:v1:"));
    let read = rig.read("providers", "p");
    assert!(read["connection"]["token"].as_str().unwrap().starts_with("********-"));
    assert_eq!(&read, shown(&written));
}

#[tokio::test]
async fn a_placeholder_finds_its_secret_in_a_moved_slot() {
    let rig = Rig::new().await;
    rig.put("routes", "r", two_slots(&json!("first-canary"), &json!("second-canary"))).await;
    let (stored, read) = (rig.stored("routes", "r"), rig.read("routes", "r"));
    let at = |document: &Value, slot| document.pointer(&signed(slot)).unwrap().clone();
    rig.put("routes", "r", two_slots(&at(&read, 1), &at(&read, 0))).await;
    let moved = rig.stored("routes", "r");
    assert_eq!(at(&moved, 0), at(&stored, 1));
    assert_eq!(at(&moved, 1), at(&stored, 0));
    // A JSON Patch moves slots as well.
    let patch = json!([{"op": "move", "from": "/plugins/0", "path": "/plugins/1"}]);
    rig.write(Operation::patch("routes", "r", patch)).await.unwrap();
    assert_eq!(at(&rig.stored("routes", "r"), 0), at(&stored, 0));
    // A placeholder without a tag stands for what was there.
    rig.put("routes", "r", two_slots(&json!("********"), &json!("other-canary"))).await;
    assert_eq!(at(&rig.stored("routes", "r"), 0), at(&stored, 0));
}

#[tokio::test]
async fn a_placeholder_that_stands_for_nothing_is_refused() {
    let rig = Rig::new().await;
    for text in ["********", "********-00000000"] {
        let document = json!({"provider": "openai", "connection": {"token": text}});
        let error = rig.write(Operation::create("providers", document)).await.unwrap_err();
        assert_eq!(pointers(&error), ["/connection/token"]);
        let error = rig.write(Operation::create("apikeys", json!({"clientSecret": text}))).await;
        assert_eq!(pointers(&error.unwrap_err()), ["/clientSecret"]);
    }
}

#[tokio::test]
async fn references_to_the_environment_stay_as_written_if_they_can_be_read() {
    let rig = Rig::new().await;
    let with = |token: &str| json!({"provider": "openai", "connection": {"token": token}});
    for token in ["$env://OPENAI_API_KEY", "Bearer ${vault://env/KEY}", ""] {
        rig.put("providers", "p", with(token)).await;
        assert_eq!(rig.read("providers", "p")["connection"]["token"], token);
        assert_eq!(rig.stored("providers", "p")["connection"]["token"], token);
    }
    for token in ["${vault://hashicorp/x}", "${vault://env/KEY"] {
        let error = rig.write(Operation::put("providers", "p", with(token))).await.unwrap_err();
        assert_eq!(pointers(&error), ["/connection/token"]);
    }
}

#[tokio::test]
async fn a_sealed_secret_is_taken_if_it_opens() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    let sealed = rig.stored("providers", "p")["connection"]["token"].clone();
    let with = |token: &Value| json!({"provider": "openai", "connection": {"token": token}});
    rig.put("providers", "q", with(&sealed)).await;
    assert_eq!(rig.stored("providers", "q")["connection"]["token"], sealed);
    let foreign = json!(sanmon_shared::seal::Seal::generate().unwrap().seal("x").unwrap());
    let error = rig.write(Operation::put("providers", "q", with(&foreign))).await.unwrap_err();
    assert_eq!(pointers(&error), ["/connection/token"]);
}

#[tokio::test]
async fn a_key_gets_a_secret_that_is_shown_once_with_its_bearer_form() {
    let rig = Rig::new().await;
    let created =
        rig.write(Operation::create("apikeys", json!({"clientName": "x"}))).await.unwrap();
    let id = created.outcomes[0].id.to_string();
    let secret = shown(&created)["clientSecret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 64);
    assert_eq!(shown(&created)["bearer"], bearer(&id, &secret));
    let stored = rig.stored("apikeys", &id);
    let hashed = HashedSecret::parse(stored["clientSecret"].as_str().unwrap()).unwrap();
    assert!(hashed.is_secret(secret.as_bytes()) && hashed.sealed().is_none());
    assert!(hashed.is_bearer(bearer(&id, &secret).as_bytes()));
    assert!(stored.get("bearer").is_none());
    assert!(rig.read("apikeys", &id).get("bearer").is_none());
    // Left out, it stays; written again, it stays too.
    let document = json!({"clientName": "x"});
    assert!(!rig.put("apikeys", &id, document.clone()).await.changed);
    let mut again = document;
    again["clientSecret"] = json!(secret);
    rig.put("apikeys", &id, again).await;
    assert_eq!(rig.stored("apikeys", &id)["clientSecret"], stored["clientSecret"]);
    // Another one is shown in turn.
    let other = rig.put("apikeys", &id, json!({"clientSecret": "another-secret"})).await;
    assert_eq!(shown(&other)["clientSecret"], "another-secret");
    assert_eq!(shown(&other)["bearer"], bearer(&id, "another-secret"));
}

#[tokio::test]
async fn the_next_secret_becomes_the_first_by_its_placeholder() {
    let rig = Rig::new().await;
    let document = json!({"clientSecret": "first-secret", "rotation": {"enabled": true}});
    let created = rig.put("apikeys", "k", document).await;
    let next = shown(&created)["rotation"]["nextSecret"].as_str().unwrap().to_owned();
    assert_eq!(shown(&created)["rotation"]["bearer"], bearer("k", &next));
    let placeholder = rig.read("apikeys", "k")["rotation"]["nextSecret"].clone();
    rig.put("apikeys", "k", json!({"clientSecret": placeholder})).await;
    let stored = rig.stored("apikeys", "k");
    let hashed = HashedSecret::parse(stored["clientSecret"].as_str().unwrap()).unwrap();
    assert!(hashed.is_secret(next.as_bytes()));
}

#[tokio::test]
async fn a_secret_is_kept_sealed_only_where_the_key_asks_for_it() {
    let rig = Rig::new().await;
    let keep = |keep: bool| json!({"clientSecret": "s3cret-s3cret", "keepSecret": keep});
    let sealed = |rig: &Rig| {
        let stored = rig.stored("apikeys", "k")["clientSecret"].as_str().unwrap().to_owned();
        HashedSecret::parse(&stored).unwrap().sealed().is_some()
    };
    rig.put("apikeys", "k", keep(true)).await;
    assert!(sealed(&rig));
    assert!(!rig.put("apikeys", "k", keep(true)).await.changed);
    rig.write(Operation::merge("apikeys", "k", json!({"keepSecret": false}))).await.unwrap();
    assert!(!sealed(&rig));
    let again = Operation::merge("apikeys", "k", json!({"keepSecret": true}));
    assert_eq!(pointers(&rig.write(again).await.unwrap_err()), ["/keepSecret"]);
    rig.put("apikeys", "k", keep(true)).await;
    assert!(sealed(&rig));
}

#[tokio::test]
async fn a_client_cannot_plant_a_hash() {
    let rig = Rig::new().await;
    let hash = HashedSecret::store("k", "s3cret-s3cret", None);
    let error = rig.write(Operation::put("apikeys", "k", json!({"clientSecret": hash}))).await;
    assert_eq!(pointers(&error.unwrap_err()), ["/clientSecret"]);
    for secret in ["$env://SECRET", "short"] {
        let error =
            rig.write(Operation::put("apikeys", "k", json!({"clientSecret": secret}))).await;
        assert_eq!(pointers(&error.unwrap_err()), ["/clientSecret"]);
    }
    let error = rig.write(Operation::create("admins", json!({"key": "only-twenty-four-long-xx"})));
    assert_eq!(pointers(&error.await.unwrap_err()), ["/key"]);
}

#[tokio::test]
async fn a_secret_made_in_a_transaction_is_shown_although_the_document_is_changed_again() {
    let rig = Rig::new().await;
    let written = rig
        .transact(vec![
            Operation::put("apikeys", "k", json!({})),
            Operation::merge("apikeys", "k", json!({"clientName": "later"})),
        ])
        .await
        .unwrap();
    let secret = shown(&written)["clientSecret"].as_str().unwrap();
    let stored = rig.stored("apikeys", "k");
    assert_eq!(stored["clientName"], "later");
    let hashed = HashedSecret::parse(stored["clientSecret"].as_str().unwrap()).unwrap();
    assert!(hashed.is_secret(secret.as_bytes()));
}

#[tokio::test]
async fn an_export_taken_in_again_keeps_every_secret() {
    let rig = Rig::new().await;
    fill(&rig).await;
    let export = serde_json::to_value(rig.configuration.export().await.unwrap()).unwrap();
    let import = async |mode| {
        rig.configuration.import(&author(), export.clone(), mode, String::new(), false).await
    };
    for mode in [ImportMode::Merge, ImportMode::Replace] {
        let written = import(mode).await.unwrap();
        assert!(!written.changed, "{mode:?}");
    }
    let digest = rig.configuration.state().head().digest;
    // All gone but who can write, and then back.
    let mut empty = export.clone();
    for (plural, documents) in empty["resources"].as_object_mut().unwrap() {
        if plural != "admins" {
            *documents = json!([]);
        }
    }
    let written = rig
        .configuration
        .import(&author(), empty, ImportMode::Replace, String::new(), false)
        .await
        .unwrap();
    assert!(written.changed);
    assert_eq!(rig.configuration.state().count("routes"), 0);
    import(ImportMode::Merge).await.unwrap();
    assert_eq!(rig.configuration.state().head().digest, digest);
}

#[tokio::test]
async fn an_import_tells_every_problem_where_it_stands() {
    let rig = Rig::new().await;
    let import = json!({
        "format": "sanmon.export/v1",
        "resources": {
            "routes": [{"id": "a"}, {"id": "b", "nmae": ""}],
            "providers": [{"id": "p", "provider": 1}],
        },
    });
    let (configuration, author) = (&rig.configuration, author());
    let result = configuration.import(&author, import, ImportMode::Merge, String::new(), false);
    let error = result.await.unwrap_err();
    assert_eq!(pointers(&error), ["/resources/providers/0/provider", "/resources/routes/1/nmae"]);
    let import = json!({"format": "x", "resources": {"unicorns": [], "routes": {}}});
    let result = configuration.import(&author, import, ImportMode::Merge, String::new(), false);
    let error = result.await.unwrap_err();
    assert_eq!(pointers(&error), ["/format", "/resources/unicorns", "/resources/routes"]);
}

#[tokio::test]
async fn a_rollback_keeps_every_secret() {
    let rig = Rig::new().await;
    fill(&rig).await;
    let before = rig.configuration.state();
    let secret = json!({"clientSecret": "another-secret"});
    rig.write(Operation::merge("apikeys", "k", secret)).await.unwrap();
    rig.write(Operation::delete("routes", "r", false)).await.unwrap();
    rig.put("providers", "p", provider("renamed")).await;
    rig.put("providers", "new", provider("new")).await;
    let n = before.head().revision;
    let written = rig.configuration.rollback(&author(), n, "back".to_owned(), false).await.unwrap();
    assert_eq!(written.head.revision, n + 5);
    assert_eq!(written.head.digest, before.head().digest);
    assert_eq!(rig.configuration.state().head(), &written.head);
    let again = rig.configuration.rollback(&author(), n, String::new(), false).await.unwrap();
    assert!(!again.changed);
}

/// One of everything that has a secret.
async fn fill(rig: &Rig) {
    rig.configuration.bootstrap_admin(Some(format!("{CANARY}{}", "k".repeat(40)))).await.unwrap();
    rig.transact(vec![
        Operation::put("providers", "p", provider("a")),
        Operation::put("routes", "r", two_slots(&json!(CANARY), &json!("$env://X"))),
        Operation::put("plugins", "i", json!({"plugin": "signer", "config": {"secret": CANARY}})),
        Operation::put("apikeys", "k", json!({"clientSecret": CANARY, "keepSecret": true})),
        Operation::put(
            "embedding-models",
            "e",
            json!({"provider": "openai", "config": {"connection": {"headers": {"x": CANARY}}}}),
        ),
    ])
    .await
    .unwrap();
}

#[tokio::test]
async fn a_canary_is_shown_nowhere() {
    let rig = Rig::new().await;
    fill(&rig).await;
    let mut seen = String::new();
    let configuration = &rig.configuration;
    for kind in configuration.schemas().kinds() {
        for entry in configuration.state().list(kind.plural) {
            seen += &configuration.shown(entry).to_string();
        }
    }
    // Every write of a canary into every place, right or wrong, and what is told of it.
    for (plural, id) in [("providers", "p"), ("routes", "r"), ("apikeys", "k"), ("admins", "admin")]
    {
        for place in ["/name", "/tags", "/enabled", "/connection", "/plugins", "/key", "/frontend"]
        {
            for value in [json!(CANARY), json!([CANARY]), json!({"secret": CANARY})] {
                let patch = json!([{"op": "add", "path": place, "value": value}]);
                let request = WriteRequest::single(Operation::patch(plural, id, patch));
                if let Err(error) = configuration.write(&author(), request.dry_run(true)).await {
                    write!(seen, "{error} {error:?}").unwrap();
                }
            }
        }
    }
    rig.put("providers", "p", provider("renamed")).await;
    let newest = configuration.state().head().revision;
    for n in 1..=newest {
        seen += &serde_json::to_string(&configuration.revision(n).await.unwrap()).unwrap();
    }
    let diff = configuration.diff(0, newest).await.unwrap();
    seen += &serde_json::to_string(&diff).unwrap();
    write!(seen, "{diff:?} {:?}", configuration.state()).unwrap();
    seen += &serde_json::to_string(&configuration.export().await.unwrap()).unwrap();
    let operation = Operation::put("providers", "p", provider("x"));
    write!(seen, "{operation:?}").unwrap();
    let written = rig.write(operation).await.unwrap();
    write!(seen, "{written:?}").unwrap();
    let told = seen.find(CANARY).map(|at| seen.get(at.saturating_sub(200)..at + 20));
    assert_eq!(told, None);
    assert!(seen.contains("********-"));
}
