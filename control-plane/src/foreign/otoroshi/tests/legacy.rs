//! `/api`: what tutorials use.

use serde_json::json;

use super::fixture;

#[actix_web::test]
async fn the_older_api_has_its_own_words() {
    let fixture = fixture().await;
    let route = json!({"id": "r", "name": "r", "frontend": {"domains": ["a.b"]}});
    let created = fixture.post("/api/routes").json(&route).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let again = fixture.post("/api/routes").json(&route).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error_description"], "Entity already exists");
    let missing = fixture.get("/api/routes/none").send().await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["error_description"], "Entity not found");
    let missing = fixture.put("/api/routes/none").json(&route).await;
    assert_eq!(missing.json()["error_description"], "Entity not found");
    let listed = fixture.get("/api/routes?page=1&pageSize=5").send().await;
    assert_eq!(listed.json()[0]["kind"], "proxy.otoroshi.io/Route");
    let headers = ["x-count", "x-offset", "x-page", "x-page-size"];
    assert_eq!(headers.map(|name| listed.header(name)), ["1", "0", "1", "5"]);
    let patch = json!([{"op": "replace", "path": "/name", "value": "s"}]);
    assert_eq!(fixture.patch("/api/routes/r").json(&patch).await.json()["name"], "s");
    let deleted = fixture.delete("/api/routes/r").send().await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({"deleted": true})));
    assert_eq!(fixture.delete("/api/routes").send().await.status, 405);
}

#[actix_web::test]
async fn keys_of_a_route_and_of_a_group() {
    let fixture = fixture().await;
    assert_eq!(
        fixture.post("/api/routes").json(&json!({"id": "r", "name": "r"})).await.status,
        201
    );
    let key = json!({"clientId": "k", "clientName": "k", "authorizedEntities": ["group_blue"]});
    let created = fixture.post("/api/routes/r/apikeys").json(&key).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.json()["authorizedEntities"], json!(["group_blue", "route_r"]));
    assert!(created.json()["bearer"].is_string());
    let other = json!({"clientName": "o", "authorizations": [{"kind": "group", "id": "blue"}]});
    assert_eq!(fixture.post("/api/apikeys").json(&other).await.status, 201);
    let of = async |path: &str| fixture.get(path).send().await.json().as_array().unwrap().len();
    assert_eq!(of("/api/routes/r/apikeys").await, 1);
    assert_eq!(of("/api/groups/blue/apikeys").await, 2);
    assert_eq!(of("/api/groups/red/apikeys").await, 0);
    let nowhere = fixture.post("/api/routes/none/apikeys").json(&json!({"clientName": "n"})).await;
    assert_eq!(nowhere.status, 404);
    let wrong = json!({"clientName": "n", "authorizedEntities": "group_a"});
    assert_eq!(fixture.post("/api/groups/a/apikeys").json(&wrong).await.status, 400);
}

#[actix_web::test]
async fn a_new_key_is_ready_to_be_sent() {
    let fixture = fixture().await;
    let template = fixture.get("/api/new/apikey").send().await.json();
    assert_eq!(template["authorizedEntities"], json!(["group_default"]));
    assert_eq!(template["clientSecret"].as_str().unwrap().len(), 64);
    let created = fixture.post("/api/apikeys").json(&template).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.json()["clientSecret"], template["clientSecret"], "it is shown this once");
    let groups = fixture.get("/api/groups").send().await.json();
    assert_eq!(groups[0]["id"], "default");
}
