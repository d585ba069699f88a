//! Creating, replacing, patching, deleting, and doing several of these at once.

use sanmon_shared::Problem;

use super::*;

fn only_if(if_match: Option<Match>, if_none_match: Option<Match>) -> Precondition {
    Precondition { if_match, if_none_match }
}

#[tokio::test]
async fn a_write_makes_one_revision_and_one_that_changes_nothing_makes_none() {
    let rig = Rig::new().await;
    let first = rig.put("providers", "p", provider("a")).await;
    assert_eq!((first.head.revision, first.changed), (1, true));
    let again = rig.put("providers", "p", provider("a")).await;
    assert_eq!((again.head.revision, again.changed), (1, false));
    let renamed = rig.put("providers", "p", provider("b")).await;
    assert_eq!((renamed.head.revision, renamed.outcomes[0].effect), (2, Effect::Updated));
    assert_eq!(rig.configuration.state().get("providers", "p").unwrap().revision, 2);
}

#[tokio::test]
async fn a_taken_id_a_missing_one_and_an_unknown_kind_are_told_apart() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    let mut document = provider("b");
    document["id"] = json!("p");
    let taken = rig.write(Operation::create("providers", document)).await.unwrap_err();
    assert!(matches!(taken, WriteError::IdTaken { .. }));
    for operation in [
        Operation::merge("providers", "q", json!({})),
        Operation::patch("providers", "q", json!([])),
        Operation::delete("providers", "q", true),
    ] {
        let error = rig.write(operation).await.unwrap_err();
        assert!(matches!(error, WriteError::NotFound { .. }), "{error:?}");
    }
    let error = rig.write(Operation::create("unicorns", json!({}))).await.unwrap_err();
    assert!(matches!(error, WriteError::UnknownKind(_)));
}

#[tokio::test]
async fn preconditions_are_those_of_http() {
    let rig = Rig::new().await;
    let put = |condition| Operation::put("providers", "p", provider("a")).only_if(condition);
    let missing = put(only_if(Some(Match::Any), None));
    let error = rig.write(missing).await.unwrap_err();
    assert!(matches!(error, WriteError::Precondition { revision: None, .. }));
    rig.write(put(only_if(None, Some(Match::Any)))).await.unwrap();
    let error = rig.write(put(only_if(None, Some(Match::Any)))).await.unwrap_err();
    assert!(matches!(error, WriteError::Precondition { revision: Some(1), .. }));
    rig.write(put(only_if(Some(Match::Revisions(vec![7, 1])), None))).await.unwrap();
    let error = rig.write(put(only_if(Some(Match::Revisions(vec![7])), None))).await.unwrap_err();
    assert!(matches!(error, WriteError::Precondition { revision: Some(1), .. }));
}

#[tokio::test]
async fn patches_change_what_they_name() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    rig.write(Operation::merge("providers", "p", json!({"name": "b", "tags": ["t"]})))
        .await
        .unwrap();
    let patch = json!([
        {"op": "test", "path": "/name", "value": "b"},
        {"op": "add", "path": "/tags/-", "value": "u"},
        {"op": "remove", "path": "/connection/token"},
    ]);
    rig.write(Operation::patch("providers", "p", patch)).await.unwrap();
    let expected = json!({
        "id": "p", "name": "b", "provider": "openai", "connection": {}, "tags": ["t", "u"],
    });
    assert_eq!(rig.read("providers", "p"), expected);
    let wrong = json!([{"op": "test", "path": "/name", "value": "z"}]);
    let error = rig.write(Operation::patch("providers", "p", wrong)).await.unwrap_err();
    assert_eq!(pointers(&error), ["/0"]);
    let error =
        rig.write(Operation::merge("providers", "p", json!({"id": "q"}))).await.unwrap_err();
    assert_eq!(pointers(&error), ["/id"]);
    let error = rig.write(Operation::merge("providers", "p", json!([1]))).await.unwrap_err();
    assert_eq!(pointers(&error), [""]);
}

#[tokio::test]
async fn what_others_refer_to_is_deleted_by_force_only_and_says_what_breaks() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    rig.put("routes", "r", chat_route(&["p"])).await;
    let error = rig.write(Operation::delete("providers", "p", false)).await.unwrap_err();
    let expected = Referrer {
        kind: "routes".to_owned(),
        id: "r".to_owned(),
        pointer: "/plugins/0/config/refs/0".to_owned(),
    };
    match error {
        WriteError::Referenced { by, .. } => assert_eq!(by, std::slice::from_ref(&expected)),
        other => panic!("{other:?}"),
    }
    let written = rig.write(Operation::delete("providers", "p", true)).await.unwrap();
    assert_eq!(written.outcomes[0].broken_references, [expected]);
    assert_eq!(written.outcomes[0].effect, Effect::Deleted);
    // The route stays as it is; changed, it has to be whole again.
    assert!(!rig.put("routes", "r", rig.read("routes", "r")).await.changed);
    let error = rig.write(Operation::merge("routes", "r", json!({"name": "x"}))).await.unwrap_err();
    assert_eq!(pointers(&error), ["/plugins/0/config/refs/0"]);
}

#[tokio::test]
async fn targets_and_fallbacks_of_providers_are_references() {
    let rig = Rig::new().await;
    let targets = json!({
        "provider": "loadbalancer",
        "provider_fallback": "a",
        "targets": [{"ref": "b"}],
        "options": {"refs": ["c", {"ref": "d", "weight": 2}]}
    });
    let error = rig.write(Operation::put("providers", "lb", targets.clone())).await.unwrap_err();
    let mut found = pointers(&error);
    found.sort_unstable();
    assert_eq!(
        found,
        ["/options/refs/0", "/options/refs/1/ref", "/provider_fallback", "/targets/0/ref"]
    );
    for id in ["a", "b", "c", "d"] {
        rig.put("providers", id, provider(id)).await;
    }
    rig.put("providers", "lb", targets).await;
    for id in ["a", "b", "c", "d"] {
        assert_eq!(rig.configuration.state().referrers("providers", id).count(), 1, "{id}");
    }
    let wrong = json!({"provider": "loadbalancer", "options": {"refs": [{"ref": "a", "wait": 2}]}});
    let error = rig.write(Operation::put("providers", "lb", wrong)).await.unwrap_err();
    assert!(!pointers(&error).is_empty());
}

#[tokio::test]
async fn in_a_transaction_only_the_end_counts_for_references() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    rig.put("routes", "r", chat_route(&["p"])).await;
    let written = rig
        .transact(vec![
            Operation::delete("providers", "p", false),
            Operation::put("routes", "r", chat_route(&["q"])),
            Operation::put("providers", "q", provider("b")),
        ])
        .await
        .unwrap();
    assert_eq!(written.head.revision, 3);
    assert!(rig.configuration.state().get("providers", "p").is_none());
    assert_eq!(rig.configuration.state().referrers("providers", "q").count(), 1);
    assert_eq!(rig.configuration.state().referrers("providers", "p").count(), 0);
}

#[tokio::test]
async fn a_transaction_is_done_whole_or_not_at_all() {
    let rig = Rig::new().await;
    let error = rig
        .transact(vec![
            Operation::put("providers", "p", provider("a")),
            Operation::create("routes", json!({"frontend": {"domains": null}})),
            Operation::create("routes", chat_route(&["nobody"])),
        ])
        .await
        .unwrap_err();
    assert_eq!(
        pointers(&error),
        [
            "/operations/1/document/frontend/domains",
            "/operations/2/document/plugins/0/config/refs/0",
        ]
    );
    assert!(rig.configuration.state().get("providers", "p").is_none());
    assert_eq!(rig.configuration.fresh().await.state.head().revision, 0);
}

#[tokio::test]
async fn a_dry_run_tells_the_plan_and_stores_nothing() {
    let rig = Rig::new().await;
    let request = WriteRequest::single(Operation::create("apikeys", json!({}))).dry_run(true);
    let written = rig.configuration.write(&author(), request).await.unwrap();
    assert_eq!((written.head.revision, written.changed), (1, true));
    assert_eq!(written.outcomes[0].effect, Effect::Created);
    // A secret that will never be valid is not shown.
    assert!(shown(&written)["clientSecret"].as_str().unwrap().starts_with("********"));
    assert_eq!(rig.configuration.state().head().revision, 0);
    assert_eq!(rig.configuration.state().count("apikeys"), 0);
}

#[tokio::test]
async fn a_change_that_breaks_those_who_refer_to_it_is_refused() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    rig.put("providers", "q", provider("b")).await;
    rig.put("routes", "r", chat_route(&["p", "q"])).await;
    let error = rig.write(Operation::put("providers", "q", provider("a"))).await.unwrap_err();
    assert_eq!(pointers(&error), [""]);
    assert!(error.to_string().contains("two of them have one slug"), "{error}");
    assert!(error.to_string().contains("\"r\" of the routes"), "{error}");
}

#[tokio::test]
async fn documents_are_listed_in_the_order_of_their_ids() {
    let rig = Rig::new().await;
    let puts = ["b", "a", "c"].map(|id| Operation::put("providers", id, provider(id)));
    rig.transact(puts.into()).await.unwrap();
    let state = rig.configuration.state();
    let ids =
        |entries: Vec<&Arc<Entry>>| entries.iter().map(|e| e.id.to_string()).collect::<String>();
    assert_eq!(ids(state.list("providers").collect()), "abc");
    assert_eq!(ids(state.list_after("providers", "a").collect()), "bc");
    assert_eq!(state.count("providers"), 3);
    assert_eq!(state.list("routes").count(), 0);
}

#[tokio::test]
async fn the_last_one_who_can_write_stays() {
    let rig = Rig::new().await;
    rig.configuration.bootstrap_admin(None).await.unwrap().unwrap();
    rig.put("admins", "viewer", json!({"role": "viewer"})).await;
    let expired = json!({"valid_until": "2020-01-01T00:00:00Z"});
    for operation in [
        Operation::delete("admins", "admin", true),
        Operation::merge("admins", "admin", json!({"enabled": false})),
        Operation::merge("admins", "admin", json!({"role": "viewer"})),
        Operation::merge("admins", "admin", expired),
    ] {
        let error = rig.write(operation).await.unwrap_err();
        assert!(matches!(error, WriteError::LastAdmin), "{error:?}");
    }
    let error = rig.configuration.rollback(&author(), 0, String::new(), false).await.unwrap_err();
    assert!(matches!(error, WriteError::LastAdmin), "{error:?}");
    rig.put("admins", "second", json!({"role": "admin"})).await;
    rig.write(Operation::delete("admins", "admin", false)).await.unwrap();
}

#[tokio::test]
async fn the_first_admin_is_made_once_and_its_key_opens() {
    let rig = Rig::new().await;
    let short = rig.configuration.bootstrap_admin(Some("short".to_owned())).await.unwrap_err();
    assert!(matches!(short, BootstrapError::ShortKey));
    let first = rig.configuration.bootstrap_admin(None).await.unwrap().unwrap();
    assert!(first.generated && first.key.len() >= 32);
    assert!(rig.configuration.bootstrap_admin(None).await.unwrap().is_none());
    let state = rig.configuration.state();
    let who = state.admins().by_key(first.key.as_bytes(), rig.clock.now()).unwrap();
    assert_eq!((&*who.id, who.role), ("admin", sanmon_shared::resources::Role::Admin));
    let by_id = |id: &str, key: &str| state.admins().by_id(id, key.as_bytes(), rig.clock.now());
    assert!(by_id("admin", &first.key).is_ok());
    assert_eq!(by_id("admin", "wrong").unwrap_err(), Denied::Unknown);
    assert_eq!(by_id("nobody", &first.key).unwrap_err(), Denied::Unknown);
    assert_eq!(by_id("nobody", "").unwrap_err(), Denied::Unknown);
}

#[tokio::test]
async fn admins_are_let_in_while_they_are_enabled_and_valid() {
    let rig = Rig::new().await;
    rig.configuration.bootstrap_admin(None).await.unwrap();
    let key = "k".repeat(40);
    let until = jiff::Timestamp::from_millisecond(NOW + 1_000).unwrap();
    rig.put("admins", "a", json!({"key": key, "valid_until": until})).await;
    let ask = || rig.configuration.state().admins().by_key(key.as_bytes(), rig.clock.now());
    assert!(ask().is_ok());
    rig.clock.advance(1_000);
    assert_eq!(ask().unwrap_err(), Denied::Expired);
    rig.write(Operation::merge("admins", "a", json!({"valid_until": null, "enabled": false})))
        .await
        .unwrap();
    assert_eq!(ask().unwrap_err(), Denied::Disabled);
    let same = rig.write(Operation::create("admins", json!({"key": key}))).await.unwrap_err();
    assert_eq!(pointers(&same), ["/key"]);
    rig.write(Operation::delete("admins", "a", false)).await.unwrap();
    assert_eq!(ask().unwrap_err(), Denied::Unknown);
}

#[tokio::test]
async fn a_document_is_changed_by_a_function_of_what_its_author_read() {
    let rig = Rig::new().await;
    let key = json!({"name": "a", "provider": "openai", "connection": {"token": "canary"}});
    rig.put("providers", "p", key).await;
    let rename = Edit::by(|document| {
        let Some(mut document) = document else { return Ok(None) };
        assert!(!document.to_string().contains("canary"), "it sees what a read shows");
        document["name"] = json!("b");
        Ok(Some(document))
    });
    let stored = rig.stored("providers", "p")["connection"]["token"].clone();
    let written = rig.write(Operation::edit("providers", "p", rename.clone())).await.unwrap();
    assert_eq!(
        (written.outcomes[0].effect, &shown(&written)["name"]),
        (Effect::Updated, &json!("b"))
    );
    assert_eq!(rig.stored("providers", "p")["connection"]["token"], stored, "the secret is kept");
    let again = rig.write(Operation::edit("providers", "p", rename.clone())).await.unwrap();
    assert!(!again.changed);
    let missing = rig.write(Operation::edit("providers", "none", rename)).await.unwrap_err();
    assert!(matches!(missing, WriteError::NotFound { .. }), "{missing}");
    let refuse = Edit::by(|_| Err(vec![Problem::at("/name", "no")]));
    let error = rig.write(Operation::edit("providers", "p", refuse)).await.unwrap_err();
    assert_eq!(pointers(&error), ["/name"]);
    let make = Edit::by(|document| Ok(document.or(Some(json!({"provider": "openai"})))));
    let made = rig.write(Operation::edit("providers", "new", make)).await.unwrap();
    assert_eq!(made.outcomes[0].effect, Effect::Created);
}
