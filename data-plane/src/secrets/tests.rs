use std::sync::{Arc, Mutex};
use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::reference::{Elsewhere as _, Managed, Nowhere, Variables};
use sanmon_shared::resources::SecretManager;
use sanmon_shared::seal::Seal;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::plugin::BuildContext;
use crate::tests::upstream::Upstream;

/// Made for tests; opens nothing.
const KEY: &str = include_str!("../provider/credentials/test_key.pem");

/// A manager as its document says.
fn built(document: &Value) -> Result<Manager, String> {
    let seal = Seal::generate().unwrap();
    let context = BuildContext {
        owner: "test",
        seal: Some(&seal),
        elsewhere: &Variables(|name: &str| (name == "TOKEN").then(|| "canary-token".to_owned())),
        targets: None,
    };
    let document: SecretManager = serde_json::from_value(document.clone()).unwrap();
    Manager::build(&document, &context).map_err(|problems| format!("{problems:?}"))
}

fn vault(host: &Upstream) -> Arc<Manager> {
    let uri = format!("http://{}/base/", host.address);
    let vault =
        json!({"uri": uri, "prefix": "kv/data", "token": "$env://TOKEN", "namespace": "team"});
    Arc::new(built(&json!({"id": "vault.1", "vault": vault})).unwrap())
}

/// A host that answers by the request, with a status line and a body.
async fn host(
    tasks: &Tasks,
    answer: impl Fn(&str) -> (&'static str, String) + Send + Sync + Clone + 'static,
) -> Upstream {
    Upstream::start(tasks, move |mut call, _| {
        let (status, body) = answer(&call.text);
        async move {
            let length = body.len();
            call.say(&format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")).await;
        }
    })
    .await
}

/// What a manager says of a secret, within a time.
async fn ask(manager: &Arc<Manager>, text: &str, patience: Duration) -> Result<String, String> {
    let secret = Managed::named_by(text).unwrap();
    let caller = Caller::new(Clock::manual(1_700_000_000_000));
    let wanted = vec![(secret, Arc::clone(manager))];
    let mut fetched = fetch(wanted, &caller, Instant::now() + patience).await;
    fetched.pop().unwrap().answer
}

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn both_versions_of_vaults_engine_are_read() {
    let tasks = Tasks::default();
    for body in [
        json!({"data": {"key": "sk-1", "file": "sk-2\n", "port": 5, "deep": {"a": 1}}}),
        json!({"data": {"data": {"key": "sk-1", "file": "sk-2\n", "port": 5, "deep": {"a": 1}},
            "metadata": {"version": 3}}}),
    ] {
        let mut host = host(&tasks, move |_| ("200 OK", body.to_string())).await;
        let manager = vault(&host);
        for (path, found) in
            [("key", "sk-1"), ("file", "sk-2"), ("port", "5"), ("deep", r#"{"a":1}"#)]
        {
            let text = format!("$secret://vault/1/llm/open ai/{path}");
            assert_eq!(ask(&manager, &text, PATIENCE).await.as_deref(), Ok(found));
            let saw = host.saw().await.to_lowercase();
            assert!(saw.starts_with("get /base/v1/kv/data/llm/open%20ai http/1.1"), "{saw}");
            assert!(saw.contains("x-vault-token: canary-token"), "{saw}");
            assert!(saw.contains("x-vault-namespace: team"), "{saw}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_had_has_a_reason_that_tells_no_secret() {
    let tasks = Tasks::default();
    let bodies = |text: &str| {
        let path = text.split_whitespace().nth(1).unwrap();
        match path.rsplit('/').next().unwrap() {
            "denied" => ("403 Forbidden", r#"{"errors":["canary-token"]}"#.to_owned()),
            "gone" => ("404 Not Found", r#"{"errors":[]}"#.to_owned()),
            "html" => ("200 OK", "<html>canary".to_owned()),
            "bare" => ("200 OK", r#"{"data":{"other":"canary","key":""}}"#.to_owned()),
            "moved" => ("307 Moved\r\nlocation: http://127.0.0.1:1/", String::new()),
            _ => ("200 OK", format!(r#"{{"data":{{"key":"{}"}}}}"#, "x".repeat(300_000))),
        }
    };
    let host = host(&tasks, bodies).await;
    let manager = vault(&host);
    for (path, reason) in [
        ("denied/key", "the manager answered 403 Forbidden"),
        ("gone/key", "the manager answered 404 Not Found"),
        ("html/key", "the manager's answer cannot be read"),
        ("bare/none", "the secret is no JSON object with a member \"none\""),
        ("bare/key", "the secret is empty"),
        ("moved/key", "the manager answered 307 Temporary Redirect"),
        ("huge/key", "the answer is larger than 262144 bytes"),
        ("nothing", "the reference names no key of a secret"),
    ] {
        let answer = ask(&manager, &format!("$secret://vault/1/{path}"), PATIENCE).await;
        assert_eq!(answer.unwrap_err(), reason, "{path}");
    }
}

#[tokio::test]
async fn a_manager_that_stalls_is_not_waited_for() {
    let tasks = Tasks::default();
    let host = Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    let answer = ask(&vault(&host), "$secret://vault/1/a/b", Duration::from_millis(50)).await;
    assert_eq!(answer.unwrap_err(), "the manager did not answer in time");
}

#[tokio::test]
async fn the_longest_name_of_aws_is_tried_first() {
    let tasks = Tasks::default();
    let answer = |text: &str| {
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let missing = |kind: &str| ("400 Bad Request", json!({"__type": kind}).to_string());
        match body["SecretId"].as_str().unwrap() {
            "prod/openai" => ("200 OK", json!({"SecretString": r#"{"key":"sk-1"}"#}).to_string()),
            "plain" => ("200 OK", json!({"SecretString": "sk-2"}).to_string()),
            "denied/key" => missing("AccessDeniedException"),
            "broken" => missing("InternalServiceError"),
            _ => missing("com.amazonaws.secretsmanager#ResourceNotFoundException"),
        }
    };
    let mut host = host(&tasks, answer).await;
    let document = json!({"id": "aws.1", "aws": {
        "access_key_id": "AKID", "secret_access_key": "canary-secret", "session_token": "canary-session",
        "region": "eu-west-1", "endpoint_url": format!("http://{}", host.address)}});
    let manager = Arc::new(built(&document).unwrap());
    for (path, answer) in [
        ("prod/openai/key", Ok("sk-1")),
        ("prod/openai", Ok(r#"{"key":"sk-1"}"#)),
        ("plain", Ok("sk-2")),
        ("none/key", Err("the manager has no such secret")),
        ("broken", Err("the manager answered 400 Bad Request")),
    ] {
        let text = format!("$secret://aws/1/{path}");
        let found = ask(&manager, &text, PATIENCE).await;
        assert_eq!(found.as_deref().map_err(String::as_str), answer, "{path}");
    }
    let saw = host.saw().await;
    let head = saw.to_lowercase();
    assert!(head.contains("x-amz-target: secretsmanager.getsecretvalue"), "{saw}");
    assert!(saw.contains("/eu-west-1/secretsmanager/aws4_request"), "{saw}");
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
    assert!(saw.contains(signed), "{saw}");
    assert!(!saw.contains("canary-secret"), "{saw}");
}

#[tokio::test]
async fn googles_secrets_are_read_with_a_token_of_the_account() {
    let tasks = Tasks::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&seen);
    let answer = move |text: &str| {
        let line = text.lines().next().unwrap().to_owned();
        let body = match line.split_whitespace().nth(1).unwrap() {
            "/token" => r#"{"access_token":"canary-token","expires_in":3600}"#,
            // {"key":"sk-1"}
            _ => r#"{"payload":{"data":"eyJrZXkiOiJzay0xIn0="}}"#,
        };
        let bearer = text.contains("authorization: Bearer canary-token");
        all.lock().unwrap().push((line, bearer));
        ("200 OK", body.to_owned())
    };
    let host = host(&tasks, answer).await;
    let base = format!("http://{}", host.address);
    let document = json!({"id": "gcp.1", "gcp": {"auth_config": {
        "client_email": "me@p.example", "private_key": KEY, "project_id": "p",
        "token_uri": format!("{base}/token"), "entries_uri": format!("{base}/v1"), "scope": ["a", "b"]}}});
    let manager = Arc::new(built(&document).unwrap());
    let found = ask(&manager, "$secret://gcp/1/openai/key", PATIENCE).await;
    assert_eq!(found.as_deref(), Ok("sk-1"));
    let found = ask(&manager, "$secret://gcp/1/openai", PATIENCE).await;
    assert_eq!(found.as_deref(), Ok(r#"{"key":"sk-1"}"#));
    let access = "GET /v1/projects/p/secrets/openai/versions/latest:access HTTP/1.1";
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], ("POST /token HTTP/1.1".to_owned(), false));
    assert_eq!(seen[1], (access.to_owned(), true));
}

#[test]
fn documents_that_are_no_manager_are_told_why() {
    let vault = json!({"uri": "http://a", "prefix": "kv", "token": "t"});
    let with = |name: &str, value: Value| {
        let mut vault = vault.clone();
        vault[name] = value;
        json!({"id": "vault.1", "vault": vault})
    };
    assert!(built(&json!({"id": "vault.1", "vault": vault})).is_ok());
    for (document, told) in [
        (json!({"id": "vault.1"}), "has one of"),
        (
            json!({"id": "vault.1", "vault": vault, "aws": {
            "access_key_id": "a", "secret_access_key": "b"}}),
            "has one of",
        ),
        (json!({"id": "aws", "vault": vault}), "/id"),
        (with("uri", json!("ftp://a")), "/vault/uri"),
        (with("token", json!("$secret://vault/2/a/b")), "cannot be kept by a manager"),
        (with("token", json!("$env://NO")), "/vault/token"),
        (with("token", json!(" ")), "/vault/token"),
        (with("namespace", json!("a\nb")), "/vault/namespace"),
        (
            json!({"id": "gcp.1", "gcp": {"auth_config": {
                "client_email": "a", "private_key": "canary", "project_id": "p"}}}),
            "/gcp/auth_config/private_key",
        ),
    ] {
        let why = built(&document).err().unwrap();
        assert!(why.contains(told) && !why.contains("canary"), "{document}: {why}");
    }
    // While a write is checked no secret is known.
    let context = BuildContext { owner: "test", seal: None, elsewhere: &Nowhere, targets: None };
    let document = json!({"id": "gcp.1", "gcp": {"auth_config": {
        "client_email": "a", "private_key": "$env://KEY", "project_id": "p"}}});
    assert!(Manager::build(&serde_json::from_value(document).unwrap(), &context).is_ok());
}

fn answered(manager: &Arc<Manager>, answer: Result<&str, &str>) -> Fetched {
    let secret = Managed::named_by("$secret://vault/1/a/b").unwrap();
    let answer = answer.map(str::to_owned).map_err(str::to_owned);
    Fetched { secret, manager: Arc::clone(manager), answer }
}

#[test]
fn what_was_had_stays_and_failures_are_asked_for_less_and_less() {
    let document = json!({"id": "vault.1", "refresh_seconds": 30,
        "vault": {"uri": "http://a", "prefix": "kv", "token": "t"}});
    let manager = Arc::new(built(&document).unwrap());
    let secret = Managed::named_by("$secret://vault/1/a/b").unwrap();
    let (mut known, start) = (Known::default(), Instant::now());
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    assert!(known.lacks(&secret, &manager, start));
    known.ask(&secret, &manager, start);
    assert!(!known.lacks(&secret, &manager, start) && known.due().is_none());
    assert!(known.learn(answered(&manager, Err("away")), start).is_some());
    assert_eq!(known.due(), Some(at(1)));
    assert_eq!(known.take_due(start).len(), 0);
    assert_eq!(known.take_due(at(1)).len(), 1);
    // The same again is no news.
    assert!(known.learn(answered(&manager, Err("away")), at(1)).is_none());
    assert_eq!(known.due(), Some(at(3)));
    // Who writes a document that names it need not wait so long.
    assert!(!known.lacks(&secret, &manager, at(4)) && known.lacks(&secret, &manager, at(6)));
    assert!(known.learn(answered(&manager, Ok("1")), at(3)).is_some());
    assert!(known.learn(answered(&manager, Ok("1")), at(4)).is_none());
    assert_eq!(known.due(), Some(at(34)));
    assert_eq!(known.stale(), None);
    assert!(known.learn(answered(&manager, Err("away")), at(34)).is_none());
    let stale = known.stale().unwrap();
    assert!(stale.contains("$secret://vault/1/a/b: away"), "{stale}");
    let sight = Sight { environment: &|_| None, known: &known };
    assert_eq!(sight.managed(&secret).as_deref(), Ok("1"));
    // Another manager under this id is asked at once, and the old one's late answer does not count.
    let other = Arc::new(built(&document).unwrap());
    assert!(known.lacks(&secret, &other, at(35)));
    known.ask(&secret, &other, at(35));
    assert!(known.learn(answered(&manager, Ok("2")), at(36)).is_none());
    assert!(known.learn(answered(&other, Ok("3")), at(36)).is_some());
    assert!(known.orphan(&secret, at(37)) && !known.orphan(&secret, at(38)));
    let sight = Sight { environment: &|_| None, known: &known };
    assert_eq!(sight.managed(&secret).unwrap_err(), "there is no secret manager \"vault.1\"");
    known.retain(|_| false);
    assert!(known.lacks(&secret, &manager, at(39)));
}
