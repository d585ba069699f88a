//! Documents with a time to live.

use super::*;
use crate::foreign::apisix::expiry::Sweeper;

#[actix_web::test]
async fn what_has_a_time_to_live_goes_when_it_is_over() {
    let fixture = fixture().await;
    let configuration = &fixture.shared.configuration;
    fixture.made("/services/stays", &json!({})).await;
    fixture.made("/services/old?ttl=5", &json!({})).await;
    let mut sweeper = Sweeper::new(configuration);
    sweeper.sweep().await.unwrap();
    let bob = json!({"username": "bob", "plugins": {"key-auth": {"key": "bobs-key"}}});
    fixture.made("/consumers?ttl=10", &bob).await;
    fixture.made("/services/renewed?ttl=10", &json!({})).await;
    let there = |path: &'static str| {
        let call = fixture.get(path);
        async move { call.send().await.status == 200 }
    };
    fixture.clock.advance(6_000);
    sweeper.sweep().await.unwrap();
    assert!(!there("/apis/v1/services/old").await);
    assert!(there("/apis/v1/consumers/bob").await && there("/apis/v1/apikeys/bob.key-auth").await);
    // Written again, it has all its time again; without a time to live it stays.
    fixture.made("/services/renewed", &json!({})).await;
    fixture.clock.advance(6_000);
    sweeper.sweep().await.unwrap();
    assert!(
        !there("/apis/v1/consumers/bob").await && !there("/apis/v1/apikeys/bob.key-auth").await
    );
    assert!(there("/apis/v1/services/stays").await && there("/apis/v1/services/renewed").await);
    // Another control plane finds nothing to do.
    let revision = configuration.state().head().revision;
    Sweeper::new(configuration).sweep().await.unwrap();
    assert_eq!(configuration.state().head().revision, revision);
}

#[actix_web::test]
async fn a_time_to_live_is_a_number_within_bounds() {
    let fixture = fixture().await;
    for (ttl, told) in [
        ("x", "invalid argument ttl: should be a number"),
        ("0", "invalid argument ttl: should be between 1 and 315360000"),
    ] {
        let path = format!("/services/s?ttl={ttl}");
        assert_eq!(fixture.refused("PUT", &path, &json!({})).await, (400, told.to_owned()));
    }
}
