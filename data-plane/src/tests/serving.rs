use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_route_the_answer_is_a_problem_with_id_and_revision() {
    let gateway = Gateway::start(gateway::Setting::default());
    let text = request("GET", "/none", "x-request-id: mine\r\n");
    let answer = Client::ask(gateway.address, &text).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("x-request-id"), Some("mine"));
    assert_eq!(answer.header("x-sanmon-revision"), Some("7"));
    assert_eq!(answer.json()["code"], "route_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn request_ids_are_made_and_differ() {
    let gateway = Gateway::start(gateway::Setting::default());
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        let bad = request("GET", "/", "x-request-id: a b\r\n");
        let answer = Client::ask(gateway.address, &bad).await;
        assert!(ids.insert(answer.header("x-request-id").unwrap().to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_draining_answers_close_their_connections() {
    let gateway = Gateway::start(gateway::Setting::default());
    gateway.shared.drain();
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.header("connection"), Some("close"));
}
