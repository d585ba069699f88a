//! What is asked of a provider.

use sanmon_wire::format::Format;

/// A call's purpose; [`Account::call`](super::Account::call) knows its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// An answer to a conversation or prompt.
    Chat {
        /// In which the body is written.
        format: Format,
        /// As the provider calls it.
        model: &'a str,
        /// The answer is asked for as a stream.
        stream: bool,
    },
    /// The tokens of a conversation.
    CountTokens {
        /// In which the body is written.
        format: Format,
        /// As the provider calls it.
        model: &'a str,
    },
    /// Vectors.
    Embeddings {
        /// As the provider calls it.
        model: &'a str,
    },
    /// A piece of a list of models.
    Models {
        /// Which of [`Account::lists`](super::Account::lists).
        list: usize,
        /// What the piece before it said of the next: a parameter of the query and its value.
        next: Option<(&'a str, &'a str)>,
    },
    /// An answer that the provider keeps (Responses). `GET`, or `POST` where `rest` is `/cancel`;
    /// [`Call::method`](crate::upstream::Call::method) makes it another.
    Stored {
        /// The provider's id of it.
        id: &'a str,
        /// What follows in the path, with a query: nothing, `/cancel`, `/input_items?limit=1`.
        rest: &'a str,
    },
    /// Something that only the vendor knows. `POST`, unless
    /// [`Call::method`](crate::upstream::Call::method) makes it another.
    Passed {
        /// As the caller asked for it.
        path: &'a str,
        /// The caller's.
        query: Option<&'a str>,
    },
}
