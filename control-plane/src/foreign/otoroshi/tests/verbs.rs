//! Each verb of the generic API, for every kind, and what the other API sees of it.

use serde_json::{Value, json};

use super::super::kinds::{Holds, KINDS};
use super::{BACKENDS, PROMPTS, PROVIDERS, ROUTES, fixture};

#[actix_web::test]
async fn every_kind_is_created_read_replaced_changed_and_deleted() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    for kind in KINDS.iter().filter(|kind| matches!(kind.holds, Holds::Documents)) {
        let info = *fixture.shared.configuration.schemas().kind(kind.plural).unwrap();
        let all = format!("/apis/{}/v1/{}", kind.group, kind.plural);
        let one = format!("{all}/one");
        let named = format!("{}/{}", kind.group, kind.name);
        let mut document = (info.example)();
        document[info.id_field] = json!("one");

        let created = fixture.post(&all).json(&document).await;
        assert_eq!(created.status, 201, "{all}: {}", created.text());
        assert_eq!(created.json()["kind"], named);
        let again = fixture.post(&all).json(&document).await;
        assert_eq!(again.status, 409);
        let taken = json!({"error": "conflict", "error_description": "resource already exists"});
        assert_eq!(again.json(), taken);

        let read = fixture.get(&one).send().await;
        assert_eq!((read.status, read.header("x-pages")), (200, "-1"));
        assert_eq!(read.json()["_loc"], json!({"tenant": "default", "teams": ["default"]}));
        assert_eq!(read.json()["kind"], named);
        assert!(read.json()["metadata"].is_object() && read.json()[info.name_field].is_string());
        let ours = fixture.get(&format!("/apis/v1/{}/one", kind.plural)).send().await;
        assert_eq!(ours.status, 200);
        assert_eq!(ours.json().get("_loc"), None);

        // What was read is taken back, and changes nothing.
        let same = fixture.put(&one).json(&read.json()).await;
        assert_eq!(same.status, 200, "{}", same.text());
        let after = fixture.get(&format!("/apis/v1/{}/one", kind.plural)).send().await;
        assert_eq!((after.header("etag"), after.json()), (ours.header("etag"), ours.json()));
        let same = fixture.post(&one).json(&read.json()).await;
        assert_eq!((same.status, same.header("otoroshi-entity-updated")), (200, "false"));

        let mut other = read.json();
        other["description"] = json!("other");
        other[info.id_field] = json!("ignored");
        let replaced = fixture.put(&one).json(&other).await;
        assert_eq!(replaced.status, 200, "{}", replaced.text());
        assert_eq!(replaced.json()["description"], "other");
        assert_eq!(replaced.json()[info.id_field], "one");
        other["description"] = json!("another");
        let upserted = fixture.post(&one).json(&other).await;
        assert_eq!((upserted.status, upserted.header("otoroshi-entity-updated")), (200, "true"));
        let made = fixture.post(&format!("{all}/two")).json(&(info.example)()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.json()[info.id_field], "two");
        let nobody = fixture.put(&format!("{all}/none")).json(&other).await;
        assert_eq!(nobody.status, 404);
        let missing = "resource does not exists";
        assert_eq!(nobody.json()["error_description"], missing);

        let patch = json!([{"op": "add", "path": "/tags/-", "value": "t"},
            {"op": "replace", "path": "/metadata", "value": {"team": "x"}}]);
        let patched = fixture.patch(&one).json(&patch).await;
        assert_eq!(patched.status, 200, "{}", patched.text());
        assert_eq!(patched.json()["tags"], json!(["t"]));
        assert_eq!(patched.json()["metadata"]["team"], "x");
        let absent = fixture.patch(&format!("{all}/none")).json(&patch).await;
        assert_eq!((absent.status, absent.json()["error"].clone()), (404, json!("not_found")));

        let count = fixture.get(&format!("{all}/_count")).send().await;
        let many = fixture.shared.configuration.state().count(kind.plural);
        assert_eq!(count.json(), json!({"count": many, "kind": named}));
        let deleted = fixture.delete(&one).send().await;
        assert_eq!((deleted.status, deleted.json()["tags"].clone()), (200, json!(["t"])));
        assert_eq!(fixture.get(&one).send().await.status, 404);
        assert_eq!(fixture.delete(&one).send().await.status, 404);
    }
}

#[actix_web::test]
async fn what_our_own_api_wrote_is_shown_with_what_tools_take_for_granted() {
    let fixture = fixture().await;
    let route = json!({"frontend": {"domains": ["a.b"]}, "plugins": [{"plugin": "apikeys"}]});
    assert_eq!(fixture.put("/apis/v1/routes/r").json(&route).await.status, 201);
    let read = fixture.get("/apis/any/all/routes/r").send().await.json();
    let expected = json!({
        "_loc": {"tenant": "default", "teams": ["default"]},
        "id": "r",
        "frontend": {"domains": ["a.b"]},
        "plugins": [{"plugin": "apikeys"}],
        "name": "",
        "description": "",
        "tags": [],
        "metadata": {},
        "enabled": true,
        "groups": ["default"],
        "backend": {"targets": []},
        "kind": "proxy.otoroshi.io/Route",
    });
    assert_eq!(read.to_string(), expected.to_string());
}

#[actix_web::test]
async fn a_patch_keeps_secrets_and_what_it_does_not_name() {
    let fixture = fixture().await;
    let provider =
        json!({"name": "a", "provider": "openai", "connection": {"token": "canary-token"}});
    let one = format!("{PROVIDERS}/p");
    let created = fixture.post(&one).json(&provider).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let shown = created.json()["connection"]["token"].as_str().unwrap().to_owned();
    assert!(shown.starts_with("********"), "{shown}");
    let patch = json!([{"op": "replace", "path": "/name", "value": "b"}]);
    assert_eq!(fixture.patch(&one).json(&patch).await.status, 200);
    let kept = fixture.get(&one).send().await.json();
    assert_eq!(
        (kept["name"].clone(), kept["connection"]["token"].clone()),
        (json!("b"), json!(shown))
    );
    // Only what was written is kept, and not what a read added.
    let ours = fixture.get("/apis/v1/providers/p").send().await.json();
    assert_eq!(ours.get("tags"), None);
    assert_eq!(ours.get("options"), None);
}

#[actix_web::test]
async fn all_of_a_kind_are_deleted_in_one_revision() {
    let fixture = fixture().await;
    for id in ["a", "b", "c"] {
        assert_eq!(fixture.post(PROMPTS).json(&json!({"id": id, "name": id})).await.status, 201);
    }
    let before = fixture.shared.configuration.state().head().revision;
    let deleted = fixture.delete(PROMPTS).send().await;
    assert_eq!((deleted.status, deleted.text()), (204, ""));
    assert_eq!(fixture.shared.configuration.state().head().revision, before + 1);
    assert_eq!(fixture.get(PROMPTS).send().await.json(), json!([]));
    assert_eq!(fixture.delete(PROMPTS).send().await.status, 204);
}

#[actix_web::test]
async fn what_others_use_goes_only_by_force() {
    let fixture = fixture().await;
    let backend =
        json!({"id": "b", "name": "b", "backend": {"targets": [{"hostname": "h", "port": 80}]}});
    assert_eq!(fixture.post(BACKENDS).json(&backend).await.status, 201);
    let route = json!({"id": "r", "name": "r", "backend_ref": "b"});
    assert_eq!(fixture.post(ROUTES).json(&route).await.status, 201);
    for path in [format!("{BACKENDS}/b"), BACKENDS.to_owned()] {
        let refused = fixture.delete(&path).send().await;
        assert_eq!((refused.status, refused.json()["error"].clone()), (409, json!("conflict")));
        let why = refused.json()["error_description"].as_str().unwrap().to_owned();
        assert!(why.contains("routes/r at /backend_ref"), "{why}");
    }
    let forced = fixture.delete(&format!("{BACKENDS}/b?force=true")).send().await;
    assert_eq!(forced.status, 200, "{}", forced.text());
}

#[actix_web::test]
async fn templates_are_taken_as_documents() {
    let fixture = fixture().await;
    for kind in KINDS.iter().filter(|kind| matches!(kind.holds, Holds::Documents)) {
        let all = format!("/apis/{}/v1/{}", kind.group, kind.plural);
        let template = fixture.get(&format!("{all}/_template?whatever=1")).send().await;
        assert_eq!(template.status, 200, "{}", template.text());
        let other = fixture.get(&format!("{all}/_template")).send().await.json();
        let info = *fixture.shared.configuration.schemas().kind(kind.plural).unwrap();
        assert_ne!(template.json()[info.id_field], other[info.id_field]);
        let made = fixture.post(&all).json(&template.json()).await;
        assert_eq!(made.status, 201, "{all}: {}", made.text());
    }
    let of = |name: &str| format!("{PROVIDERS}/_template?provider={name}");
    assert_eq!(fixture.get(&of("openai")).send().await.json()["provider"], "openai");
}

#[actix_web::test]
async fn schemas_hold_all_that_they_refer_to() {
    let fixture = fixture().await;
    for kind in KINDS {
        let path = format!("/apis/any/v1/{}/_schema", kind.plural);
        let schema = fixture.get(&path).send().await.json();
        let text = schema.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(schema.pointer(pointer).is_some(), "{}: {pointer}", kind.name);
        }
        if matches!(kind.holds, Holds::Documents) {
            let compiled = jsonschema::validator_for(&schema).unwrap();
            let info = *fixture.shared.configuration.schemas().kind(kind.plural).unwrap();
            assert!(compiled.is_valid(&(info.example)()), "{}", kind.name);
            assert!(!compiled.is_valid(&json!({"nothing": 1})));
        }
    }
}

#[actix_web::test]
async fn groups_tenants_and_teams_are_read_and_not_written() {
    let fixture = fixture().await;
    let route = json!({"name": "r", "groups": ["blue", "default"]});
    assert_eq!(fixture.post(ROUTES).json(&route).await.status, 201);
    let base = "/apis/organize.otoroshi.io/v1";
    let groups = fixture.get(&format!("{base}/service-groups")).send().await.json();
    let ids: Vec<&Value> = groups.as_array().unwrap().iter().map(|group| &group["id"]).collect();
    assert_eq!(ids, [&json!("blue"), &json!("default")]);
    for plural in ["tenants", "organizations", "teams"] {
        let one = fixture.get(&format!("{base}/{plural}/default")).send().await;
        assert_eq!((one.status, one.json()["id"].clone()), (200, json!("default")));
        let refused = fixture.post(&format!("{base}/{plural}")).json(&json!({"id": "x"})).await;
        assert_eq!(refused.status, 403);
        let why = refused.json()["error_description"].as_str().unwrap().to_owned();
        assert!(why.starts_with("you cannot do that"), "{why}");
    }
    assert_eq!(fixture.delete(&format!("{base}/teams")).send().await.status, 403);
    assert_eq!(fixture.get(&format!("{base}/teams/none")).send().await.status, 404);
    let count = fixture.get(&format!("{base}/teams/_count")).send().await.json();
    assert_eq!(count["count"], 1);
}
