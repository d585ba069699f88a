use std::ops::Deref;
use std::rc::Rc;

use actix_web::http::header::HeaderName;
use bytes::Bytes;
use sanmon_wire::canonical::{Request, Response};
use sanmon_wire::chat::find_in_answer;
use sanmon_wire::format::{Codec, Format, Unsupported};
use sanmon_wire::json::{Json, ScanError};
use sanmon_wire::pass::{AnswerFindings, Pass};
use sanmon_wire::translate::Observe;

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::Dialect;
use crate::target::Candidate;

/// What differs between the protocols in which models are asked.
pub(crate) trait Front: Send + Sync {
    /// How requests are read, and answers written.
    fn codec(&self) -> &'static dyn Codec;

    /// How errors are written.
    fn dialect(&self) -> Dialect;

    /// The members of its bodies that decide something.
    fn shape(&self) -> &'static Shape;

    /// Whether even a provider of the same format is answered for in other words.
    fn always_translates(&self) -> bool {
        false
    }

    /// What watches a streamed answer that passes through. `strip_usage`: the gateway asked for usage,
    /// the caller did not.
    fn pass(&self, exchange: &Exchange, candidate: &Candidate, strip_usage: bool) -> Box<dyn Pass>;

    /// What a whole answer holds that passes through.
    fn findings(&self, body: &[u8]) -> Result<AnswerFindings, ScanError> {
        find_in_answer(body, self.shape().content)
    }

    /// A whole answer passes through.
    fn passed(&self, _: &Exchange, _: &Candidate, _: &Bytes) {}

    /// Whether a header of the caller is for the provider, where that speaks this format.
    fn forwards(&self, _: &HeaderName) -> Forwards {
        Forwards::No
    }

    /// Who alone can answer it, where that is so.
    fn bound(&self) -> Option<&Bound> {
        None
    }

    /// Whether a body can go to a provider of its format as it is.
    fn passes(&self, _body: &[u8]) -> bool {
        true
    }

    /// Changes a request before it is translated to `target`, or refuses it.
    fn prepare(&self, _: &Exchange, _target: Format, _: &mut Request) -> Result<(), GatewayError> {
        Ok(())
    }

    /// What watches an answer that is translated. `id` is [`Asked::id`](sanmon_wire::format::Asked).
    fn observe(&self, _: &Exchange, _: &Request, _id: &str) -> Option<Box<dyn Observe>> {
        None
    }

    /// What a translated answer repeats of the request, for [`Asked::echo`](sanmon_wire::format::Asked).
    fn echo(&self, _body: &[u8], _: &Request) -> Option<Json> {
        None
    }

    /// The requests that a provider of another format has to answer in place of this one; `None`:
    /// itself. Their answers are [joined](Front::join).
    fn split(&self, _: &Request) -> Result<Option<Vec<Request>>, Unsupported> {
        Ok(None)
    }

    /// Their answers as one; `n` is how many each was to have.
    fn join(&self, answers: Vec<Response>, _n: u64) -> Response {
        answers.into_iter().next().unwrap_or_default()
    }
}

/// A protocol, held for as long as its answer takes.
#[derive(Clone)]
pub(crate) enum Fronted {
    /// One that knows nothing of the request.
    Fixed(&'static dyn Front),
    /// One that was made for it.
    Made(Rc<dyn Front>),
}

impl Deref for Fronted {
    type Target = dyn Front;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Fixed(front) => *front,
            Self::Made(front) => &**front,
        }
    }
}

/// A provider, and which of its credentials: what was made with it is found with no other.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) provider: Box<str>,
    pub(crate) credential: usize,
}

/// An answer that a provider keeps can be gone on from with that provider only.
pub(crate) fn elsewhere() -> GatewayError {
    let text = "the answer to go on from is kept by another provider";
    GatewayError::new(Code::Unsupported, text).param("previous_response_id")
}

/// What becomes of a caller's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forwards {
    /// It does not travel.
    No,
    /// It takes the place of what the provider's account says.
    Instead,
    /// It joins that.
    Beside,
}

/// The members of a protocol's bodies that decide something.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Members that bound the output; a body should have one of them at most. The first is inserted
    /// where a bound is missing, unless the provider has its own word.
    pub limits: &'static [&'static str],
    /// Members that hold tools.
    pub tools: &'static [&'static str],
    /// Members that hold the conversation: what input tokens are guessed from.
    pub input: &'static [&'static str],
    /// Whether usage of streams has to be asked for, by `stream_options.include_usage`.
    pub stream_options: bool,
    /// The member that an answer must have, a list.
    pub content: &'static str,
}
