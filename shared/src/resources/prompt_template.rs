use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::PromptTemplateId;
use crate::resource::Resource;

/// Messages made of a request, in place of those that it has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PromptTemplate {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: PromptTemplateId,
    /// Shown to people.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// A JSON array of chat messages, as a text. `@{body.…}` stands for a member of the request's
    /// body, `@{request.…}` for what is known of the request: a dotted path, or a JSON path that
    /// begins with `$`. In a string it is filled in as text; outside of strings, as JSON.
    #[serde(default = "no_messages")]
    #[schema(example = json!(EXAMPLE))]
    pub template: String,
}

const EXAMPLE: &str = r#"[{"role": "system", "content": "You know all about @{body.subject}."}, {"role": "user", "content": "@{body.question}"}]"#;

fn no_messages() -> String {
    "[]".to_owned()
}

impl Resource for PromptTemplate {
    const KIND: &'static str = "prompt-template";
    const PLURAL: &'static str = "prompt-templates";
    const TITLE: &'static str = "PromptTemplate";
    const ABOUT: &'static str = "Messages made of requests, in place of those that they have.";

    fn example() -> Value {
        json!({"name": "expert", "template": EXAMPLE})
    }
}
