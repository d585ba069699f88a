//! Answers on their way through: floats as base64 and back, without a tree of the JSON.

use memchr::memmem;

use super::super::VectorForm;
use super::super::vector;
use crate::json::{Edits, Elements, Object, ValueKind};

/// How an answer writes its vectors, judged by the first of them that stands in `text`, the
/// beginning of the answer.
pub fn vector_form(text: &[u8]) -> Option<VectorForm> {
    const KEY: &[u8] = b"\"embedding\"";
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = memmem::find(rest, KEY)? + KEY.len();
        if let Some(value) = rest.get(at..)?.trim_ascii_start().strip_prefix(b":") {
            return match value.trim_ascii_start().first()? {
                b'[' => Some(VectorForm::Floats),
                b'"' => Some(VectorForm::Base64),
                _ => None,
            };
        }
        // `"object": "embedding"`.
        from += at;
    }
}

/// The answer with its vectors in this form; everything else stays byte for byte. `None` when it is
/// no embedding answer.
pub fn with_vectors_as(answer: &[u8], form: VectorForm) -> Option<Vec<u8>> {
    let object = Object::scan(answer).ok()?;
    let data = object.first("data")?;
    let place = object.members().get(data.index)?.value();
    let mut out = Vec::with_capacity(answer.len());
    out.extend_from_slice(answer.get(..place.start)?);
    out.push(b'[');
    for element in Elements::of(data.raw) {
        if element.index > 0 {
            out.push(b',');
        }
        let item = element.object()?;
        let vector = item.first("embedding")?;
        let numbers = match (form, vector.kind) {
            (VectorForm::Base64, ValueKind::Array) | (VectorForm::Floats, ValueKind::String) => {
                vector::read(&vector)?
            }
            _ => {
                out.extend_from_slice(element.raw);
                continue;
            }
        };
        let mut written = Vec::with_capacity(vector.raw.len());
        vector::write(&mut written, &numbers, form);
        let mut edits = Edits::default();
        edits.replace(vector.index, written);
        out.extend_from_slice(&edits.apply(&item));
    }
    out.push(b']');
    out.extend_from_slice(answer.get(place.end..)?);
    Some(out)
}

#[cfg(test)]
mod tests;
