//! Many writes in one request.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::fixture::{Answered, fixture};

const LINES: &str = "application/x-ndjson";

fn lines(answered: &Answered) -> Vec<Value> {
    assert!(matches!(answered.status, 200 | 202), "{}", answered.text());
    answered.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[actix_web::test]
async fn every_line_stands_alone_and_the_good_ones_are_one_revision() {
    let fixture = fixture().await;
    let before = fixture.shared.configuration.state().head().revision;
    let body = concat!(
        "{\"clientId\":\"a\",\"clientSecret\":\"s3cret-s3cret\"}\n",
        "\n",
        "{\"clientId\":\"b\",\"enabled\":3,\"x\":1}\n",
        "not json\n",
        "{\"clientId\":\"a\"}\n",
        "{\"clientName\":\"generated\"}",
    );
    let answer = fixture.post("/apis/v1/apikeys/_bulk").bytes(LINES, body).await;
    let lines = lines(&answer);
    let said = |index: usize| {
        let line: &Value = &lines[index];
        (line["line"].as_u64().unwrap(), line["status"].as_u64().unwrap())
    };
    assert_eq!([0, 1, 2, 3, 4].map(said), [(1, 201), (3, 422), (4, 400), (5, 409), (6, 201)]);
    assert_eq!(lines[0]["shown_once"]["clientSecret"], "s3cret-s3cret");
    assert!(lines[4]["shown_once"]["bearer"].as_str().unwrap().starts_with("otoapk_"));
    let problems = lines[1]["error"]["problems"].as_array().unwrap();
    let pointers: Vec<_> = problems.iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/enabled", "/x"]);
    let summary = json!({"lines": 5, "succeeded": 2, "failed": 3, "revision": before + 1});
    assert_eq!(lines[5]["summary"], summary);
    assert_eq!(answer.header("x-sanmon-revision"), (before + 1).to_string());
}

#[actix_web::test]
async fn a_thousand_lines_are_one_revision() {
    let fixture = fixture().await;
    let before = fixture.shared.configuration.state().head().revision;
    let key =
        |n: usize| format!("{{\"clientId\":\"k{n:05}\",\"clientSecret\":\"s3cret-{n:05}\"}}\n");
    let body: String = (0..2_500).map(key).collect();
    let path = "/apis/v1/apikeys/_bulk?results=errors";
    let answer = lines(&fixture.post(path).bytes(LINES, body).await);
    let summary = json!({"lines": 2500, "succeeded": 2500, "failed": 0, "revision": before + 3});
    assert_eq!(answer, [json!({"summary": summary})]);
    let listed = fixture.get("/apis/v1/apikeys?limit=1").send().await;
    assert_eq!(listed.header("x-total-count"), "2500");
}

#[actix_web::test]
async fn lines_are_replaced_changed_and_deleted() {
    let fixture = fixture().await;
    let path = "/apis/v1/backends/_bulk";
    let puts = "{\"id\":\"a\",\"backend\":{}}\n{\"id\":\"b\",\"backend\":{}}\n{\"backend\":{}}\n";
    let put = lines(&fixture.put(path).bytes(LINES, puts).await);
    assert_eq!((&put[0]["effect"], &put[2]["status"]), (&json!("created"), &json!(422)));
    let patches = "{\"id\":\"a\",\"patch\":{\"name\":\"n\"}}\n\
                   {\"id\":\"b\",\"patch\":[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"m\"}]}\n\
                   {\"id\":\"c\",\"patch\":{}}\n{\"id\":\"a\"}\n";
    let patched = lines(&fixture.patch(path).bytes(LINES, patches).await);
    let statuses: Vec<_> = patched.iter().map(|line| line["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(200), Some(200), Some(404), Some(422), None]);
    assert_eq!(fixture.get("/apis/v1/backends/b").send().await.json()["name"], "m");
    let route = json!({"backend_ref": "a"});
    assert_eq!(fixture.put("/apis/v1/routes/r").json(&route).await.status, 201);
    let deletes = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n";
    let deleted = lines(&fixture.delete(path).bytes(LINES, deletes).await);
    assert_eq!((&deleted[0]["status"], &deleted[1]["status"]), (&json!(409), &json!(200)));
    let forced = fixture.delete(&format!("{path}?force=true")).bytes(LINES, "{\"id\":\"a\"}").await;
    assert_eq!(lines(&forced)[0]["effect"], "deleted");
}

#[actix_web::test]
async fn the_last_admin_stays_whoever_goes_with_it() {
    let fixture = fixture().await;
    let all = "{\"id\":\"admin\"}\n{\"id\":\"viewer\"}\n";
    let gone = lines(&fixture.delete("/apis/v1/admins/_bulk").bytes(LINES, all).await);
    assert_eq!((&gone[0]["status"], &gone[1]["status"]), (&json!(409), &json!(200)));
    assert_eq!(gone[0]["error"]["code"], "last_admin");
}

#[actix_web::test]
async fn a_store_that_is_away_ends_the_request_and_says_so() {
    let fixture = fixture().await;
    fixture.store.away.store(true, Ordering::Relaxed);
    let line = "{\"backend\":{}}\n".repeat(3);
    let answer = lines(&fixture.post("/apis/v1/backends/_bulk").bytes(LINES, line).await);
    assert!(answer[..3].iter().all(|line| line["error"]["code"] == "store_unavailable"));
    assert_eq!(answer[3]["summary"]["aborted"], "the store cannot be reached");
    assert!(!answer[3].to_string().contains("hidden-store"));
}
