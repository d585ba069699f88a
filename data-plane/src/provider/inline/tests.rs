use std::time::Duration;

use sanmon_shared::resources::Connection;

use super::*;
use crate::provider::{Operation, Transport};
use crate::snapshot::for_test::CONTEXT;
use crate::upstream::Deadlines;

/// Where calls go: of a chat in each of its formats, of embeddings, and of what passes.
fn addresses(vendor: &'static Vendor, endpoint: Option<&str>) -> Vec<String> {
    let mut connection = Connection::default();
    match vendor.kind {
        "bedrock" => {
            connection.region = Some("eu-west-1".to_owned());
            connection.access_key_id = Some(Secret::stored("a"));
            connection.secret_access_key = Some(Secret::stored("s"));
        }
        "vertex" => {
            connection.region = Some("r".to_owned());
            connection.project_id = Some("p".to_owned());
            connection.service_account = Some(Secret::stored("x"));
        }
        _ => {}
    }
    let inline = Inline {
        id: "owner/plugin/name".into(),
        name: "name",
        vendor,
        connection,
        endpoint,
        query: &BTreeMap::new(),
        model: None,
        changes: Vec::new(),
        most: None,
        keep: Keep::default(),
    };
    let provider = Provider::inline(&inline, &CONTEXT);
    let provider = provider.unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!((&*provider.id, provider.default_model.as_deref()), ("owner/plugin/name", None));
    let Transport::Http(http) = &provider.transport else { panic!("no HTTP") };
    let second = Duration::from_secs(1);
    let deadlines = Deadlines::within(second);
    let called = |operation: &Operation<'_>| {
        let call = http.account_at(0).unwrap().call(operation, deadlines).ok()?;
        Some(call.url().to_string())
    };
    let chat = |format: &Format| {
        let url = called(&Operation::Chat { format: *format, model: "m", stream: false })?;
        Some(format!("{} {url}", format.name()))
    };
    let mut all: Vec<String> = Format::ALL.iter().filter_map(chat).collect();
    let embeddings = called(&Operation::Embeddings { model: "m" });
    all.extend(embeddings.map(|url| format!("embeddings {url}")));
    let passed = called(&Operation::Passed { path: "/a/b", query: Some("c=d") });
    all.extend(passed.map(|url| format!("passed {url}")));
    all
}

#[test]
fn each_vendor_is_called_where_apisix_calls_it() {
    let own = [
        (
            &vendors::OPENAI,
            vec![
                "chat https://api.openai.com/v1/chat/completions",
                "responses https://api.openai.com/v1/responses",
                "embeddings https://api.openai.com/v1/embeddings",
                "passed https://api.openai.com/a/b?c=d",
            ],
        ),
        (
            &vendors::DEEPSEEK,
            vec![
                "chat https://api.deepseek.com/chat/completions",
                "passed https://api.deepseek.com/a/b?c=d",
            ],
        ),
        (
            &vendors::AIMLAPI,
            vec![
                "chat https://api.aimlapi.com/v1/chat/completions",
                "passed https://api.aimlapi.com/a/b?c=d",
            ],
        ),
        (
            &vendors::ANTHROPIC,
            vec![
                "chat https://api.anthropic.com/v1/chat/completions",
                "anthropic https://api.anthropic.com/v1/messages",
                "passed https://api.anthropic.com/a/b?c=d",
            ],
        ),
        (
            &vendors::GEMINI,
            vec![
                "chat https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
                "embeddings https://generativelanguage.googleapis.com/v1beta/openai/embeddings",
                "passed https://generativelanguage.googleapis.com/a/b?c=d",
            ],
        ),
        (
            &vendors::OPENROUTER,
            vec![
                "chat https://openrouter.ai/api/v1/chat/completions",
                "passed https://openrouter.ai/a/b?c=d",
            ],
        ),
        (
            &vendors::BEDROCK,
            vec![
                "converse https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse",
                "embeddings https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke",
                "passed https://bedrock-runtime.eu-west-1.amazonaws.com/a/b?c=d",
            ],
        ),
        (
            &vendors::VERTEX_AI,
            vec![
                "chat https://r-aiplatform.googleapis.com/v1/projects/p/locations/r/endpoints/openapi/chat/completions",
                "embeddings https://r-aiplatform.googleapis.com/v1/projects/p/locations/r/publishers/google/models/m:predict",
                "passed https://r-aiplatform.googleapis.com/a/b?c=d",
            ],
        ),
    ];
    for (vendor, expected) in own {
        assert_eq!(addresses(vendor, None), expected);
    }
}

#[test]
fn an_endpoint_is_where_calls_go() {
    let openai = |endpoint| addresses(&vendors::OPENAI, Some(endpoint));
    assert_eq!(
        openai("http://h:1?x=y"),
        [
            "chat http://h:1/v1/chat/completions?x=y",
            "responses http://h:1/v1/responses?x=y",
            "embeddings http://h:1/v1/embeddings?x=y",
            "passed http://h:1/a/b?x=y&c=d",
        ]
    );
    // The end of a path says what is spoken there.
    let chat = ["chat http://h/x/chat/completions", "passed http://h/x/chat/completions?c=d"];
    assert_eq!(openai("http://h/x/chat/completions"), chat);
    assert_eq!(addresses(&vendors::BEDROCK, Some("http://h/x/chat/completions")), chat);
    let messages = ["anthropic http://h/v1/messages", "passed http://h/v1/messages?c=d"];
    assert_eq!(openai("http://h/v1/messages"), messages);
    assert_eq!(
        openai("http://h/own"),
        [
            "chat http://h/own",
            "responses http://h/own",
            "embeddings http://h/own",
            "passed http://h/own?c=d",
        ]
    );
    let azure = "http://h/openai/deployments/d/embeddings?api-version=1";
    assert_eq!(
        addresses(&vendors::AZURE_OPENAI, Some(azure)),
        [format!("embeddings {azure}"), format!("passed {azure}&c=d")]
    );
    assert_eq!(
        addresses(&vendors::VERTEX_AI, Some("http://h:1")).first().map(String::as_str),
        Some("chat http://h:1/v1/projects/p/locations/r/endpoints/openapi/chat/completions")
    );
}
