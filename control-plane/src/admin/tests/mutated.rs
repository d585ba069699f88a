//! Bodies that were cut and changed at random are refused, and never break anything.

use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use serde_json::json;

use super::fixture::{Fixture, fixture};

/// A small generator with a fixed seed: the same bodies at each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }

    fn mutate(&mut self, body: &mut Vec<u8>) {
        const PIECES: &[&str] = &[
            "null",
            "-1",
            "1e999",
            "\"\\ud800\"",
            "[[[[",
            "}}",
            "\u{0}",
            "\"\":",
            "true",
            "{}",
            "[]",
            "99999999999999999999999",
            "\"${vault://x\"",
            "********",
            "\\u0000",
            "sealed:v1:AAAA",
        ];
        let at = self.roll(body.len());
        match self.roll(6) {
            0 => body.truncate(at),
            1 => body[at] = u8::try_from(self.roll(256)).unwrap(),
            2 => drop(body.remove(at)),
            3 => {
                let piece = PIECES[self.roll(PIECES.len())];
                body.splice(at..at, piece.bytes());
            }
            4 => {
                let end = (at + self.roll(20)).min(body.len());
                let piece = PIECES[self.roll(PIECES.len())];
                body.splice(at..end, piece.bytes());
            }
            _ => {
                let end = (at + self.roll(40)).min(body.len());
                let copy: Vec<_> = body[at..end].to_vec();
                body.splice(at..at, copy);
            }
        }
    }
}

async fn throw<S>(fixture: &Fixture<S>, dice: &mut Dice, count: usize)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    let kinds: Vec<_> = schemas.kinds().collect();
    let transaction = json!({"operations": [{"action": "put", "kind": "routes", "id": "a",
        "document": {"name": "a"}, "if_match": 1}]});
    let import = json!({"format": "sanmon.export/v1", "resources": {"routes": [{"id": "a"}]}});
    for round in 0..count {
        let kind = kinds[dice.roll(kinds.len())];
        let example = (kind.example)().to_string();
        let all = format!("/apis/v1/{}", kind.plural);
        let (ask, media, text) = match dice.roll(7) {
            0 => (fixture.put(&format!("{all}/a?dry_run=true")), "application/json", example),
            1 => (fixture.patch(&format!("{all}/one")), "application/json", example),
            2 => {
                let patch = json!([{"op": "add", "path": "/tags/0", "value": "a"}]).to_string();
                (fixture.patch(&format!("{all}/one")), "application/json-patch+json", patch)
            }
            3 => (fixture.post(&format!("{all}/_bulk")), "application/x-ndjson", example),
            4 => {
                (fixture.post("/apis/v1/transactions"), "application/yaml", transaction.to_string())
            }
            5 => (fixture.post("/apis/v1/import"), "application/json", import.to_string()),
            _ => (fixture.post(&all), "application/json", example),
        };
        let mut body = text.into_bytes();
        for _ in 0..=dice.roll(3) {
            dice.mutate(&mut body);
            if body.is_empty() {
                break;
            }
        }
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = ask.bytes(media, body).await;
        assert!(answer.status < 500, "round {round}: {} for {shown}", answer.text());
        if answer.status >= 400 {
            answer.code();
        }
    }
}

#[actix_web::test]
async fn a_thousand_mutated_bodies_break_nothing() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    for kind in schemas.kinds() {
        let path = format!("/apis/v1/{}/one", kind.plural);
        assert_eq!(fixture.put(&path).json(&(kind.example)()).await.status, 201);
    }
    throw(&fixture, &mut Dice(0x5a_6d_0b), 1_000).await;
    assert_eq!(fixture.get("/readyz").send().await.status, 200);
}
