//! Converse's JSON, as the service's model has it:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::json::Json;
use crate::lenient::null_as_default;

/// A value of a union: an object with one member, whose name says what it is.
#[derive(Clone, Debug)]
pub(super) enum Union {
    /// Text, as most are.
    Text(String),
    /// Anything else: the member's name and value.
    Other(String, Json),
}

impl<'de> Deserialize<'de> for Union {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMember;
        impl<'de> Visitor<'de> for OneMember {
            type Value = Union;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one member")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Union, A::Error> {
                let mut found = None;
                while let Some(name) = map.next_key::<String>()? {
                    if found.is_none() && name == "text" {
                        found = map.next_value::<Option<String>>()?.map(Union::Text);
                        continue;
                    }
                    // What is `null` is as good as absent; what pads an event is no member.
                    let value = map.next_value::<Json>()?;
                    if found.is_none() && !value.is_null() && name != "p" {
                        found = Some(Union::Other(name, value));
                    }
                }
                Ok(found.unwrap_or_else(|| Union::Text(String::new())))
            }
        }
        deserializer.deserialize_map(OneMember)
    }
}

/// `{"image": …}`, `{"document": …}` and `{"audio": …}`. What has other members stays as it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) source: FileSource,
    #[serde(default)]
    pub(super) context: Option<String>,
    #[serde(default)]
    pub(super) citations: Option<Enabled>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FileSource {
    #[serde(default)]
    pub(super) bytes: Option<String>,
    #[serde(default)]
    pub(super) s3_location: Option<S3Location>,
    #[serde(default)]
    pub(super) text: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct S3Location {
    pub(super) uri: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enabled {
    #[serde(default)]
    pub(super) enabled: bool,
}

/// A call. One of a server's tools has a `type`, and stays as it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ToolUse {
    pub(super) tool_use_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) input: Option<Json>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ToolResult {
    pub(super) tool_use_id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) content: Vec<Union>,
    #[serde(default)]
    pub(super) status: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReasoningContent {
    #[serde(default)]
    pub(super) reasoning_text: Option<ReasoningText>,
    #[serde(default)]
    pub(super) redacted_content: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasoningText {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) text: String,
    #[serde(default)]
    pub(super) signature: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CachePoint {
    #[serde(default, rename = "type")]
    pub(super) _kind: Option<String>,
    #[serde(default)]
    pub(super) ttl: Option<String>,
}

/// Text with what it relies on.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CitationsContent {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) content: Vec<CitedText>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) citations: Vec<Json>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CitedText {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) text: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Citation {
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) source_content: Vec<CitedText>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) location: CitationLocation,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CitationLocation {
    #[serde(default)]
    pub(super) web: Option<WebLocation>,
    #[serde(default)]
    pub(super) document_char: Option<DocumentRange>,
    #[serde(default)]
    pub(super) document_page: Option<DocumentRange>,
    #[serde(default)]
    pub(super) document_chunk: Option<DocumentRange>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct WebLocation {
    #[serde(default)]
    pub(super) url: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentRange {
    #[serde(default)]
    pub(super) document_index: u64,
    #[serde(default)]
    pub(super) start: u64,
    #[serde(default)]
    pub(super) end: u64,
}

/// What was counted. `inputTokens` are those that no cache had to do with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) input_tokens: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) output_tokens: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) cache_read_input_tokens: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) cache_write_input_tokens: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) cache_details: Vec<CacheDetail>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CacheDetail {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) ttl: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) input_tokens: u64,
}

/// `{"type": …}`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
}

/// A turn.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Message {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) role: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) content: Vec<Union>,
}
