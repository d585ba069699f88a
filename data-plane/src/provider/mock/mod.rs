//! The kind `mock`: answers in process, the same for the same request, so that anyone can try a
//! route, and test what an application does when a provider is slow, fails or breaks off.
//!
//! Words of the model's name go over the settings of the document: `mock-s100-d50` answers in 100
//! pieces, 50 ms apart; `e429` answers with that status, `c3` breaks off after 3 pieces.

mod answer;
mod embeddings;
mod stream;

use std::time::Duration;

use bytes::Bytes;
use sanmon_shared::resources::Mock;

pub use answer::chat;
pub use embeddings::embeddings;
pub use stream::MockStream;

/// What a mock says.
pub enum Reply {
    /// All at once.
    Whole {
        /// The status.
        status: u16,
        /// The body.
        body: Bytes,
        /// To wait before.
        delay: Duration,
    },
    /// As a stream of events.
    Stream(MockStream),
}

/// The settings of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Script {
    answer: Option<String>,
    chunks: u32,
    delay: Duration,
    status: Option<u16>,
    cut_after: Option<u32>,
}

impl Script {
    fn of(mock: &Mock, model: &str) -> Self {
        let mut script = Self {
            answer: mock.answer.clone(),
            chunks: mock.chunks,
            delay: Duration::from_millis(mock.delay),
            status: mock.status,
            cut_after: mock.cut_after,
        };
        for word in model.split('-').skip(1) {
            let mut letters = word.chars();
            let letter = letters.next();
            let Ok(number) = letters.as_str().parse::<u32>() else { continue };
            match letter {
                Some('s') => script.chunks = number.clamp(1, 10_000),
                Some('d') => script.delay = Duration::from_millis(u64::from(number.min(60_000))),
                Some('c') => script.cut_after = Some(number),
                Some('e') => {
                    script.status =
                        u16::try_from(number).ok().filter(|status| (400..600).contains(status));
                }
                _ => {}
            }
        }
        script
    }

    fn failure(&self) -> Option<Reply> {
        let status = self.status?;
        let kind = match status {
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let text = format!("the mock answers with the status {status}, as it was told to");
        let body = sanmon_wire::chat::write_error(&text, kind, None, Some("mock_error"));
        Some(Reply::Whole { status, body: body.into(), delay: self.delay })
    }
}

#[cfg(test)]
mod tests;
