//! What would become of a request.

use serde_json::json;

use super::fixture::fixture;

#[actix_web::test]
async fn a_request_is_explained_by_the_configuration_that_there_is() {
    let fixture = fixture().await;
    let before = fixture.shared.configuration.state().head().revision;
    let ask = json!({"path": "/v1/chat/completions", "body": {"model": "m"}});
    let answer = fixture.post("/apis/v1/explain").json(&ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["revision"], before);
    // The two admins of the fixture.
    assert_eq!(told["route"], "POST /v1/chat/completions of 2");
    for wrong in [json!({}), json!({"path": 1}), json!({"path": "/", "verb": "GET"}), json!([])] {
        let answer = fixture.post("/apis/v1/explain").json(&wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let state = fixture.shared.configuration.state();
    assert_eq!(state.head().revision, before, "nothing is written");
}
