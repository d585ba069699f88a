//! Canaries in every place of a secret: none of them is ever told.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::fixture::{Answered, fixture};

/// What upstreams must know. It is in no answer.
const UPSTREAM: &str = "canary-upstream-secret";
/// What callers must know. It is in the answer to the write that sets it, and in no other.
const CALLERS: &str = "canary-callers-secret";

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A document per kind with a canary in each place.
fn documents() -> Vec<(&'static str, Value)> {
    let connection = json!({
        "token": UPSTREAM, "headers": {"x-key": UPSTREAM}, "api_key": UPSTREAM,
        "client_secret": UPSTREAM, "access_key_id": UPSTREAM, "secret_access_key": UPSTREAM,
        "session_token": UPSTREAM, "service_account": UPSTREAM
    });
    let manager = json!({
        "vault": {"uri": "http://a", "prefix": "kv", "token": UPSTREAM},
        "aws": {"access_key_id": UPSTREAM, "secret_access_key": UPSTREAM, "session_token": UPSTREAM},
        "gcp": {"auth_config":
            {"client_email": "a", "project_id": "p", "private_key": UPSTREAM}},
    });
    let slots = json!([{"plugin": "signer", "config": {"key": UPSTREAM}}]);
    vec![
        ("providers", json!({"provider": "openai", "connection": connection})),
        ("embedding-models", json!({"provider": "openai", "config": {"connection": connection}})),
        ("plugins", json!({"plugin": "signer", "config": {"key": UPSTREAM}})),
        ("global-plugins", json!({"plugin": "signer", "config": {"key": UPSTREAM}})),
        ("secret-managers", manager),
        ("services", json!({"plugins": slots})),
        ("routes", json!({"plugins": slots})),
        (
            "apikeys",
            json!({"clientSecret": CALLERS, "keepSecret": true,
            "rotation": {"enabled": true, "nextSecret": format!("{CALLERS}-2")}}),
        ),
        ("admins", json!({"key": format!("{CALLERS}-0123456789-0123456789-0123456789")})),
    ]
}

#[test]
fn the_places_of_secrets_are_these() {
    let schemas = crate::configuration::Schemas::new(&super::TestCatalogue).unwrap();
    let mut places = BTreeSet::new();
    for (name, schema) in schemas.components() {
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            let text = schema.to_string();
            if text.contains("schemas/Secret\"")
                || text.contains("schemas/HashedSecret\"")
                || text.contains("writeOnly")
            {
                places.insert(format!("{name}.{member}"));
            }
        }
    }
    let known = [
        "Admin.key",
        "Apikey.clientSecret",
        "Connection.access_key_id",
        "Connection.api_key",
        "Connection.client_secret",
        "Connection.headers",
        "Connection.secret_access_key",
        "Connection.service_account",
        "Connection.session_token",
        "Connection.token",
        "Rotation.nextSecret",
        "SecretManagerAws.access_key_id",
        "SecretManagerAws.secret_access_key",
        "SecretManagerAws.session_token",
        "SecretManagerGcpAccount.private_key",
        "SecretManagerVault.token",
    ];
    assert_eq!(places, known.map(str::to_owned).into(), "plant a canary in the new place");
}

fn told(what: &str, answered: &Answered) {
    for canary in [UPSTREAM, CALLERS] {
        assert!(!answered.text().contains(canary), "{what}: {}", answered.text());
        for (name, value) in &answered.headers {
            assert!(!value.to_str().unwrap_or_default().contains(canary), "{what}: {name}");
        }
    }
}

#[actix_web::test]
async fn no_secret_is_ever_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let fixture = fixture().await;
    for (plural, document) in documents() {
        let all = format!("/apis/v1/{plural}");
        let one = format!("{all}/one");
        let shown = matches!(plural, "apikeys" | "admins");
        let written = [
            fixture.put(&format!("{one}?dry_run=true")).json(&document).await,
            fixture.put(&one).json(&document).await,
        ];
        for answer in &written {
            assert!(answer.status < 300, "{plural}: {}", answer.text());
            assert!(!answer.text().contains(UPSTREAM), "{}", answer.text());
            if !shown {
                told(plural, answer);
            }
        }
        let read = fixture.get(&one).send().await;
        assert!(read.text().contains("********"), "{plural}: {}", read.text());
        told(plural, &read);
        told(plural, &fixture.get(&all).send().await);
        for filter in ["connection.token", "clientSecret", "key"] {
            let path = format!("{all}?sort={filter}&filter.{filter}={UPSTREAM}");
            told(plural, &fixture.get(&path).send().await);
        }
        let kept = fixture.put(&one).json(&read.json()).await;
        assert_eq!((kept.status, kept.header("etag")), (200, written[1].header("etag")));
        told(plural, &kept);

        let text = document.to_string();
        let mut wrong = document.clone();
        wrong["enabled"] = json!([UPSTREAM]);
        wrong[UPSTREAM] = json!(3);
        wrong["tags"] = json!({UPSTREAM: UPSTREAM});
        let wrong = fixture.post(&all).json(&wrong).await;
        assert_eq!(wrong.status, 422);
        for problem in wrong.json()["problems"].as_array().unwrap() {
            assert!(!problem["message"].as_str().unwrap().contains(UPSTREAM), "{problem}");
        }
        let swapped = text.replace(&format!("\"{UPSTREAM}\""), &format!("[\"{UPSTREAM}\"]"));
        let swapped = swapped.replace(&format!("\"{CALLERS}\""), &format!("[\"{CALLERS}\"]"));
        if swapped != text {
            let refused = fixture.post(&all).bytes("application/json", swapped).await;
            assert_eq!(refused.status, 422);
            told(plural, &refused);
        }
        for media in ["application/json", "application/yaml", "application/json-patch+json"] {
            let cut = text.len() - 2;
            let refused = fixture.patch(&one).bytes(media, text.as_bytes()[..cut].to_vec()).await;
            assert!(matches!(refused.status, 400 | 415), "{}", refused.text());
            told(plural, &refused);
        }
        let test = json!([{"op": "test", "path": "", "value": UPSTREAM}]);
        told(plural, &fixture.patch(&one).json(&test).await);
        let transaction = json!({"operations": [
            {"action": "put", "kind": plural, "id": "one", "document": document},
            {"action": UPSTREAM, "kind": UPSTREAM, "id": 3, "document": document},
        ]});
        told(plural, &fixture.post("/apis/v1/transactions").json(&transaction).await);
    }
    for path in [
        "/apis/v1/revisions",
        "/apis/v1/revisions/4",
        "/apis/v1/revisions/0/diff/8",
        "/apis/v1/revisions/8/diff/2",
        "/apis/v1/export",
        "/apis/v1/data-planes",
        "/metrics",
        "/apis/openapi.json",
    ] {
        let answer = fixture.get(path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        told(path, &answer);
        assert!(!answer.text().contains("canary-admin-key"), "{path}");
    }
    told("rollback", &fixture.post("/apis/v1/revisions/2/rollback").send().await);
    told(
        "state",
        &Answered {
            body: format!("{:?}", fixture.shared.configuration.state()).into(),
            ..fixture.get("/livez").send().await
        },
    );
    drop(logging);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("admin request"), "the log was captured");
    assert!(
        !log.contains("canary"),
        "{}",
        log.lines().find(|line| line.contains("canary")).unwrap()
    );
}
