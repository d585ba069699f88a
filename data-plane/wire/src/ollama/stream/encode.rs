use crate::canonical::{
    Delta, Finish, Native, Part, Reasoning, Start, TokenLogprob, ToolCall, Usage,
};
use crate::fidelity::Losses;
use crate::format::{Asked, Encode, Format};
use crate::json::ObjectWriter;
use crate::ollama::error;
use crate::ollama::message::{write_call, write_logprobs};
use crate::ollama::response::{model, write_end, write_head};
use crate::ollama::time;

/// A line that says nothing: clients read every line, so there is no other way to say that the stream
/// lives.
const HEARTBEAT: &[u8] = b"{\"model\":\"\",\"created_at\":\"1970-01-01T00:00:00Z\",\
\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":false}\n";

/// Writes a streamed answer.
pub(in crate::ollama) struct Encoder {
    asked: Asked,
    losses: Losses,
    model: String,
    created: String,
    open: Vec<Open>,
    calls: usize,
    finish: Option<Finish>,
    usage: Option<Usage>,
    extras: Vec<Native>,
}

/// A block that is open.
struct Open {
    block: u32,
    what: What,
}

enum What {
    Text,
    Thinking {
        /// The summary that grows.
        summary: u32,
    },
    /// Its arguments are gathered: a call is written whole.
    Call(ToolCall),
    /// It is left out.
    Nothing,
}

impl Encoder {
    pub(in crate::ollama) fn new(asked: Asked) -> Self {
        Self {
            model: asked.model.clone(),
            created: time::write(asked.created),
            asked,
            losses: Losses::default(),
            open: Vec::new(),
            calls: 0,
            finish: None,
            usage: None,
            extras: Vec::new(),
        }
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => self.start(start),
            Delta::Open { choice: 0, block, part } => self.open(*block, part, out),
            Delta::Grow { choice: 0, block, text } => self.grow(*block, text, out),
            Delta::Summary { choice: 0, block, index, text } => {
                if let Some(What::Thinking { summary }) = self.at(*block)
                    && std::mem::replace(summary, *index) != *index
                {
                    self.grow(*block, "\n\n", out);
                }
                self.grow(*block, text, out);
            }
            Delta::Transcript { choice: 0, .. } => self.losses.dropped("response.audio"),
            Delta::Sign { choice: 0, .. } => self.losses.dropped("response.reasoning.signature"),
            Delta::Cite { choice: 0, .. } => self.losses.dropped("response.citations"),
            Delta::Close { choice: 0, block } => self.close(*block, out),
            Delta::Logprobs { choice: 0, tokens } => self.logprobs(tokens, out),
            Delta::Finish { choice: 0, finish } => self.finish = Some(finish.clone()),
            Delta::Open { .. }
            | Delta::Grow { .. }
            | Delta::Summary { .. }
            | Delta::Transcript { .. }
            | Delta::Sign { .. }
            | Delta::Cite { .. }
            | Delta::Close { .. }
            | Delta::Logprobs { .. }
            | Delta::Finish { .. } => self.losses.dropped("response.choices"),
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(_) => self.losses.dropped("response.service_tier"),
            Delta::Extra(extra) if extra.format == Format::Ollama => {
                self.extras.push(extra.clone());
            }
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Ping => out.extend_from_slice(HEARTBEAT),
            Delta::Error(error) => {
                out.extend_from_slice(&error::encode(error));
                out.push(b'\n');
            }
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }

    fn heartbeat(&self) -> &'static [u8] {
        HEARTBEAT
    }
}

impl Encoder {
    fn at(&mut self, block: u32) -> Option<&mut What> {
        self.open.iter_mut().find(|open| open.block == block).map(|open| &mut open.what)
    }

    fn start(&mut self, start: &Start) {
        if start.system_fingerprint.is_some() {
            self.losses.dropped("response.system_fingerprint");
        }
        model(&start.model, &self.asked).clone_into(&mut self.model);
        if let Some(created) = start.created {
            self.created = time::write(created);
        }
    }

    /// A line with a message.
    fn line(&self, out: &mut Vec<u8>, message: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut line = ObjectWriter::open(out);
        write_head(&mut line, &self.model, &self.created);
        let mut object = line.object("message");
        object.text("role", "assistant");
        message(&mut object);
        object.close();
        line.value("done", &false);
        line.close();
        out.push(b'\n');
    }

    fn open(&mut self, block: u32, part: &Part, out: &mut Vec<u8>) {
        let (what, text) = match part {
            Part::Text(text) => (What::Text, text.text.as_str()),
            Part::Refusal(refusal) => {
                self.losses.approximated("response.refusal", "as text");
                (What::Text, refusal.text.as_str())
            }
            Part::Reasoning(reasoning) => (self.thinking(reasoning), reasoning.text.as_str()),
            Part::ToolCall(call) => (What::Call(call.clone()), ""),
            Part::Native(native) => {
                self.losses.dropped(format!("response.{}", native.name));
                (What::Nothing, "")
            }
            Part::Image(_) => self.left_out("response.image"),
            Part::Audio(_) => self.left_out("response.audio"),
            Part::Document(_) => self.left_out("response.document"),
            Part::ToolResult(_) => self.left_out("response.tool_result"),
        };
        self.open.push(Open { block, what });
        self.grow(block, text, out);
        if let Part::Reasoning(reasoning) = part {
            self.grow(block, &reasoning.summary.join("\n\n"), out);
        }
    }

    fn left_out(&mut self, field: &'static str) -> (What, &'static str) {
        self.losses.dropped(field);
        (What::Nothing, "")
    }

    fn thinking(&mut self, reasoning: &Reasoning) -> What {
        if reasoning.signature.is_some() {
            self.losses.dropped("response.reasoning.signature");
        }
        if reasoning.redacted {
            self.losses.dropped("response.reasoning");
            return What::Nothing;
        }
        What::Thinking { summary: 0 }
    }

    fn grow(&mut self, block: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self.at(block) {
            Some(What::Call(call)) => call.arguments.push_str(text),
            Some(What::Text) => self.line(out, |message| message.text("content", text)),
            Some(What::Thinking { .. }) => self.line(out, |message| {
                message.text("content", "");
                message.text("thinking", text);
            }),
            Some(What::Nothing) | None => {}
        }
    }

    fn close(&mut self, block: u32, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().position(|open| open.block == block) else { return };
        let What::Call(call) = self.open.remove(at).what else { return };
        let mut losses = std::mem::take(&mut self.losses);
        let index = self.calls;
        self.calls += 1;
        self.line(out, |message| {
            message.text("content", "");
            let mut list = message.list("tool_calls");
            write_call(&mut list, &call, index, "response", &mut losses);
            list.close();
        });
        self.losses = losses;
    }

    /// A line that adds no text: the text itself is written by now.
    fn logprobs(&mut self, tokens: &[TokenLogprob], out: &mut Vec<u8>) {
        let mut line = ObjectWriter::open(out);
        write_head(&mut line, &self.model, &self.created);
        let mut message = line.object("message");
        message.text("role", "assistant");
        message.text("content", "");
        message.close();
        write_logprobs(&mut line, tokens);
        line.value("done", &false);
        line.close();
        out.push(b'\n');
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut line = ObjectWriter::open(out);
        write_head(&mut line, &self.model, &self.created);
        let mut message = line.object("message");
        message.text("role", "assistant");
        message.text("content", "");
        message.close();
        write_end(&mut line, self.finish.take().as_ref(), self.usage.take(), &mut self.losses);
        for extra in std::mem::take(&mut self.extras) {
            line.json(&extra.name, &extra.json);
        }
        line.close();
        out.push(b'\n');
    }
}
