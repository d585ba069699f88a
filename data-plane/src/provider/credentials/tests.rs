use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use reqwest::header::AUTHORIZATION;
use rustls_pki_types::pem::PemObject as _;
use sanmon_shared::reference::Variables;
use sanmon_shared::seal::Seal;
use sanmon_shared::task::Tasks;
use sanmon_wire::format::Format;
use serde_json::{Value, json};

use crate::error::Code;
use crate::exchange::Exchange;
use crate::plugin::BuildContext;
use crate::provider::{Http, Operation, Provider, Transport};
use crate::tests::upstream::Upstream;
use crate::upstream::{Body, Deadlines};
use crate::worker::Worker;

/// Made for these tests; opens nothing.
const KEY: &str = include_str!("test_key.pem");

/// A provider whose references to the environment read `environment`.
fn build(document: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Provider {
    let seal = Seal::generate().unwrap();
    let context = BuildContext {
        owner: "test",
        seal: Some(&seal),
        elsewhere: &Variables(environment),
        targets: None,
    };
    let mut document = document.clone();
    document["id"] = json!("p");
    Provider::build(&serde_json::from_value(document).unwrap(), &context).unwrap()
}

fn http(provider: &Provider) -> &Http {
    let Transport::Http(http) = &provider.transport else { panic!("no HTTP") };
    http
}

/// What an authorized chat call carries; `Err` is the code of the error.
async fn authorization(provider: &Provider, worker: &Worker) -> Result<String, Code> {
    let account = http(provider).account().unwrap();
    let second = Duration::from_secs(5);
    let deadlines = Deadlines::within(second);
    let format = provider.codec(Format::Chat, Some("m")).unwrap().format();
    let operation = Operation::Chat { format, model: "m", stream: false };
    let mut call = account.call(&operation, deadlines).unwrap().bytes("{}".into());
    account.authorize(worker, &mut call).await.map_err(|error| error.code)?;
    let value = call.headers().get(AUTHORIZATION).unwrap();
    assert!(value.is_sensitive());
    Ok(value.to_str().unwrap().to_owned())
}

const DAY: i64 = 24 * 3_600 * 1_000;

/// A token host that counts, and answers with the number of the token, which lives for `life` seconds;
/// `broken` says when it fails instead.
async fn token_host(
    tasks: &Tasks,
    life: u64,
    broken: fn(usize) -> bool,
) -> (Upstream, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let host = Upstream::start(tasks, move |mut call, _| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move {
            if broken(number) {
                let body = r#"{"error":"invalid_grant","error_description":"canary"}"#;
                let length = body.len();
                call.say(&format!("HTTP/1.1 400 No\r\ncontent-length: {length}\r\n\r\n{body}")).await;
            } else {
                // Whoever comes meanwhile has to wait.
                tokio::task::yield_now().await;
                call.answer(&format!(
                    r#"{{"access_token":"token-{number}","expires_in":{life},"token_type":"Bearer"}}"#
                ))
                .await;
            }
        }
    })
    .await;
    (host, asked)
}

fn vertex(host: &Upstream) -> Provider {
    let file = json!({
        "type": "service_account", "client_email": "me@project.example", "private_key": KEY,
        "private_key_id": "key-1", "token_uri": format!("http://{}/token", host.address)
    })
    .to_string();
    let document = json!({"provider": "vertex", "connection": {
        "project_id": "p", "service_account": "$env://FILE"}});
    build(&document, &move |name| (name == "FILE").then(|| file.clone()))
}

#[tokio::test]
async fn a_service_account_shows_a_signed_claim_once() {
    let tasks = Tasks::default();
    let (mut host, asked) = token_host(&tasks, 3_600, |_| false).await;
    let exchange = Exchange::for_test(TestRequest::default());
    let worker = &exchange.worker;
    worker.clock.advance(1_700_000_000_000);
    let provider = vertex(&host);
    let all = join_all((0..5).map(|_| authorization(&provider, worker))).await;
    assert!(all.iter().all(|one| one.as_deref() == Ok("Bearer token-0")), "{all:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let call = host.saw().await;
    let (head, form) = call.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /token HTTP/1.1"));
    let claim = form
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .unwrap();
    let parts: Vec<Vec<u8>> =
        claim.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let header: Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    let claims: Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!(
        claims,
        json!({"iss": "me@project.example", "iat": 1_700_000_000, "exp": 1_700_003_600,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": format!("http://{}/token", host.address)})
    );
    let (signed, _) = claim.rsplit_once('.').unwrap();
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let key = ring::rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_2048_8192_SHA256,
        key.public(),
    );
    public.verify(signed.as_bytes(), &parts[2]).unwrap();
}

#[tokio::test]
async fn a_token_is_fetched_anew_shortly_before_it_ends() {
    let tasks = Tasks::default();
    let (host, asked) = token_host(&tasks, 3_600, |_| false).await;
    let exchange = Exchange::for_test(TestRequest::default());
    let worker = &exchange.worker;
    let provider = vertex(&host);
    assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-0"));
    worker.clock.advance(1_000 * (3_600 - 301));
    assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-0"));
    worker.clock.advance(2_000);
    assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-1"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    // Another build of the same document starts afresh.
    assert_eq!(authorization(&vertex(&host), worker).await.as_deref(), Ok("Bearer token-2"));
}

#[tokio::test]
async fn a_token_that_still_holds_outlives_a_failing_host() {
    let tasks = Tasks::default();
    let (host, asked) = token_host(&tasks, 600, |number| number > 0).await;
    let exchange = Exchange::for_test(TestRequest::default());
    let worker = &exchange.worker;
    let provider = vertex(&host);
    for seconds in [0, 400, 1, 1] {
        worker.clock.advance(1_000 * seconds);
        assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-0"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "nobody asks again at once");
    worker.clock.advance(200_000);
    assert_eq!(authorization(&provider, worker).await, Err(Code::UpstreamUnavailable));
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_token_hold_longer_and_no_failure_last() {
    let tasks = Tasks::default();
    let (host, asked) = token_host(&tasks, 3_600, |number| number == 1).await;
    let exchange = Exchange::for_test(TestRequest::default());
    let worker = &exchange.worker;
    let provider = vertex(&host);
    worker.clock.advance(DAY);
    assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-0"));
    worker.clock.advance(DAY);
    assert_eq!(authorization(&provider, worker).await, Err(Code::UpstreamUnavailable));
    worker.clock.advance(-2 * DAY);
    assert_eq!(authorization(&provider, worker).await.as_deref(), Ok("Bearer token-2"));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_application_of_entra_gets_its_token() {
    let tasks = Tasks::default();
    let (mut host, _) = token_host(&tasks, 3_600, |_| false).await;
    let exchange = Exchange::for_test(TestRequest::default());
    let document = json!({"provider": "azure-openai", "connection": {
        "resource_name": "r", "tenant_id": "t/1", "client_id": "c", "client_secret": "$env://S",
        "authority": format!("http://{}", host.address)}});
    let provider = build(&document, &|_| Some("s&canary".to_owned()));
    let authorized = authorization(&provider, &exchange.worker).await;
    assert_eq!(authorized.as_deref(), Ok("Bearer token-0"));
    let call = host.saw().await;
    assert!(call.starts_with("POST /t%2F1/oauth2/v2.0/token HTTP/1.1\r\n"), "{call}");
    assert!(call.ends_with(
        "grant_type=client_credentials&client_id=c&client_secret=s%26canary&\
         scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default"
    ));
    assert!(http(&provider).account().unwrap().tells(b"so your secret is s&canary"));
    assert!(!format!("{provider:?}").contains("canary"));
}

#[tokio::test]
async fn bedrock_signs_or_carries_its_key() {
    let exchange = Exchange::for_test(TestRequest::default());
    let keys = json!({"provider": "bedrock", "connection": {"region": "eu-west-1",
        "access_key_id": "$env://ID", "secret_access_key": "$env://SECRET"}});
    let provider = build(&keys, &|name| Some(format!("canary-{name}")));
    let signed = authorization(&provider, &exchange.worker).await.unwrap();
    assert!(signed.starts_with(
        "AWS4-HMAC-SHA256 Credential=canary-ID/19700101/eu-west-1/bedrock/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature="
    ));
    assert!(!format!("{provider:?}").contains("canary"));
    let token =
        json!({"provider": "bedrock", "connection": {"region": "eu-west-1", "token": "$env://T"}});
    let provider = build(&token, &|_| Some("key-1".to_owned()));
    assert_eq!(authorization(&provider, &exchange.worker).await.as_deref(), Ok("Bearer key-1"));
}

#[tokio::test]
async fn a_credential_does_not_leave_its_host() {
    let exchange = Exchange::for_test(TestRequest::default());
    let document = json!({"provider": "openai", "connection": {
        "base_url": "http://127.0.0.1:9/v1", "token": "$env://T"}});
    let provider = build(&document, &|_| Some("sk-canary".to_owned()));
    let account = http(&provider).account().unwrap();
    let deadlines = http(&provider).timeouts.whole();
    let operation = Operation::Chat { format: Format::Chat, model: "m", stream: false };
    let elsewhere = url::Url::parse("http://127.0.0.2:9/v1").unwrap();
    let call = account
        .call(&operation, deadlines)
        .unwrap()
        .at(std::borrow::Cow::Owned(elsewhere))
        .body(Body::Empty);
    let error = exchange.worker.upstream.fetch(call).await.err().unwrap();
    assert_eq!(error.to_gateway().code, Code::AddressForbidden);
}
