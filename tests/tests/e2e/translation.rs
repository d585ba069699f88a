//! The official client libraries over upstreams of every dialect: what an application sees of a
//! translation. `scripts/test-clients` has more clients.

use std::time::Duration;

use sanmon_tests::clients::{Client, Gateway};

async fn content(client: Client) {
    let gateway = Gateway::start().await;
    if let Err(said) = client.run(&gateway).await {
        panic!("{said}");
    }
    // Every call that a client left is over, and no credential of a caller has travelled.
    let requests = gateway.upstream().requests();
    assert!(requests.len() > 50, "{}", requests.len());
    for request in &requests {
        request.end(Duration::from_secs(10)).await;
        let mut values = request.headers.values();
        assert!(!values.any(|value| value.as_bytes().ends_with(gateway.key().as_bytes())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_python() {
    content(Client::OpenAiPython).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_node() {
    content(Client::OpenAiNode).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_library_for_python() {
    content(Client::AnthropicPython).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_library_for_node() {
    content(Client::AnthropicNode).await;
}
