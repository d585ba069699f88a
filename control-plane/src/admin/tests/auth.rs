//! Keys, roles, and what guessing costs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::fixture::{KEY, fixture};

const PATH: &str = "/apis/v1/routes";

#[actix_web::test]
async fn a_key_is_taken_in_every_form() {
    let fixture = fixture().await;
    let basic = format!("Basic {}", STANDARD.encode(format!("admin:{KEY}")));
    let bearer = format!("Bearer {KEY}");
    for (name, value) in
        [("authorization", basic.as_str()), ("authorization", &bearer), ("x-api-key", KEY)]
    {
        assert_eq!(fixture.get(PATH).credential(name, value).send().await.status, 200, "{name}");
    }
    let pair = |id: &str, secret: &str| {
        let ask = fixture.get(PATH).credential("otoroshi-client-id", id);
        ask.header("otoroshi-client-secret", secret).send()
    };
    assert_eq!(pair("admin", KEY).await.status, 200);
    assert_eq!(pair("viewer", KEY).await.status, 401, "the key of somebody else");
    assert_eq!(pair("nobody", KEY).await.status, 401);
    assert_eq!(pair("admin", "").await.status, 401);
}

#[actix_web::test]
async fn a_disabled_and_an_expired_admin_are_refused_like_an_unknown_one() {
    let fixture = fixture().await;
    let key = "a-key-of-a-deploy-pipeline-0123456789";
    let admin = json!({"id": "pipeline", "key": key, "valid_until": "2025-10-10T00:00:00Z"});
    assert_eq!(fixture.post("/apis/v1/admins").json(&admin).await.status, 201);
    let ask = || fixture.get(PATH).credential("x-api-key", key).send();
    assert_eq!(ask().await.status, 200);
    let disabled = json!({"enabled": false});
    assert_eq!(fixture.patch("/apis/v1/admins/pipeline").json(&disabled).await.status, 200);
    let refused = ask().await;
    let unknown = fixture.get(PATH).credential("x-api-key", "unknown").send().await;
    assert_eq!(refused.json()["detail"], unknown.json()["detail"]);
    let enabled = json!({"enabled": true});
    assert_eq!(fixture.patch("/apis/v1/admins/pipeline").json(&enabled).await.status, 200);
    assert_eq!(ask().await.status, 200);
    fixture.clock.advance(30 * 24 * 3600 * 1000);
    assert_eq!(ask().await.status, 401);
}

#[actix_web::test]
async fn guesses_are_slowed_down_by_the_address_behind_trusted_proxies() {
    let fixture = fixture().await;
    let guess = async |forwarded: &str| {
        let ask = fixture.get(PATH).peer("10.1.1.1:80").credential("x-api-key", "guess");
        ask.header("x-forwarded-for", forwarded).send().await
    };
    let mut refused = 0;
    for _ in 0..12 {
        refused += i32::from(guess("6.6.6.6, 203.0.113.9").await.status == 429);
    }
    assert_eq!(refused, 2, "after ten wrong ones");
    assert_eq!(guess("203.0.113.8").await.status, 401, "another address");
    let ours = fixture.get(PATH).peer("10.1.1.1:80").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(ours.send().await.status, 429, "a key not seen from there has to wait too");
    fixture.clock.advance(1_000);
    let ours = fixture.get(PATH).peer("10.1.1.1:80").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(ours.send().await.status, 200);
}

#[actix_web::test]
async fn a_missing_key_is_no_guess() {
    let fixture = fixture().await;
    for _ in 0..30 {
        assert_eq!(fixture.get(PATH).anonymous().send().await.status, 401);
    }
    assert_eq!(fixture.get(PATH).send().await.status, 200);
}

#[actix_web::test]
async fn the_author_of_a_write_stands_in_the_history() {
    let fixture = fixture().await;
    let backend = json!({"backend": {}});
    let path = "/apis/v1/backends/b?message=for%20billing";
    assert_eq!(fixture.put(path).json(&backend).await.status, 201);
    let newest = fixture.get("/apis/v1/revisions?limit=1").send().await.json();
    assert_eq!(newest["revisions"][0]["author"], "admin");
    assert_eq!(newest["revisions"][0]["message"], "for billing");
}
