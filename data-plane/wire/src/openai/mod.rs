//! OpenAI's formats, as far as a gateway looks into them without translating: usage, errors, chat
//! streams and embeddings.

mod answer;
mod chat_stream;
mod usage;

pub use answer::{AnswerFindings, find_in_answer, upstream_error};
pub use chat_stream::{ChatStream, ChatTally, StreamEnd, UpstreamErrorEvent};
pub use usage::Usage;
