//! The format's JSON as types: flat, with everything optional, so that what is not known does not
//! stand in the way. <https://platform.claude.com/docs/en/api/messages>

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::canonical::CacheControl;

/// A message of a request.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
}

/// A block of any type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) text: Option<String>,
    #[serde(borrow)]
    pub(super) source: Option<&'a RawValue>,
    pub(super) title: Option<String>,
    pub(super) context: Option<String>,
    /// Of a text, a list; of a document, whether it is to be cited.
    #[serde(borrow)]
    pub(super) citations: Option<&'a RawValue>,
    pub(super) cache_control: Option<Cache>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    pub(super) tool_use_id: Option<String>,
    /// Of a tool's result: a text, or blocks.
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    pub(super) is_error: Option<bool>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
}

/// Where an image or document is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Source<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) media_type: Option<String>,
    pub(super) data: Option<String>,
    pub(super) url: Option<String>,
    pub(super) file_id: Option<String>,
}

/// `cache_control`. The only type is `ephemeral`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Cache {
    ttl: Option<String>,
}

impl From<Cache> for CacheControl {
    fn from(cache: Cache) -> Self {
        Self { ttl: cache.ttl }
    }
}

/// `citations` of a document.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Cited {
    pub(super) enabled: bool,
}

/// A citation of any type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Citation<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) cited_text: Option<String>,
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    pub(super) document_title: Option<String>,
    pub(super) document_index: Option<u64>,
    pub(super) start_char_index: Option<u64>,
    pub(super) end_char_index: Option<u64>,
    pub(super) start_page_number: Option<u64>,
    pub(super) end_page_number: Option<u64>,
    pub(super) start_block_index: Option<u64>,
    pub(super) end_block_index: Option<u64>,
}

/// A tool that the caller runs.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(borrow)]
    pub(super) input_schema: Option<&'a RawValue>,
    pub(super) strict: Option<bool>,
    pub(super) cache_control: Option<Cache>,
}

/// `tool_choice`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolChoice<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) name: Option<String>,
    pub(super) disable_parallel_tool_use: Option<bool>,
}

/// `thinking`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Thinking<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) budget_tokens: Option<u64>,
    pub(super) display: Option<String>,
}

/// `output_config`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputConfig<'a> {
    pub(super) effort: Option<String>,
    #[serde(borrow)]
    pub(super) format: Option<OutputFormat<'a>>,
}

/// `output_config.format`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputFormat<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) schema: Option<&'a RawValue>,
}

/// `metadata`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) user_id: Option<String>,
}

/// `stop_details`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StopDetails {
    pub(super) explanation: Option<String>,
}
