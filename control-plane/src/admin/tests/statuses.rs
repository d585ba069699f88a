//! The table of statuses, for every kind alike.

use sanmon_shared::Resource as _;
use sanmon_shared::resources::Route;
use serde_json::{Value, json};

use super::fixture::{VIEWER, fixture};
use crate::configuration::KindInfo;

/// A document of this kind under this id.
fn document(kind: &KindInfo, id: &str) -> Value {
    let mut document = (kind.example)();
    document[kind.id_field] = json!(id);
    document
}

#[actix_web::test]
async fn every_kind_is_created_read_replaced_changed_and_deleted() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    for kind in schemas.kinds() {
        let all = format!("/apis/v1/{}", kind.plural);
        let one = format!("{all}/one");
        let created = fixture.post(&all).json(&document(kind, "one")).await;
        assert_eq!(created.status, 201, "{all}: {}", created.text());
        assert_eq!(created.header("location"), one);
        assert_eq!(created.json()[kind.id_field], "one");
        let again = fixture.post(&all).json(&document(kind, "one")).await;
        assert_eq!((again.status, again.code().as_str()), (409, "id_taken"));
        let generated = fixture.post(&all).json(&(kind.example)()).await;
        assert_eq!(generated.status, 201, "{all}: {}", generated.text());
        let made = generated.json()[kind.id_field].as_str().unwrap().to_owned();
        assert!(made.starts_with(kind.id_prefix), "{made}");

        let read = fixture.get(&one).send().await;
        assert_eq!(read.status, 200);
        let etag = read.header("etag").to_owned();
        assert_eq!(etag, created.header("etag"));
        assert_eq!(fixture.get(&one).header("if-none-match", &etag).send().await.status, 304);
        assert_eq!(fixture.get(&format!("{all}/none")).send().await.status, 404);
        let ids: Vec<_> = fixture.get(&all).send().await.json().as_array().unwrap().clone();
        assert!(ids.iter().any(|listed| listed[kind.id_field] == "one"));

        let same = fixture.put(&one).json(&read.json()).await;
        assert_eq!((same.status, same.header("etag")), (200, etag.as_str()), "{}", same.text());
        let mut other = read.json();
        other["description"] = json!("other");
        let stale = fixture.put(&one).header("if-match", "\"9999\"").json(&other).await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        let taken = fixture.put(&one).header("if-none-match", "*").json(&other).await;
        assert_eq!(taken.status, 412);
        let replaced = fixture.put(&one).header("if-match", &etag).json(&other).await;
        assert_eq!(replaced.status, 200, "{}", replaced.text());
        assert_ne!(replaced.header("etag"), etag);
        let put = fixture.put(&format!("{all}/two")).json(&document(kind, "two")).await;
        assert_eq!((put.status, put.header("location")), (201, format!("{all}/two").as_str()));

        let merged = fixture.patch(&one).json(&json!({"description": null, "tags": ["t"]})).await;
        assert_eq!(merged.status, 200, "{}", merged.text());
        assert_eq!(merged.json()["tags"], json!(["t"]));
        assert_eq!(merged.json().get("description"), None);
        let patch = json!([{"op": "test", "path": "/tags/0", "value": "t"},
            {"op": "add", "path": "/tags/-", "value": "u"}]);
        for media in ["application/json-patch+json", "application/json"] {
            let patched = fixture.patch(&one).bytes(media, patch.to_string()).await;
            assert_eq!(patched.status, 200, "{}", patched.text());
            assert_eq!(patched.json()["tags"][1], "u");
        }
        let absent = fixture.patch(&format!("{all}/none")).json(&json!({})).await;
        assert_eq!((absent.status, absent.code().as_str()), (404, "not_found"));
        let stale = fixture.patch(&one).header("if-match", &etag).json(&json!({})).await;
        assert_eq!(stale.status, 412);

        let plan = fixture.delete(&format!("{one}?dry_run=true")).send().await;
        assert_eq!((plan.status, &plan.json()["dry_run"]), (200, &json!(true)));
        assert_eq!(plan.json()["results"][0]["effect"], "deleted");
        assert_eq!(fixture.delete(&one).header("if-match", &etag).send().await.status, 412);
        assert_eq!(fixture.delete(&one).send().await.status, 204);
        assert_eq!(fixture.delete(&one).send().await.status, 404);
        assert_eq!(fixture.get(&one).send().await.status, 404);
    }
}

#[actix_web::test]
async fn a_dry_run_of_every_write_stores_nothing() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    let before = fixture.shared.configuration.state().head().clone();
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    for kind in schemas.kinds() {
        let all = format!("/apis/v1/{}", kind.plural);
        for plan in [
            fixture.post(&format!("{all}?dry_run=true")).json(&document(kind, "one")).await,
            fixture.put(&format!("{all}/one?dry_run")).json(&document(kind, "one")).await,
        ] {
            assert_eq!((plan.status, &plan.json()["dry_run"]), (200, &json!(true)), "{all}");
            assert_eq!(plan.json()["results"][0]["effect"], "created");
        }
        let line = format!("{}\n", document(kind, "one"));
        let bulk = format!("{all}/_bulk?dry_run=true");
        let plan = fixture.post(&bulk).bytes("application/x-ndjson", line).await;
        assert_eq!(plan.status, 200);
        assert!(plan.text().starts_with("{\"line\":1,\"status\":201"), "{}", plan.text());
    }
    assert_eq!(*fixture.shared.configuration.state().head(), before);
}

#[actix_web::test]
async fn every_kind_asks_for_a_key_and_lets_viewers_only_read() {
    let fixture = fixture().await;
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    for kind in schemas.kinds() {
        let all = format!("/apis/v1/{}", kind.plural);
        let missing = fixture.get(&all).anonymous().send().await;
        assert_eq!((missing.status, missing.code().as_str()), (401, "unauthenticated"));
        assert!(missing.header("www-authenticate").starts_with("Bearer"));
        let bearer = format!("Bearer {VIEWER}");
        let read = fixture.get(&all).credential("authorization", &bearer).send().await;
        assert_eq!(read.status, 200);
        let write = fixture.post(&all).credential("authorization", &bearer);
        let write = write.json(&document(kind, "one")).await;
        assert_eq!((write.status, write.code().as_str()), (403, "forbidden"));
    }
}

#[actix_web::test]
async fn a_document_that_something_refers_to_goes_only_by_force() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    let mut route = Route::example();
    route["id"] = json!("chat");
    assert_eq!(fixture.post("/apis/v1/routes").json(&route).await.status, 201);
    let provider = "/apis/v1/providers/provider_example";
    let refused = fixture.delete(provider).send().await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "still_referenced"));
    let referrer = json!({"kind": "routes", "id": "chat", "pointer": "/plugins/1/config/refs/0"});
    assert_eq!(refused.json()["referrers"], json!([referrer]));
    let forced = fixture.delete(&format!("{provider}?force=true")).send().await;
    assert_eq!((forced.status, &forced.json()["broken_references"]), (200, &json!([referrer])));
    let dangling = fixture.put("/apis/v1/routes/other").json(&route).await;
    assert_eq!(dangling.status, 422);
}
