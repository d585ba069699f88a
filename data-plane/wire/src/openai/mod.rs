//! OpenAI's formats, as far as a gateway looks into them without translating: usage, errors
//! and chat streams.

mod answer;
mod as_stream;
mod chat_stream;
mod error;
mod usage;

pub use answer::{find_in_answer, upstream_error};
pub use as_stream::answer_as_stream;
pub use chat_stream::{ChatNote, ChatStream};
pub use error::write_error;
pub use usage::read_usage;
