//! Writes parts, of requests and answers alike.

use super::media;
use crate::canonical::{Audio, Document, Image, Part, Reasoning, Signature, Source, ToolCall};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{Json, ListWriter, ObjectWriter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What could not be said, by its place: in a request's messages or in an answer.
pub(super) struct Notes<'a> {
    losses: &'a mut Losses,
    place: &'static str,
}

impl<'a> Notes<'a> {
    /// In a request.
    pub(super) fn of_request(losses: &'a mut Losses) -> Self {
        Self { losses, place: "messages" }
    }

    /// In an answer.
    pub(super) fn of_answer(losses: &'a mut Losses) -> Self {
        Self { losses, place: "response" }
    }

    /// Something was left out.
    pub(super) fn dropped(&mut self, field: &str, note: &'static str) {
        self.losses.dropped_for(format!("{}.{field}", self.place), note);
    }

    /// Something was said otherwise.
    pub(super) fn approximated(&mut self, field: &str, note: &'static str) {
        self.losses.approximated(format!("{}.{field}", self.place), note);
    }

    /// The signature, where it is Gemini's.
    pub(super) fn own<'s>(&mut self, signature: Option<&'s Signature>) -> Option<&'s str> {
        let signature = signature?;
        if signature.format == Format::Gemini {
            return Some(&signature.data);
        }
        self.dropped("reasoning.signature", "another format's");
        None
    }
}

/// Gemini takes this in place of a signature that is lost or another vendor's.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// A text or a thought, with its signature.
pub(super) fn text(parts: &mut ListWriter<'_>, text: &str, thought: bool, signature: Option<&str>) {
    let mut part = parts.object();
    part.text("text", text);
    if thought {
        part.value("thought", &true);
    }
    part.option("thoughtSignature", signature);
    part.close();
}

/// What was thought, with the signature that makes it worth something; without one it is left out.
pub(super) fn reasoning(parts: &mut ListWriter<'_>, reasoning: &Reasoning, notes: &mut Notes<'_>) {
    match notes.own(reasoning.signature.as_ref()) {
        Some(signature) => text(parts, &reasoning.shown(), true, Some(signature)),
        None => notes.dropped("reasoning", "thoughts are taken with their signature"),
    }
}

/// A call. `signature` stands in where it has none of its own.
pub(super) fn call(
    parts: &mut ListWriter<'_>,
    call: &ToolCall,
    signature: Option<&str>,
    notes: &mut Notes<'_>,
) {
    let own = notes.own(call.signature.as_ref());
    let mut part = parts.object();
    let mut out = part.object("functionCall");
    if !call.id.is_empty() {
        out.text("id", &call.id);
    }
    out.text("name", &call.name);
    arguments(&mut out, call, notes);
    out.close();
    part.option("thoughtSignature", own.or(signature));
    part.close();
}

/// Arguments have to be an object.
fn arguments(out: &mut ObjectWriter<'_>, call: &ToolCall, notes: &mut Notes<'_>) {
    let text = call.arguments.trim();
    if call.custom {
        notes.approximated("tool_call.custom", "as a function with an input");
        out.object("args").close_with("input", &call.arguments);
    } else if text.is_empty() {
        out.object("args").close();
    } else if text.starts_with('{')
        && let Some(json) = Json::parse(text)
    {
        out.json("args", &json);
    } else {
        notes.approximated("tool_call.arguments", "they are no object");
        out.object("args").close_with("arguments", text);
    }
}

/// Bytes or an address.
pub(super) fn image(parts: &mut ListWriter<'_>, image: &Image) -> Result<(), Unsupported> {
    source(parts, &image.source, "image/jpeg", "messages.image")
}

/// Bytes or an address.
pub(super) fn document(parts: &mut ListWriter<'_>, document: &Document) -> Result<(), Unsupported> {
    source(parts, &document.source, "application/pdf", "messages.document")
}

/// Sound; where there is none, what is said in it.
pub(super) fn audio(parts: &mut ListWriter<'_>, audio: &Audio, notes: &mut Notes<'_>) {
    if !audio.data.is_empty() {
        return inline(parts, &media::sound_type(&audio.format), &audio.data);
    }
    match &audio.transcript {
        Some(transcript) => {
            notes.approximated("audio", "as what is said in it");
            text(parts, transcript, false, None);
        }
        None => notes.dropped("audio", "another vendor keeps it"),
    }
}

/// Some bytes of this type.
pub(super) fn inline(parts: &mut ListWriter<'_>, media_type: &str, data: &str) {
    let mut part = parts.object();
    let mut blob = part.object("inlineData");
    blob.text("mimeType", media_type);
    blob.text("data", data);
    blob.close();
    part.close();
}

fn source(
    parts: &mut ListWriter<'_>,
    source: &Source,
    default_type: &str,
    field: &'static str,
) -> Result<(), Unsupported> {
    let uri = match source {
        Source::Data { media_type, data } => {
            inline(parts, media_type, data);
            return Ok(());
        }
        Source::Text(text) => {
            inline(parts, "text/plain", &STANDARD.encode(text));
            return Ok(());
        }
        Source::Url(url) => url,
        Source::File { format: Format::Gemini, id } => id,
        Source::File { .. } => {
            return Err(Unsupported::new(field, "another vendor keeps the file"));
        }
    };
    let mut part = parts.object();
    let mut file = part.object("fileData");
    // The Files API knows the types of its files.
    let known = media::type_of(uri);
    if known.is_some() || !media::is_kept_file(uri) {
        file.text("mimeType", known.unwrap_or(default_type));
    }
    file.text("fileUri", uri);
    file.close();
    part.close();
    Ok(())
}

/// A part of Gemini's own, as it came; another format's is left out.
pub(super) fn native(
    parts: &mut ListWriter<'_>,
    native: &crate::canonical::Native,
    notes: &mut Notes<'_>,
) {
    if native.format == Format::Gemini {
        parts.item().extend_from_slice(native.json.text().as_bytes());
    } else {
        notes.dropped(&native.name, "another format's");
    }
}

/// What the model said, apart from calls and thoughts. Parts that models do not say are left out.
pub(super) fn said(parts: &mut ListWriter<'_>, part: &Part, notes: &mut Notes<'_>) {
    match part {
        Part::Text(said) => {
            let signature = notes.own(said.signature.as_ref());
            if !said.text.is_empty() || signature.is_some() {
                text(parts, &said.text, false, signature);
            }
        }
        Part::Refusal(refusal) => {
            notes.approximated("refusal", "as text");
            text(parts, &refusal.text, false, None);
        }
        Part::Audio(sound) => audio(parts, sound, notes),
        Part::Image(picture) => {
            if image(parts, picture).is_err() {
                notes.dropped("image", "another vendor keeps it");
            }
        }
        Part::Document(file) => {
            if document(parts, file).is_err() {
                notes.dropped("document", "another vendor keeps it");
            }
        }
        Part::Native(own) => native(parts, own, notes),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) => {}
    }
}
