//! Who may call.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::*;
use crate::admin::tests::fixture::VIEWER;

const ROUTES: &str = "/apisix/admin/routes";

#[actix_web::test]
async fn keys_are_taken_from_the_query_the_header_a_cookie_and_basic() {
    let fixture = fixture().await;
    let cookie = format!("a=b; x_api_key={KEY}");
    let basic = {
        use base64::Engine as _;
        let pair = format!("admin:{KEY}");
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    };
    let query = format!("{ROUTES}?api_key={KEY}");
    for ask in [
        fixture.get(&query).anonymous(),
        // The first that is shown counts.
        fixture.get(&query).credential("x-api-key", "wrong"),
        fixture.get(ROUTES).credential("x-api-key", KEY),
        fixture.get(ROUTES).credential("cookie", &cookie),
        fixture.get(ROUTES).credential("authorization", &basic),
        fixture.get(ROUTES).credential("x-api-key", VIEWER),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.header("x-api-version")), (200, "v3"));
    }
}

#[actix_web::test]
async fn who_is_refused_is_told_why() {
    let fixture = fixture().await;
    let told = |description: &str| json!({"error_msg": "failed to check token", "description": description});
    let cross = fixture.put(ROUTES).credential("cookie", &format!("x_api_key={KEY}"));
    for (ask, description) in [
        (fixture.get(ROUTES).anonymous(), "missing apikey"),
        (fixture.get("/apisix/admin/plugins/list").anonymous(), "missing apikey"),
        (cross.header("sec-fetch-site", "cross-site"), "missing apikey"),
        (fixture.get(ROUTES).credential("x-api-key", "none"), "wrong apikey"),
        (fixture.put(ROUTES).credential("x-api-key", VIEWER), "invalid method for role viewer"),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.json()), (401, told(description)));
    }
}

#[actix_web::test]
async fn everybody_may_ask_whether_it_is_alive() {
    let fixture = fixture().await;
    let alive = fixture.ask(Method::HEAD, "/apisix/admin").anonymous().send().await;
    assert_eq!(alive.status, 200);
    let get = fixture.call("GET", "", &Value::Null).await;
    assert_eq!(get.status, 404);
}
