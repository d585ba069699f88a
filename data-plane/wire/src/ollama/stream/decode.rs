use crate::canonical::{Delta, ErrorKind, Part, ProviderError, Reasoning, Start, Text};
use crate::format::Decode;
use crate::ndjson::Reader;
use crate::ollama::types::{Answer, Message};
use crate::ollama::{error, message, response, time};

/// Reads a streamed answer.
#[derive(Default)]
pub(in crate::ollama) struct Decoder {
    reader: Reader,
    state: State,
}

#[derive(Default)]
struct State {
    started: bool,
    over: bool,
    /// The text or thinking that grows.
    open: Option<(u32, What)>,
    next: u32,
    calls: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Thinking,
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let Self { reader, state } = self;
        if state.over {
            return;
        }
        if let Err(error) = reader.feed(piece, |line| state.line(line, out)) {
            state.fail(malformed(&error), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let Self { reader, state } = self;
        reader.finish(|line| {
            // Half a line is a cut, and no mistake.
            if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok() {
                state.line(line, out);
            }
        });
    }
}

fn malformed(error: &dyn std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::Server, format!("the provider's stream is malformed: {error}"))
}

impl State {
    fn line(&mut self, line: &[u8], out: &mut Vec<Delta>) {
        if self.over {
            return;
        }
        match serde_json::from_slice::<Answer>(line) {
            Ok(answer) => self.take(answer, out),
            Err(error) => self.fail(malformed(&error), out),
        }
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        if !self.over {
            self.over = true;
            out.push(Delta::Error(error));
        }
    }

    fn take(&mut self, mut answer: Answer, out: &mut Vec<Delta>) {
        if let Some(text) = answer.error {
            self.fail(error::of(500, text), out);
            return;
        }
        let said = answer.message.take();
        // A line that says nothing keeps the connection alive.
        if answer.model.is_empty() && !answer.done && said.as_ref().is_none_or(is_empty) {
            return;
        }
        if !self.started {
            self.started = true;
            out.push(Delta::Start(Start {
                model: std::mem::take(&mut answer.model),
                created: time::read(&answer.created_at),
                ..Start::default()
            }));
        }
        if let Some(said) = said {
            self.message(said, &answer.created_at, out);
        }
        let tokens = message::logprobs(std::mem::take(&mut answer.logprobs));
        if !tokens.is_empty() {
            out.push(Delta::Logprobs { choice: 0, tokens });
        }
        if answer.done {
            self.close(out);
            let finish = response::finish(answer.done_reason.as_deref(), self.calls > 0);
            out.push(Delta::Finish { choice: 0, finish });
            out.extend(response::extras(&mut answer).into_iter().map(Delta::Extra));
            out.extend(response::usage(&answer).map(Delta::Usage));
            self.over = true;
            out.push(Delta::End);
        }
    }

    fn message(&mut self, said: Message, created: &str, out: &mut Vec<Delta>) {
        self.grow(What::Thinking, said.thinking, out);
        self.grow(What::Text, said.content, out);
        for call in said.tool_calls {
            self.close(out);
            let call = message::call(call, created, self.calls);
            self.calls += 1;
            let block = self.number();
            out.push(Delta::Open { choice: 0, block, part: Part::ToolCall(call) });
            out.push(Delta::Close { choice: 0, block });
        }
    }

    fn number(&mut self) -> u32 {
        let block = self.next;
        self.next = self.next.saturating_add(1);
        block
    }

    fn grow(&mut self, what: What, text: String, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        let block = match self.open {
            Some((block, open)) if open == what => block,
            _ => {
                self.close(out);
                let block = self.number();
                let part = match what {
                    What::Text => Part::Text(Text::default()),
                    What::Thinking => Part::Reasoning(Reasoning::default()),
                };
                self.open = Some((block, what));
                out.push(Delta::Open { choice: 0, block, part });
                block
            }
        };
        out.push(Delta::Grow { choice: 0, block, text });
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        if let Some((block, _)) = self.open.take() {
            out.push(Delta::Close { choice: 0, block });
        }
    }
}

fn is_empty(said: &Message) -> bool {
    said.content.is_empty() && said.thinking.is_empty() && said.tool_calls.is_empty()
}
