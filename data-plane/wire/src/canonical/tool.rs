use serde::Serialize;

use super::{CacheControl, Native};
use crate::json::Json;

/// What a model may call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Tool {
    /// A function with JSON arguments.
    Function(FunctionTool),
    /// A tool that takes any text (OpenAI).
    Custom(CustomTool),
    /// A vendor's own tool, by its type: web search, code execution and others.
    Native(Native),
}

/// A function with JSON arguments.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments; absent where it takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Json>,
    /// Whether arguments must fit the schema. `None`: the format's default, which for Responses is
    /// yes, so its decoder says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// A cache breakpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
}

/// A tool that takes any text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CustomTool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The grammar of its input: what, in OpenAI's flat form (`{"type":"grammar","syntax","definition"}`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Json>,
}

/// Which tool is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This function or custom tool.
    Named(String),
    /// Some of the tools.
    Allowed {
        /// At least one of them.
        required: bool,
        /// Their names.
        names: Vec<String>,
    },
}
