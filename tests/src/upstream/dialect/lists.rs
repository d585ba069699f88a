//! Lists of models, as the vendors give them.

use serde_json::{Value, json};

use crate::upstream::{Reply, Request};

const NAMES: &[&str] = &["text", "heard"];

/// The list of models that is asked for.
pub(super) fn reply(request: &Request) -> Option<Reply> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let list = match path {
        "/v1/models" if query.contains("page_size") => {
            json!({"models": each(|name| json!({"name": name, "endpoints": ["chat"]}))})
        }
        "/v1/models" if !request.header("anthropic-version").is_empty() => json!({
            "data": each(|name| json!({
                "type": "model", "id": name, "display_name": name,
                "created_at": "2025-02-19T00:00:00Z",
            })),
            "first_id": NAMES.first(), "last_id": NAMES.last(), "has_more": false,
        }),
        "/v1/models" => json!({
            "object": "list",
            "data": each(|name| json!({
                "id": name, "object": "model", "created": 1_686_935_002, "owned_by": "test",
            })),
        }),
        "/v1beta/models" => {
            let methods = ["generateContent"];
            json!({"models": each(|name| json!({
                "name": format!("models/{name}"), "displayName": name,
                "supportedGenerationMethods": methods,
            }))})
        }
        "/api/tags" => json!({"models": each(|name| json!({"name": name, "model": name}))}),
        _ => return None,
    };
    Some(Reply::json(200, &list))
}

fn each(one: impl Fn(&str) -> Value) -> Vec<Value> {
    NAMES.iter().map(|name| one(name)).collect()
}
