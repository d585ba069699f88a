use super::error;
use super::usage::Counts;
use crate::json::{Elements, Keys, Object, ValueKind};
use crate::pass::{Note, Tally, Verdict};

/// What the events of a stream say that is passed on as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessagesNote {
    counts: Counts,
}

impl Note for MessagesNote {
    fn event(&mut self, name: Option<&[u8]>, data: &[u8], tally: &mut Tally) -> Verdict {
        match name.unwrap_or_else(|| kind(data)) {
            b"content_block_delta" => note_delta(data, tally),
            b"content_block_start" => tally.content_chunks += u64::from(!begins_empty(data)),
            b"message_start" | b"message_delta" => self.note_message(data, tally),
            b"message_stop" => tally.done = true,
            b"error" => {
                let error = error::decode(200, data);
                let message = Some(error.message).filter(|message| !message.is_empty());
                tally.failed(data, message, Some(error.status));
            }
            _ => {}
        }
        Verdict::Keep
    }
}

impl MessagesNote {
    /// Counts, and whether the answer has said why it ends.
    fn note_message(&mut self, data: &[u8], tally: &mut Tally) {
        let Ok(event) = Object::scan(data) else { return };
        let message = event.first("message").and_then(|message| message.object());
        let usage = message.as_ref().unwrap_or(&event).first("usage");
        if let Some(counts) = usage.and_then(|usage| Counts::read(usage.raw)) {
            self.counts.merge(counts);
            tally.usage = self.counts.usage();
        }
        let delta = event.first("delta").and_then(|delta| delta.object());
        let reason = delta.as_ref().and_then(|delta| delta.first("stop_reason"));
        tally.finished |= reason.is_some_and(|reason| reason.kind == ValueKind::String);
    }
}

/// The `type` of an event that has no name.
fn kind(data: &[u8]) -> &[u8] {
    // It comes first, where it is not that of the delta inside.
    let found = Keys::of(data).find(|(key, _)| *key == b"type");
    found.and_then(|(_, value)| Elements::first(value)).map_or(b"", |value| {
        value.raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")).unwrap_or_default()
    })
}

/// Whether a block says nothing yet: calls begin with their name, and some blocks come whole.
fn begins_empty(data: &[u8]) -> bool {
    Keys::of(data).any(|(key, value)| {
        key == b"type" && (value.starts_with(b"\"text\"") || value.starts_with(b"\"thinking\""))
    })
}

/// Counts what a delta says.
fn note_delta(data: &[u8], tally: &mut Tally) {
    for (key, value) in Keys::of(data) {
        if let b"text" | b"thinking" | b"partial_json" = key {
            let text = Elements::first(value).filter(|text| text.kind == ValueKind::String);
            let length = text.map_or(0, |text| text.raw.len().saturating_sub(2));
            tally.content_chunks += u64::from(length > 0);
            tally.content_bytes += length as u64;
        }
    }
}
