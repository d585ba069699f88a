//! OpenAI's formats, as far as a gateway looks into them without translating: usage, errors, chat
//! streams and embeddings.

mod answer;
mod as_stream;
mod chat_stream;
mod embeddings;
mod error;
mod models;
mod usage;

pub use answer::{find_in_answer, upstream_error};
pub use as_stream::answer_as_stream;
pub use chat_stream::{ChatNote, ChatStream};
pub use embeddings::{VectorForm, vector_form, with_vectors_as};
pub use error::write_error;
pub use models::{ListedModel, read_models};
pub use usage::read_usage;
