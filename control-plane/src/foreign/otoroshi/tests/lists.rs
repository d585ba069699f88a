//! Lists: filters, order and pages over HTTP.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{APIKEYS, ROUTES, fixture};

fn ids(answered: &Value) -> Vec<&str> {
    answered.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn lists_are_filtered_sorted_and_cut_into_pages() {
    let fixture = fixture().await;
    for (id, name, team) in [("a", "Chat", "x"), ("b", "Embeddings", "y"), ("c", "chat two", "x")] {
        let route = json!({"id": id, "name": name, "metadata": {"team": team},
            "frontend": {"domains": [format!("{id}.example.com")]}});
        assert_eq!(fixture.post(ROUTES).json(&route).await.status, 201);
    }
    for (query, expected, pages) in [
        ("", vec!["a", "b", "c"], "1"),
        ("?page=1&pageSize=99999", vec!["a", "b", "c"], "1"),
        ("?page=2&pageSize=2", vec!["c"], "2"),
        ("?filter.metadata.team=x", vec!["a", "c"], "1"),
        ("?filter.frontend.domains=b.example", vec!["b"], "1"),
        ("?filter.enabled=true&filter.id=a", vec!["a"], "1"),
        ("?filtered=name:chat", vec!["a", "c"], "1"),
        ("?filtered=name:chat&sorted=name:false", vec!["c", "a"], "1"),
        ("?sorted=metadata.team:false,name:true&pageSize=1&page=3", vec!["c"], "3"),
        ("?filter.name=nobody", vec![], "0"),
        ("?in_mem=true", vec!["a", "b", "c"], "1"),
    ] {
        let listed = fixture.get(&format!("{ROUTES}{query}")).send().await;
        assert_eq!(listed.status, 200, "{query}: {}", listed.text());
        assert_eq!((ids(&listed.json()), listed.header("x-pages")), (expected, pages), "{query}");
    }
    let some = fixture.get(&format!("{ROUTES}?fields=id&pageSize=1")).send().await.json();
    assert_eq!(some, json!([{"id": "a"}]));
    for query in ["?page=x", "?pageSize=0", "?sorted=name:up", "?filtred=a:b", "?limit=1"] {
        let refused = fixture.get(&format!("{ROUTES}{query}")).send().await;
        assert_eq!((refused.status, refused.json()["error"].clone()), (400, json!("bad_request")));
    }
}

#[actix_web::test]
async fn no_filter_asks_for_a_secret() {
    let fixture = fixture().await;
    let key = json!({"clientId": "k", "clientSecret": "canary-secret-canary", "clientName": "n"});
    assert_eq!(fixture.post(APIKEYS).json(&key).await.status, 201);
    for query in ["filter.clientSecret=canary-secret-canary", "filtered=clientSecret:canary"] {
        let listed = fixture.get(&format!("{APIKEYS}?{query}")).send().await;
        assert_eq!(listed.json(), json!([]), "{query}");
    }
    assert!(!fixture.get(APIKEYS).send().await.text().contains("canary"));
}

#[actix_web::test]
async fn a_list_that_the_store_cannot_confirm_says_so() {
    let fixture = fixture().await;
    fixture.store.away.store(true, Ordering::SeqCst);
    let listed = fixture.get(ROUTES).send().await;
    assert_eq!((listed.status, listed.header("x-sanmon-stale")), (200, "true"));
    let health = fixture.get("/health").anonymous().send().await;
    assert_eq!((health.status, health.json()["datastore"].clone()), (503, json!("unreachable")));
    let refused = fixture.post(ROUTES).json(&json!({"name": "r"})).await;
    assert_eq!(
        (refused.status, refused.json()["error"].clone()),
        (503, json!("store_unavailable"))
    );
}
