//! `_bulk`: a line of the body is a write of its own.

use serde_json::{Value, json};

use super::{APIKEYS, PROMPTS, fixture};

const LINES: &str = "application/x-ndjson";

fn lines(of: &[Value]) -> String {
    of.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

fn read(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[actix_web::test]
async fn each_line_is_answered_in_its_place() {
    let fixture = fixture().await;
    let bulk = format!("{PROMPTS}/_bulk");
    let documents = [
        json!({"id": "a", "name": "a"}),
        json!({"id": "b", "nmae": "b"}),
        json!({"id": "a", "name": "again"}),
        json!({"id": "c", "name": "c"}),
    ];
    let body = format!("{}not json\n", lines(&documents));
    let created = fixture.post(&bulk).bytes(LINES, body).await;
    assert_eq!((created.status, created.header("content-type")), (200, LINES));
    let done = read(created.text());
    assert_eq!(done.len(), 5);
    assert_eq!(done[0], json!({"status": 201, "created": true, "id": "a", "id_field": "id"}));
    assert_eq!((&done[1]["status"], &done[1]["error"]), (&json!(400), &json!("bad_request")));
    assert!(done[1]["error_description"][0].as_str().unwrap().contains("nmae"), "{}", done[1]);
    assert_eq!(done[2]["error_description"], "entity already exists");
    assert_eq!((&done[2]["status"], &done[2]["error"]), (&json!(400), &json!("bad_entity")));
    assert_eq!(done[3]["created"], true);
    assert_eq!(done[4]["status"], 400);

    let put = lines(&[json!({"id": "a", "name": "A"}), json!({"id": "none", "name": "n"})]);
    let done = read(fixture.put(&bulk).bytes(LINES, put).await.text());
    assert_eq!(done[0], json!({"status": 200, "updated": true, "id": "a", "id_field": "id"}));
    assert_eq!(
        (&done[1]["status"], &done[1]["error_description"]),
        (&json!(404), &json!("entity does not exists"))
    );
    let patch = json!([{"op": "replace", "path": "/tags", "value": ["t"]}]);
    let patches = lines(&[
        json!({"id": "c", "patch": patch}),
        json!({"id": "none", "patch": patch}),
        json!({"id": "a"}),
    ]);
    let done = read(fixture.patch(&format!("{bulk}?_group=4")).bytes(LINES, patches).await.text());
    assert_eq!(done[0]["updated"], true, "{}", done[0]);
    assert_eq!((&done[1]["status"], &done[2]["status"]), (&json!(404), &json!(400)));
    let stored = fixture.get(&format!("{PROMPTS}/c")).send().await.json();
    assert_eq!((&stored["name"], &stored["tags"]), (&json!("c"), &json!(["t"])));
    assert_eq!(fixture.get(&format!("{PROMPTS}/a")).send().await.json()["name"], "A");

    let gone = lines(&[json!({"id": "a"}), json!({"id": "none"})]);
    let done =
        fixture.delete(&bulk).header("x-content-type", LINES).bytes("text/plain", gone).await;
    let done = read(done.text());
    assert_eq!(done[0], json!({"status": 200, "deleted": true, "id": "a", "id_field": "id"}));
    assert_eq!(done[1]["status"], 404);
}

#[actix_web::test]
async fn a_secret_that_was_made_up_is_shown_in_its_line() {
    let fixture = fixture().await;
    let body = lines(&[json!({"clientId": "k", "clientName": "k"})]);
    let done = read(fixture.post(&format!("{APIKEYS}/_bulk")).bytes(LINES, body).await.text());
    assert_eq!(done[0]["id_field"], "clientId");
    assert!(done[0]["shown_once"]["bearer"].as_str().unwrap().starts_with("otoapk_k_"));
}

#[actix_web::test]
async fn only_lines_are_taken() {
    let fixture = fixture().await;
    let refused = fixture.post(&format!("{PROMPTS}/_bulk")).json(&json!([])).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("Unsupported content type"), "{}", refused.text());
    let refused = fixture.post(&format!("{PROMPTS}/_bulk?_group=10")).bytes(LINES, "").await;
    assert_eq!(refused.status, 400);
}
