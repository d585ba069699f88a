//! Calls that come in pieces: whose a piece is, and when a call is all there.

use crate::canonical::{Delta, Part, Signature, ToolCall};
use crate::format::Format;

use super::super::response::made_up_id;
use super::super::{read, types};

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    /// As the pieces number it.
    index: u32,
    id: String,
    name: String,
    custom: bool,
    /// Arguments that came before the name did.
    early: String,
    /// Its block, once it is open.
    block: Option<u32>,
    closed: bool,
    progress: Progress,
}

/// What a call needs to know to open its block.
pub(super) struct At<'a> {
    pub(super) answer: &'a str,
    pub(super) choice: u32,
    pub(super) next_block: &'a mut u32,
}

impl Calls {
    /// Whether there were any.
    pub(super) fn any(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Takes a piece; `position` is its place in the chunk.
    pub(super) fn piece(
        &mut self,
        piece: types::ToolCall<'_>,
        position: u32,
        at: &mut At<'_>,
        out: &mut Vec<Delta>,
    ) {
        let id = piece.id.filter(|id| !id.is_empty());
        let custom = piece.custom.is_some() && piece.function.is_none();
        let (name, arguments) = if let Some(tool) = piece.custom.filter(|_| custom) {
            (tool.name, read::text(tool.input))
        } else {
            let function = piece.function.unwrap_or_default();
            (function.name, read::arguments(function.arguments))
        };
        let slot = self.slot(piece.index, position, id.as_deref(), at, out);
        let Some(call) = self.calls.get_mut(slot) else { return };
        if call.id.is_empty() {
            call.id = id.unwrap_or_default();
        }
        if call.name.is_empty() {
            call.name = name.unwrap_or_default();
        }
        call.custom |= custom;
        if call.block.is_none() && !call.name.is_empty() {
            call.open(slot, at, out);
        }
        if let Some(arguments) = arguments {
            call.grow(arguments, at.choice, out);
        }
        let signature = piece.extra_content.and_then(types::ExtraContent::signature);
        if let (Some(data), Some(block), false) = (signature, call.block, call.closed) {
            let signature = Signature { format: Format::Gemini, data };
            out.push(Delta::Sign { choice: at.choice, block, signature });
        }
    }

    /// Which call a piece is of. Some servers give no numbers, and some give all calls the same.
    fn slot(
        &mut self,
        index: Option<u32>,
        position: u32,
        id: Option<&str>,
        at: &mut At<'_>,
        out: &mut Vec<Delta>,
    ) -> usize {
        let known = |call: &Call| match (index, id) {
            (_, Some(id)) if !call.id.is_empty() && call.id != id => false,
            (Some(index), _) => call.index == index,
            (None, Some(id)) => call.id == id,
            // The last one goes on, unless the chunk holds several.
            (None, None) => call.index >= position,
        };
        if let Some(slot) = self.calls.iter().rposition(known) {
            return slot;
        }
        self.close_complete(at.choice, out);
        let next = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.calls.push(Call {
            index: index.unwrap_or(next),
            id: String::new(),
            name: String::new(),
            custom: false,
            early: String::new(),
            block: None,
            closed: false,
            progress: Progress::default(),
        });
        self.calls.len() - 1
    }

    /// Closes the calls whose arguments are all there.
    pub(super) fn close_complete(&mut self, choice: u32, out: &mut Vec<Delta>) {
        for call in &mut self.calls {
            if call.progress.complete && !call.custom {
                call.close(choice, out);
            }
        }
    }

    /// Closes every call.
    pub(super) fn close(&mut self, at: &mut At<'_>, out: &mut Vec<Delta>) {
        for (slot, call) in self.calls.iter_mut().enumerate() {
            if call.block.is_none() {
                call.open(slot, at, out);
            }
            call.close(at.choice, out);
        }
    }
}

impl Call {
    fn open(&mut self, slot: usize, at: &mut At<'_>, out: &mut Vec<Delta>) {
        let block = *at.next_block;
        *at.next_block += 1;
        self.block = Some(block);
        if self.id.is_empty() {
            let slot = u32::try_from(slot).unwrap_or(u32::MAX);
            self.id = made_up_id(at.answer, at.choice, slot);
        }
        let part = Part::ToolCall(ToolCall {
            id: self.id.clone(),
            name: self.name.clone(),
            arguments: String::new(),
            custom: self.custom,
            signature: None,
            cache: None,
        });
        out.push(Delta::Open { choice: at.choice, block, part });
        let early = std::mem::take(&mut self.early);
        if !early.is_empty() {
            out.push(Delta::Grow { choice: at.choice, block, text: early });
        }
    }

    fn grow(&mut self, text: String, choice: u32, out: &mut Vec<Delta>) {
        self.progress.feed(&text);
        match self.block {
            Some(_) if self.closed => {}
            Some(block) => out.push(Delta::Grow { choice, block, text }),
            None => self.early.push_str(&text),
        }
    }

    fn close(&mut self, choice: u32, out: &mut Vec<Delta>) {
        if let Some(block) = self.block.filter(|_| !std::mem::replace(&mut self.closed, true)) {
            out.push(Delta::Close { choice, block });
        }
    }
}

/// How far a JSON object has come.
#[derive(Debug, Default)]
struct Progress {
    depth: u32,
    in_string: bool,
    escaped: bool,
    complete: bool,
}

impl Progress {
    fn feed(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.in_string {
                match byte {
                    _ if std::mem::take(&mut self.escaped) => {}
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.complete = self.depth == 0;
                }
                _ => {}
            }
        }
    }
}
