use serde::Deserialize;

use super::types::{
    BlockDelta, BlockStart, BlockStop, MessageStop, Metadata, ReasoningDelta, ToolDelta, ToolStart,
};
use crate::canonical::{
    Delta, ErrorKind, Native, Part, ProviderError, Reasoning, Signature, Start, Text, ToolCall,
};
use crate::converse::content::{citation, image, redacted};
use crate::converse::error;
use crate::converse::response::{extra, finish, usage};
use crate::converse::types::Union;
use crate::event_stream::{Frame, Reader};
use crate::format::{Decode, Format};
use crate::json::{Json, ObjectWriter, write_value};

/// A block that is open.
struct Open {
    /// Bedrock's number of it.
    index: u64,
    /// Ours.
    block: u32,
    what: What,
}

enum What {
    Text,
    Reasoning,
    Tool,
    /// A picture, of which the start says the format.
    Image(Json),
    /// What only Converse knows, gathered until it is whole: its name, its start and its pieces.
    Native(String, Json, Vec<Json>),
}

/// Reads a streamed answer.
pub(in crate::converse) struct Decoder {
    reader: Reader,
    state: State,
}

struct State {
    /// Whose the signatures of reasoning are.
    signatures: Format,
    started: bool,
    /// The answer has said why it ended; only counts may follow.
    stopped: bool,
    over: bool,
    open: Vec<Open>,
    next: u32,
}

impl Decoder {
    pub(in crate::converse) fn new(signatures: Format) -> Self {
        let state = State {
            signatures,
            started: false,
            stopped: false,
            over: false,
            open: Vec::new(),
            next: 0,
        };
        Self { reader: Reader::default(), state }
    }
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let Self { reader, state } = self;
        if state.over {
            return;
        }
        if let Err(error) = reader.feed(piece, |frame| state.frame(&frame, out)) {
            state.fail(malformed(&error), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        // The counts are missing, the answer is not.
        if self.state.stopped && !self.state.over && !self.reader.is_within_frame() {
            self.state.over = true;
            out.push(Delta::End);
        }
    }
}

fn malformed(error: &dyn std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::Server, format!("the provider's stream is malformed: {error}"))
}

impl State {
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<Delta>) {
        if self.over {
            return;
        }
        let text = |name| frame.headers.text(name).unwrap_or_default();
        match text(":message-type") {
            "exception" => {
                self.fail(error::of(text(":exception-type"), 502, frame.payload), out);
            }
            "error" => {
                let code = text(":error-code");
                let mut error = error::of(code, 502, b"{}");
                text(":error-message").clone_into(&mut error.message);
                self.fail(error, out);
            }
            _ => {
                if let Err(error) = self.event(text(":event-type"), frame.payload, out) {
                    self.fail(malformed(&error), out);
                }
            }
        }
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        if !self.over {
            self.over = true;
            out.push(Delta::Error(error));
        }
    }

    fn event(
        &mut self,
        name: &str,
        payload: &[u8],
        out: &mut Vec<Delta>,
    ) -> Result<(), serde_json::Error> {
        match name {
            "messageStart" => self.start(out),
            "contentBlockStart" => {
                let event: BlockStart = serde_json::from_slice(payload)?;
                self.start(out);
                if let Some(Union::Other(name, json)) = event.start {
                    self.block_start(event.content_block_index, name, json, out);
                }
            }
            "contentBlockDelta" => {
                let event: BlockDelta = serde_json::from_slice(payload)?;
                self.start(out);
                self.block_delta(event.content_block_index, event.delta, out);
            }
            "contentBlockStop" => {
                let event: BlockStop = serde_json::from_slice(payload)?;
                self.close(event.content_block_index, out);
            }
            "messageStop" => {
                let event: MessageStop = serde_json::from_slice(payload)?;
                self.start(out);
                self.stop(event, out);
            }
            "metadata" => {
                let event: Metadata = serde_json::from_slice(payload)?;
                self.metadata(event, out);
            }
            // What is not known yet.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, out: &mut Vec<Delta>) {
        if !self.started {
            self.started = true;
            out.push(Delta::Start(Start::default()));
        }
    }

    fn block_start(&mut self, index: u64, name: String, json: Json, out: &mut Vec<Delta>) {
        let tool = if name == "toolUse" { json.read::<ToolStart>() } else { None };
        if let Some(ToolStart { tool_use_id, name, kind: None }) = tool {
            let call = ToolCall {
                id: tool_use_id,
                name,
                arguments: String::new(),
                custom: false,
                signature: None,
                cache: None,
            };
            self.open(index, What::Tool, Part::ToolCall(call), out);
            return;
        }
        self.close(index, out);
        let what =
            if name == "image" { What::Image(json) } else { What::Native(name, json, Vec::new()) };
        let block = self.number();
        self.open.push(Open { index, block, what });
    }

    fn block_delta(&mut self, index: u64, delta: Union, out: &mut Vec<Delta>) {
        match delta {
            Union::Text(text) => {
                if !text.is_empty() {
                    let block = self.text(index, out);
                    out.push(Delta::Grow { choice: 0, block, text });
                }
            }
            Union::Other(name, json) => match name.as_str() {
                "toolUse" => self.tool_delta(index, json, out),
                "reasoningContent" => {
                    if let Some(delta) = json.read() {
                        self.reasoning_delta(index, delta, out);
                    }
                }
                "citation" => {
                    let block = self.text(index, out);
                    out.push(Delta::Cite { choice: 0, block, citation: citation(json) });
                }
                "image" => self.image_delta(index, &json, out),
                _ => self.native_delta(index, json),
            },
        }
    }

    fn tool_delta(&mut self, index: u64, json: Json, out: &mut Vec<Delta>) {
        match self.at(index) {
            Some(Open { block, what: What::Tool, .. }) => {
                let block = *block;
                if let Some(ToolDelta { input }) = json.read()
                    && !input.is_empty()
                {
                    out.push(Delta::Grow { choice: 0, block, text: input });
                }
            }
            _ => self.native_delta(index, json),
        }
    }

    fn reasoning_delta(&mut self, index: u64, delta: ReasoningDelta, out: &mut Vec<Delta>) {
        if let Some(data) = delta.redacted_content {
            // It comes whole.
            self.close(index, out);
            let block = self.number();
            out.push(Delta::Open { choice: 0, block, part: Part::Reasoning(redacted(data)) });
            out.push(Delta::Close { choice: 0, block });
            return;
        }
        let block = match self.at(index) {
            Some(Open { block, what: What::Reasoning, .. }) => *block,
            _ => self.open(index, What::Reasoning, Part::Reasoning(Reasoning::default()), out),
        };
        if let Some(text) = delta.text.filter(|text| !text.is_empty()) {
            out.push(Delta::Grow { choice: 0, block, text });
        }
        if let Some(data) = delta.signature.filter(|data| !data.is_empty()) {
            let signature = Signature { format: self.signatures, data };
            out.push(Delta::Sign { choice: 0, block, signature });
        }
    }

    /// A picture comes in one piece, its format in the start of its block.
    fn image_delta(&mut self, index: u64, json: &Json, out: &mut Vec<Delta>) {
        #[derive(Deserialize)]
        struct Format {
            format: Json,
        }
        #[derive(Deserialize)]
        struct Piece {
            source: Json,
        }
        let Some(Open { block, what: What::Image(start), .. }) = self.at(index) else { return };
        let block = *block;
        let mut whole = Vec::new();
        let mut object = ObjectWriter::open(&mut whole);
        object.option("format", start.read::<Format>().map(|it| it.format).as_ref());
        object.option("source", json.read::<Piece>().map(|it| it.source).as_ref());
        object.close();
        let json = String::from_utf8(whole).ok().and_then(Json::parse);
        if let Some(json) = json {
            let part = image(&json).unwrap_or_else(|| Part::Native(extra("image", json)));
            self.open.retain(|open| open.index != index);
            out.push(Delta::Open { choice: 0, block, part });
            out.push(Delta::Close { choice: 0, block });
        }
    }

    fn native_delta(&mut self, index: u64, json: Json) {
        /// More pieces than this are no answer.
        const MOST: usize = 65_536;
        if let Some(Open { what: What::Native(_, _, pieces), .. }) = self.at(index)
            && pieces.len() < MOST
        {
            pieces.push(json);
        }
    }

    fn stop(&mut self, event: MessageStop, out: &mut Vec<Delta>) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        while let Some(open) = self.open.first() {
            self.close(open.index, out);
        }
        if let Some(fields) = event.additional_model_response_fields.filter(|it| !it.is_null()) {
            out.push(Delta::Extra(extra("additionalModelResponseFields", fields)));
        }
        if let Some(reason) = event.stop_reason {
            out.push(Delta::Finish { choice: 0, finish: finish(reason) });
        }
    }

    fn metadata(&mut self, event: Metadata, out: &mut Vec<Delta>) {
        for (name, json) in [
            ("metrics", event.metrics),
            ("trace", event.trace),
            ("performanceConfig", event.performance_config),
        ] {
            let json = json.filter(|json| !json.is_null());
            out.extend(json.map(|json| Delta::Extra(extra(name, json))));
        }
        out.extend(event.service_tier.and_then(|it| it.kind).map(Delta::ServiceTier));
        out.extend(event.usage.map(|counts| Delta::Usage(usage(&counts))));
        // Counts before the end are no end.
        if self.stopped {
            self.over = true;
            out.push(Delta::End);
        }
    }

    fn number(&mut self) -> u32 {
        let block = self.next;
        self.next = self.next.saturating_add(1);
        block
    }

    fn at(&mut self, index: u64) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.index == index)
    }

    /// Opens a block, in the place of what was open at its number.
    fn open(&mut self, index: u64, what: What, part: Part, out: &mut Vec<Delta>) -> u32 {
        self.close(index, out);
        let block = self.number();
        self.open.push(Open { index, block, what });
        out.push(Delta::Open { choice: 0, block, part });
        block
    }

    /// The block of text at this number, opened where there is none: text has no start of its own.
    fn text(&mut self, index: u64, out: &mut Vec<Delta>) -> u32 {
        match self.at(index) {
            Some(Open { block, what: What::Text, .. }) => *block,
            _ => self.open(index, What::Text, Part::Text(Text::default()), out),
        }
    }

    fn close(&mut self, index: u64, out: &mut Vec<Delta>) {
        let Some(at) = self.open.iter().position(|open| open.index == index) else { return };
        let Open { block, what, .. } = self.open.remove(at);
        match what {
            What::Native(name, start, pieces) => {
                let json = gathered(&start, &pieces).unwrap_or(start);
                let part = Part::Native(Native { format: Format::Converse, name, json });
                out.push(Delta::Open { choice: 0, block, part });
            }
            // Its bytes have not come.
            What::Image(start) => {
                let part = Part::Native(extra("image", start));
                out.push(Delta::Open { choice: 0, block, part });
            }
            What::Text | What::Reasoning | What::Tool => {}
        }
        out.push(Delta::Close { choice: 0, block });
    }
}

/// A block that came in pieces, as it would have come whole: the members of its start, and its pieces,
/// which are lists for a result (`content`) and texts for a call (`input`).
fn gathered(start: &Json, pieces: &[Json]) -> Option<Json> {
    if pieces.is_empty() {
        return None;
    }
    let start = crate::json::Object::scan(start.text().as_bytes()).ok()?;
    let mut whole = Vec::new();
    let mut object = ObjectWriter::open(&mut whole);
    for (name, value) in start.iter() {
        object.key(&name).extend_from_slice(value.raw);
    }
    let inputs: Option<String> =
        pieces.iter().map(|piece| piece.read::<ToolDelta>().map(|it| it.input)).collect();
    if let Some(input) = inputs.and_then(Json::parse) {
        object.json("input", &input);
    } else {
        let mut content = object.list("content");
        for piece in pieces {
            match piece.read::<Vec<Json>>() {
                Some(items) => {
                    for item in &items {
                        write_value(content.item(), item);
                    }
                }
                None => write_value(content.item(), piece),
            }
        }
        content.close();
    }
    object.close();
    String::from_utf8(whole).ok().and_then(Json::parse)
}
