use memchr::memchr;

use super::scan::{is_escaped, plain};
use super::{Value, ValueKind, word};

/// The elements of an array that is all there, one after the other; ends at what is malformed.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    text: &'a [u8],
    at: usize,
    index: usize,
}

impl<'a> Elements<'a> {
    /// Of an array, its brackets included; nothing else has elements.
    pub fn of(array: &'a [u8]) -> Self {
        let at = usize::from(array.first() == Some(&b'['));
        Self { text: if at == 1 { array } else { &[] }, at, index: 0 }
    }

    /// The value that `text` begins with, whatever follows it.
    pub fn first(text: &'a [u8]) -> Option<Value<'a>> {
        let (length, kind) = measure(text)?;
        Some(Value { index: 0, raw: text.get(..length)?, kind })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let rest = self.text.get(self.at..)?;
        let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',');
        let start = rest.iter().position(|byte| !blank(byte))?;
        let rest = rest.get(start..)?;
        let (length, kind) = measure(rest)?;
        self.at += start + length;
        self.index += 1;
        Some(Value { index: self.index - 1, raw: rest.get(..length)?, kind })
    }
}

/// How long the value is that `text` begins with.
fn measure(text: &[u8]) -> Option<(usize, ValueKind)> {
    let kind = match text.first()? {
        b'"' => return Some((skip_string(text, 0)?, ValueKind::String)),
        b'{' => ValueKind::Object,
        b'[' => ValueKind::Array,
        b't' | b'f' => ValueKind::Bool,
        b'n' => ValueKind::Null,
        b'-' | b'0'..=b'9' => ValueKind::Number,
        _ => return None,
    };
    if !matches!(kind, ValueKind::Object | ValueKind::Array) {
        let end = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b']');
        return Some((text.iter().position(end)?, kind));
    }
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        at += plain(text.get(at..)?);
        match text.get(at)? {
            b'"' => {
                at = skip_string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ => {
                depth -= 1;
                if depth == 0 {
                    return Some((at + 1, kind));
                }
            }
        }
        at += 1;
    }
}

/// The end of the string that begins at `at`.
pub(super) fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    let from = at + 1;
    let mut at = from;
    loop {
        at += quote(text.get(at..)?)?;
        if !is_escaped(text, from, at) {
            return Some(at + 1);
        }
        at += 1;
    }
}

/// The first quote. Most strings are short, and looking at their bytes a word at a time is quicker than
/// to call for help.
pub(super) fn quote(text: &[u8]) -> Option<usize> {
    const NEAR: usize = 32;
    let (near, far) = text.split_at(text.len().min(NEAR));
    word::first(near, |word| word.is(b'"')).or_else(|| memchr(b'"', far).map(|at| at + NEAR))
}
