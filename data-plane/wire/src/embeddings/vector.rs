//! Vectors as texts: arrays of numbers, and base64 of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::float;
use crate::format::Failure;
use crate::json::{Elements, Object, Value, ValueKind, write_value};

/// How vectors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VectorForm {
    /// As arrays of numbers.
    #[default]
    Floats,
    /// As base64 of little-endian float32.
    Base64,
}

/// The vector that stands here, in either form.
pub(super) fn read(value: &Value<'_>) -> Option<Vec<f32>> {
    match value.kind {
        ValueKind::Array => from_array(value.raw),
        ValueKind::String => from_base64(&value.text()?),
        _ => None,
    }
}

/// The numbers of an array.
pub(super) fn from_array(array: &[u8]) -> Option<Vec<f32>> {
    let mut out = Vec::with_capacity(array.len() / 10);
    let mut rest = array.strip_prefix(b"[")?;
    loop {
        rest = rest.trim_ascii_start();
        match rest.first()? {
            b']' => return Some(out),
            b',' => rest = rest.get(1..)?,
            _ => {
                let (number, length) = float::read(rest)?;
                out.push(number);
                rest = rest.get(length..)?;
            }
        }
    }
}

/// The numbers of a base64 text.
pub(super) fn from_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, []) = bytes.as_chunks::<4>() else { return None };
    Some(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// Writes a vector.
pub(super) fn write(out: &mut Vec<u8>, vector: &[f32], form: VectorForm) {
    match form {
        VectorForm::Floats => write_value(out, vector),
        VectorForm::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            let start = out.len() + 1;
            let length = bytes.len().div_ceil(3) * 4;
            out.push(b'"');
            out.resize(start + length, b'=');
            if let Some(room) = out.get_mut(start..) {
                // It is as long as it has to be.
                let _ = STANDARD.encode_slice(bytes, room);
            }
            out.push(b'"');
        }
    }
}

/// The vectors of a list, each found in its element by `find`.
pub(super) fn list<'a>(
    list: &Value<'a>,
    find: impl Fn(&Value<'a>) -> Option<Value<'a>>,
) -> Option<Vec<Vec<f32>>> {
    if list.kind != ValueKind::Array {
        return None;
    }
    Elements::of(list.raw).map(|element| read(&find(&element)?)).collect()
}

/// What stands below these members.
pub(super) fn below<'a>(object: &Object<'a>, path: &[&str]) -> Option<Value<'a>> {
    let (last, path) = path.split_last()?;
    let Some((first, rest)) = path.split_first() else { return object.first(last) };
    let mut inner = object.first(first)?.object()?;
    for name in rest {
        inner = inner.first(name)?.object()?;
    }
    inner.first(last)
}

/// A body that is no answer.
pub(super) fn invalid() -> Failure {
    Failure::Invalid("the provider's answer holds no embeddings".to_owned())
}

/// The object of an answer, unless it is an error.
pub(super) fn object(body: &[u8]) -> Result<Object<'_>, Failure> {
    let object = Object::scan(body).map_err(|_| invalid())?;
    if object.first("error").is_some_and(|error| !error.is_null()) {
        use crate::format::Codec as _;
        return Err(Failure::Error(crate::chat::COMPATIBLE.decode_error(200, body)));
    }
    Ok(object)
}
