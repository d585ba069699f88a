//! A thousand damaged bodies at the admin API: every answer is an answer, none is a 5xx, and whatever is
//! refused is refused as RFC 9457 says.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use sanmon_tests::admin::Admin;
use sanmon_tests::client::Answer;
use sanmon_tests::documents::{apikey, guarded_route, mock_provider};
use sanmon_tests::sanmon::Setup;
use serde_json::{Value, json};

const BODIES: u64 = 1_000;
const AT_ONCE: usize = 8;

/// The same numbers on every run: a failure can be repeated. (Marsaglia's xorshift.)
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Where documents are sent, with what, and what would be a good one.
fn targets() -> Vec<(&'static str, String, &'static str, Value)> {
    let route = guarded_route("route_x", Some("x.test/a"), "mock");
    let backend = json!({"id": "b", "backend": {"targets": [{"hostname": "h", "port": 1}]}});
    let documents = [
        ("routes", "route_x", route.clone()),
        ("services", "s", json!({"id": "s", "domains": ["x.test"], "plugins": route["plugins"]})),
        ("backends", "b", backend),
        ("plugins", "p", json!({"id": "p", "plugin": "apikeys", "config": {"mandatory": true}})),
        ("global-plugins", "g", json!({"id": "g", "plugin": "cors", "config": {}})),
        ("providers", "other", mock_provider("other")),
        ("embedding-models", "e", json!({"id": "e", "provider": "mock"})),
        ("apikeys", "app", apikey("app")),
        ("admins", "a", json!({"id": "a", "name": "a", "role": "viewer"})),
    ];
    let json = "application/json";
    let mut targets = Vec::new();
    for (plural, id, document) in documents {
        targets.push(("POST", format!("/{plural}"), json, document.clone()));
        targets.push(("PUT", format!("/{plural}/{id}"), json, document.clone()));
        let patched = format!("/{plural}/{id}");
        targets.push(("PATCH", patched.clone(), "application/merge-patch+json", document));
        let patch = json!([
            {"op": "add", "path": "/metadata", "value": {"a": "b"}},
            {"op": "test", "path": "/metadata/a", "value": "b"},
            {"op": "copy", "from": "/metadata", "path": "/description"},
        ]);
        targets.push(("PATCH", patched, "application/json-patch+json", patch));
    }
    let operations = json!({"operations": [
        {"action": "create", "kind": "apikeys", "document": apikey("t")},
        {"action": "put", "kind": "apikeys", "id": "u", "document": apikey("u")},
    ]});
    targets.push(("POST", "/transactions".to_owned(), json, operations));
    targets.push(("POST", "/routes/_bulk".to_owned(), "application/x-ndjson", route.clone()));
    targets.push((
        "POST",
        "/import".to_owned(),
        json,
        json!({"format": "sanmon.export/v1", "resources": {"routes": [route.clone()]}}),
    ));
    targets.push(("POST", "/routes".to_owned(), "application/yaml", route));
    targets
}

/// Damages a body: cuts it, flips and doubles bytes, and puts other values where they do not belong.
fn damage(document: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut document = document.clone();
    let kind = dice.roll(8);
    if kind >= 5 {
        replace_somewhere(&mut document, dice);
    }
    let mut bytes = document.to_string().into_bytes();
    match kind {
        0 => bytes.truncate(dice.roll(bytes.len())),
        1 => {
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
        }
        2 => {
            let from = dice.roll(bytes.len());
            let to = from + dice.roll(bytes.len() - from);
            bytes.drain(from..to);
        }
        3 => {
            let from = dice.roll(bytes.len());
            let piece = bytes[from..].to_vec();
            let at = dice.roll(bytes.len());
            bytes.splice(at..at, piece);
        }
        4 => {
            let at = dice.roll(bytes.len());
            bytes.splice(at..at, "[{\"\\u0000\":".repeat(1 << dice.roll(14)).into_bytes());
        }
        _ => {}
    }
    bytes
}

/// Replaces one value, anywhere, by one of another type or size, or adds a member.
fn replace_somewhere(value: &mut Value, dice: &mut Dice) {
    let inside = match value {
        Value::Object(members) if !members.is_empty() && dice.roll(4) > 0 => {
            let at = dice.roll(members.len());
            members.values_mut().nth(at)
        }
        Value::Array(items) if !items.is_empty() && dice.roll(4) > 0 => {
            let at = dice.roll(items.len());
            items.get_mut(at)
        }
        _ => None,
    };
    if let Some(inside) = inside {
        return replace_somewhere(inside, dice);
    }
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{feff}\u{202e}"),
        json!("../../etc/passwd"),
        json!("(((((a+)+)+)+)+"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([[], {}, null]),
        json!({}),
        json!({"": {"/": "~1"}, "$ref": "#"}),
        json!("********-0000abcd"),
        json!("hashed:v1:00"),
        json!("sealed:v1:AAAA"),
    ];
    *value = others[dice.roll(others.len())].clone();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_damaged_bodies_and_no_5xx() {
    let sanmon = Setup::serve().start().await;
    let admin = sanmon.admin();
    admin.store("providers", &mock_provider("mock")).await;
    let targets = targets();
    for (method, path, media, document) in &targets {
        // Undamaged they are taken: the damage is what is refused.
        let body = document.to_string().into();
        let path = format!("{path}{}dry_run=true", if path.contains('?') { '&' } else { '?' });
        let answer = admin.send_bytes(method, &path, media, body).await;
        let known = answer.status < 300 || (*method == "PATCH" && answer.status == 404);
        assert!(known, "{method} {path} {media}: {} {}", answer.status, answer.text());
    }
    let targets = &targets;
    let admin = &admin;
    let answers: Vec<(u64, Answer)> = stream::iter(1..=BODIES)
        .map(|seed| async move {
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            dice.roll(2);
            let (method, path, media, document) = &targets[dice.roll(targets.len())];
            let body = damage(document, &mut dice);
            (seed, admin.send_bytes(method, path, media, body.into()).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut statuses = BTreeMap::<u16, usize>::new();
    for (seed, answer) in &answers {
        *statuses.entry(answer.status).or_default() += 1;
        let text: String = answer.text().chars().take(500).collect();
        assert!(answer.status < 500, "seed {seed}: {} {text}", answer.status);
        if answer.status >= 400 {
            assert_eq!(answer.header("content-type"), "application/problem+json", "seed {seed}");
            let problem = answer.json();
            assert!(problem["code"].is_string() && problem["title"].is_string(), "{text}");
            assert_eq!(problem["status"], answer.status, "{text}");
        }
        if answer.status == 422 {
            let problems = answer.json();
            let problems = problems["problems"].as_array().unwrap();
            assert!(!problems.is_empty(), "seed {seed}: {text}");
            assert!(problems.iter().all(|one| one["pointer"].is_string()), "{text}");
        }
    }
    assert!(statuses[&400] > 100 && statuses[&422] > 100, "{statuses:?}");
    check_state(admin).await;
}

/// What was stored by then is still a configuration: it reads, and it is what a data plane serves.
async fn check_state(admin: &Admin) {
    let export = admin.get("/export").await.expect(200);
    assert!(export.json().is_object());
    let answer = admin.post("/apikeys?wait=applied&timeout=10s", &apikey("after")).await;
    let _unused = answer.expect(201);
}
