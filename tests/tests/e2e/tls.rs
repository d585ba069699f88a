//! TLS listeners: chats go through them, and a certificate that changes on disk is served without a
//! restart, while one that cannot be used changes nothing.

use std::path::Path;

use sanmon_tests::certificates::Authority;
use sanmon_tests::client::{self, Client, chat, chat_stream, text_of};
use sanmon_tests::documents::expose;
use sanmon_tests::sanmon::{ADMIN_KEY, Sanmon, Setup};
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};

/// A client that trusts `authority` and finds `name` at the data plane; a new one has no connection
/// yet, so it shakes hands anew.
fn fresh(
    sanmon: &Sanmon,
    authority: &Authority,
    name: &str,
    port: u16,
) -> (Client, reqwest::Client) {
    let root = reqwest::Certificate::from_pem(authority.pem()).unwrap();
    let address = ([127, 0, 0, 1], port).into();
    let http = client::builder().tls_certs_only([root]).resolve(name, address).build().unwrap();
    let base = format!("https://{name}:{}", sanmon.data_port());
    (Client::new(&base).with_http(http.clone()), http)
}

#[tokio::test]
async fn a_changed_certificate_is_served_and_a_broken_one_is_not() {
    let authority = Authority::generate();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue(folder.path(), "first.test");
    let upstream = ScriptedUpstream::start().await;
    let sanmon = Setup::serve().tls(&certificate, &key).start().await;
    expose(&sanmon.admin(), &upstream).await;
    let reach = |name: &str| fresh(&sanmon, &authority, name, sanmon.data_port()).0;

    let kept = reach("first.test");
    let mut answer = kept.chat_events(&chat_stream("m", "over TLS")).await;
    assert_eq!(text_of(&answer.rest().await), "you said: over TLS");
    let second = reach("second.test").request("GET", "/v1/models").send().await;
    assert!(second.is_err(), "the first certificate is not for that name");

    authority.issue(folder.path(), "second.test");
    wait::until_true("the new certificate is served", SOON, async || {
        reach("second.test").request("GET", "/v1/models").send().await.is_ok()
    })
    .await;
    // Who was connected stays so.
    kept.chat(&chat("m", "x")).await.expect(200);

    spoil(folder.path());
    wait::until_true("the broken certificate is reported", SOON, async || {
        sanmon.output().to_lowercase().contains("certificate")
    })
    .await;
    reach("second.test").chat(&chat("m", "x")).await.expect(200);
}

fn spoil(folder: &Path) {
    std::fs::write(folder.join("cert.pem"), "-----BEGIN CERTIFICATE-----\nx\n").unwrap();
}

#[tokio::test]
async fn the_admin_listener_speaks_tls_and_data_planes_follow_it_there() {
    let authority = Authority::generate();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue(folder.path(), "admin.test");
    let setup = Setup::control_plane()
        .flag("--admin-tls-cert", certificate)
        .flag("--admin-tls-key", key)
        .without_waiting();
    let control = setup.start().await;
    let (_, http) = fresh(&control, &authority, "admin.test", control.admin_port());
    let base = format!("https://admin.test:{}", control.admin_port());
    wait::until_true("it is ready", SOON, async || {
        let answer = http.get(format!("{base}/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    let list = http.get(format!("{base}/apis/v1/routes"));
    assert_eq!(list.try_clone().unwrap().send().await.unwrap().status(), 401);
    assert_eq!(list.bearer_auth(ADMIN_KEY).send().await.unwrap().status(), 200);
    let plain = client::http().get(format!("{}/readyz", control.admin_url())).send().await;
    assert!(plain.is_err() || plain.unwrap().status() == 400, "no answer without TLS");
}
