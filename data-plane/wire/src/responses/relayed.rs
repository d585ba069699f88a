//! Streams that a provider of this format sends to a caller of it.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::response::{ReadAnswer, Status, read_answer};
use super::stream::Encoder;
use super::types::some_text;
use super::{Responses, error};
use crate::canonical::{ErrorKind, ProviderError, Start};
use crate::format::{Asked, Codec as _, Encode as _};
use crate::json::{Elements, Keys, Object, ValueKind};
use crate::pass::{Note, Pass, StreamEnd, Tally, Verdict, Watched};

/// Is told the id of an answer when it begins.
pub type OnId = Box<dyn FnOnce(&str) + Send>;

/// A stream of Responses on its way to a caller of Responses.
pub struct Relayed(Watched<ResponsesNote>);

/// What such a stream says.
struct ResponsesNote {
    codec: Responses,
    start: Option<Start>,
    on_id: Option<OnId>,
}

impl Relayed {
    /// `on_id` is called once the answer has an id, before the caller sees it.
    pub fn new(codec: Responses, on_id: Option<OnId>) -> Self {
        Self(Watched::by(ResponsesNote { codec, start: None, on_id }))
    }
}

impl Pass for Relayed {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
        self.0.feed(piece)
    }

    fn at_boundary(&self) -> bool {
        self.0.at_boundary()
    }

    fn tally(&self) -> &Tally {
        self.0.tally()
    }

    /// The events of a failure go on with the numbers of what was passed on.
    fn fail(&mut self, error: &ProviderError) -> Option<Vec<u8>> {
        let note = self.0.note();
        let mut out = Vec::new();
        if !self.at_boundary() {
            out.extend_from_slice(b"\n\n");
        }
        let start = note.start.clone().unwrap_or_default();
        let asked = Asked { id: "0".to_owned(), ..Asked::default() };
        let begun = note.start.is_some();
        let mut encoder = Encoder::new(note.codec.dialect, asked);
        if begun {
            encoder.resume(&start, self.tally().events);
        }
        encoder.delta(&crate::canonical::Delta::Error(error.clone()), &mut out);
        Some(out)
    }

    fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd) {
        self.0.finish(broken)
    }
}

impl Note for ResponsesNote {
    fn event(&mut self, name: Option<&[u8]>, data: &[u8], tally: &mut Tally) -> Verdict {
        if data.starts_with(b"[DONE]") {
            return Verdict::Keep;
        }
        let kind = name.or_else(|| {
            let (_, value) = Keys::of(data).find(|(key, _)| *key == b"type")?;
            Elements::first(value)?.raw.get(1..)?.strip_suffix(b"\"")
        });
        match kind.unwrap_or_default() {
            b"response.created" | b"response.in_progress" | b"response.queued" => {
                self.begun(data);
            }
            b"response.completed" | b"response.incomplete" | b"response.failed" => {
                self.ended(data, tally);
            }
            b"error" => {
                let whole = serde_json::from_slice::<&RawValue>(data).ok();
                let nested = Object::scan(data).ok().and_then(|event| {
                    let error = event.first("error").filter(|it| it.kind == ValueKind::Object)?;
                    serde_json::from_slice::<&RawValue>(error.raw).ok()
                });
                let error = nested.or(whole).and_then(|raw| error::read(raw, None));
                self.failed(error, tally);
            }
            kind if kind.ends_with(b".delta") => {
                let delta = Keys::of(data).find(|(key, _)| *key == b"delta");
                let length = delta.and_then(|(_, value)| Elements::first(value));
                tally.content_chunks += 1;
                tally.content_bytes += length.map_or(0, |text| text.raw.len() as u64 - 2);
            }
            b"response.output_item.done" => tally.content_chunks += 1,
            _ => {}
        }
        Verdict::Keep
    }
}

/// The answer that an event holds.
fn answer(data: &[u8]) -> Option<ReadAnswer<'_>> {
    read_answer(Object::scan(data).ok()?.first("response")?.raw)
}

impl ResponsesNote {
    fn begun(&mut self, data: &[u8]) {
        if self.start.is_some() {
            return;
        }
        let Some(answer) = answer(data) else { return };
        let start = Start {
            id: some_text(answer.id).unwrap_or_default(),
            model: some_text(answer.model).unwrap_or_default(),
            created: answer.created(),
            system_fingerprint: None,
        };
        if let Some(on_id) = self.on_id.take().filter(|_| !start.id.is_empty()) {
            on_id(&start.id);
        }
        self.start = Some(start);
    }

    fn ended(&mut self, data: &[u8], tally: &mut Tally) {
        // Some servers begin with the end.
        self.begun(data);
        let Some(answer) = answer(data) else { return };
        tally.usage = answer.usage().or(tally.usage);
        match answer.status() {
            Status::Failed(error) => self.failed(Some(error), tally),
            Status::Over(_) => {
                tally.finished = true;
                tally.done = true;
            }
        }
    }

    fn failed(&self, error: Option<ProviderError>, tally: &mut Tally) {
        let error = error.unwrap_or_else(|| {
            ProviderError::new(ErrorKind::Server, "the provider reported an error")
        });
        // As the body of an answer has it: that is where it goes when nothing was said before.
        let data = self.codec.encode_error(&error);
        tally.failed(&data, Some(error.message), Some(error.status));
    }
}
