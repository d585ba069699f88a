//! What is wrong with a document, and where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// RFC 6901 pointer into the document that was sent; empty for the document itself.
    #[schema(example = "/plugins/0/config/refs/1")]
    pub pointer: String,
    /// What is wrong there, for a person.
    #[schema(example = "there is no provider with the id \"provider_openai_1\"")]
    pub message: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// The same problem of a document that stands at `prefix` in a larger one.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// `pointer` with one more member or index, escaped as RFC 6901 wants.
pub fn join_pointer(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
