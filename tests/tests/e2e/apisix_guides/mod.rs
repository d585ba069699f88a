//! The documents of APISIX's AI plugins: what they show, as calls of curl against the program, and what of it
//! arrives at the vendors, whom an upstream plays.

mod limits;
mod multi;
mod prompts;
mod proxy;

use sanmon_tests::guide::Guide;
use sanmon_tests::sanmon::Setup;
use sanmon_tests::upstream::dialect::{self, Dialect};
use sanmon_tests::upstream::{Reply, Request, ScriptedUpstream, openai};
use serde_json::json;

/// Every vendor: chats in any dialect, eleven tokens in and seven out; embeddings; tokens of Google. Models
/// are called what they are to do, such as `fail-429`.
fn vendors(request: &Request) -> Reply {
    let path = request.path.split('?').next().unwrap_or_default();
    if path.ends_with("/embeddings") {
        return Reply::json(200, &openai::embeddings(&request.json()));
    }
    if path.ends_with(":predict") {
        let vector =
            json!({"values": [0.5, -0.25], "statistics": {"token_count": 5, "truncated": false}});
        return Reply::json(200, &json!({"predictions": [{"embeddings": vector}]}));
    }
    if path == "/token" {
        let token =
            json!({"access_token": "google-token", "expires_in": 3600, "token_type": "Bearer"});
        return Reply::json(200, &token);
    }
    let nobody = || Reply::json(404, &openai::error("unknown path", "not_found", None));
    dialect::act(request).unwrap_or_else(nobody)
}

/// The script of this name, its vendors, and their keys.
async fn begin(script: &str, setup: Setup) -> Guide {
    let mut guide = Guide::begin(script, setup, ScriptedUpstream::start_with(vendors).await).await;
    for vendor in
        ["OPENAI", "DEEPSEEK", "AZ_OPENAI", "ANTHROPIC", "GEMINI", "OPENROUTER", "AIMLAPI"]
    {
        let key = vendor.to_ascii_lowercase().replace('_', "-");
        guide.env(&format!("{vendor}_API_KEY"), &format!("{key}-key"));
    }
    guide
}

/// What a vendor was asked: the path, and what was shown to it.
fn shown(request: &Request) -> (&str, &str) {
    let names = ["authorization", "api-key", "x-api-key"];
    let shown = names.map(|name| request.header(name)).into_iter().find(|value| !value.is_empty());
    (&request.path, shown.unwrap_or_default())
}

/// The only request that arrived.
#[track_caller]
fn one(guide: &mut Guide) -> Request {
    let mut asked = guide.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

/// The models that were asked, in order.
fn models(asked: &[Request]) -> Vec<String> {
    let chats = asked.iter().filter(|request| Dialect::of(request).is_some());
    chats.map(|request| request.json()["model"].as_str().unwrap_or_default().to_owned()).collect()
}
