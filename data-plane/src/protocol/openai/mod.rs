//! OpenAI's dialect: chat completions, embeddings and lists of models. Bodies pass through as the
//! bytes that they are; what policy decides about is found and changed by offset.

mod api;
mod chat;
mod completions;
mod embeddings;
mod models;

pub use api::Api;
pub use chat::Chat;
pub(crate) use chat::ChatFront;
pub use completions::Completions;
pub use embeddings::Embeddings;
pub(crate) use embeddings::aside::{Embedded, embed};
pub use models::{ListForm, ModelLists, Models};
