use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::PromptId;
use crate::resource::Resource;

/// A text to which a model answers, kept apart from the plugins that ask.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Prompt {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: PromptId,
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
    /// The text; may hold expressions, `${…}`.
    #[serde(default)]
    #[schema(example = "Say in one sentence what ${req.path} may be about.")]
    pub prompt: String,
}

impl Resource for Prompt {
    const KIND: &'static str = "prompt";
    const PLURAL: &'static str = "prompts";
    const TITLE: &'static str = "Prompt";
    const ABOUT: &'static str = "Texts to which models answer.";

    fn example() -> Value {
        json!({
            "name": "welcome",
            "prompt": "Welcome the user of ${apikey.name:an unknown application} in one sentence."
        })
    }
}
