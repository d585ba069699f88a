//! Embedding answers: floats as base64 and back, without a tree of the JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::json::{Edits, Elements, Object, ValueKind};

mod float;

/// How an answer writes its vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorForm {
    /// As arrays of numbers.
    Floats,
    /// As base64 of little-endian float32.
    Base64,
}

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
        let written = match (form, vector.kind) {
            (VectorForm::Base64, ValueKind::Array) => base64_of(vector.raw)?,
            (VectorForm::Floats, ValueKind::String) => floats_of(&vector.text()?)?,
            _ => {
                out.extend_from_slice(element.raw);
                continue;
            }
        };
        let mut edits = Edits::default();
        edits.replace(vector.index, written);
        out.extend_from_slice(&edits.apply(&item));
    }
    out.push(b']');
    out.extend_from_slice(answer.get(place.end..)?);
    Some(out)
}

/// An array of numbers as a JSON string.
fn base64_of(array: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(array.len() / 2);
    let mut rest = array.strip_prefix(b"[")?;
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b']' => break,
            b',' => rest = rest.get(1..)?,
            _ => {
                let (number, length) = float::read(rest)?;
                bytes.extend_from_slice(&number.to_le_bytes());
                rest = rest.get(length..)?;
            }
        }
    }
    let mut out = vec![b'"'; bytes.len().div_ceil(3) * 4 + 2];
    let length = out.len();
    STANDARD.encode_slice(bytes, out.get_mut(1..length - 1)?).ok()?;
    Some(out)
}

/// A base64 text as an array of numbers.
fn floats_of(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, []) = bytes.as_chunks::<4>() else { return None };
    let mut out = Vec::with_capacity(numbers.len() * 12 + 2);
    out.push(b'[');
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, &f32::from_le_bytes(*number)).ok()?;
    }
    out.push(b']');
    Some(out)
}

#[cfg(test)]
mod tests;
