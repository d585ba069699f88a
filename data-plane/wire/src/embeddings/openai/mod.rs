//! OpenAI's format, which clients speak, and those who speak nearly the same.

mod dialect;
mod pass;
mod request;
mod response;

pub use dialect::{JINA, MISTRAL, OPENAI, OpenAi, VOYAGE};
pub use pass::{vector_form, with_vectors_as};
pub use request::{decode_request, is_member};
pub use response::encode_response;
