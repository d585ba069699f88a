use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::PromptContextId;
use crate::resource::Resource;

/// Messages that go before and after those of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PromptContext {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: PromptContextId,
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
    /// What goes before.
    #[serde(default)]
    pub pre_messages: Vec<PromptMessage>,
    /// The older name of `pre_messages`; these come first.
    #[serde(default)]
    pub messages: Vec<PromptMessage>,
    /// What goes after.
    #[serde(default)]
    pub post_messages: Vec<PromptMessage>,
}

/// A message of a context.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PromptMessage {
    /// Who says it.
    #[serde(default)]
    pub role: PromptRole,
    /// What is said. `llm-response` reads expressions in it, `${…}`; chats get it as it is.
    #[serde(default)]
    pub content: String,
    /// Of the model's own words: it goes on from here. For vendors that ask for the mark (Mistral,
    /// DeepSeek).
    #[serde(default)]
    pub prefix: bool,
}

/// Who says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptRole {
    /// Whoever runs the application.
    System,
    /// The same, in a newer word.
    Developer,
    /// The person.
    #[default]
    User,
    /// The model.
    Assistant,
}

impl Resource for PromptContext {
    const KIND: &'static str = "prompt-context";
    const PLURAL: &'static str = "prompt-contexts";
    const TITLE: &'static str = "PromptContext";
    const ABOUT: &'static str = "Messages that go before and after those of conversations.";

    fn example() -> Value {
        json!({
            "name": "butler",
            "pre_messages": [{"role": "system", "content": "You are an english butler."}],
            "post_messages": []
        })
    }
}
