//! Signatures of other formats, in a place where only Anthropic's can stand. A thinking block without
//! a signature is refused by clients, and what they send back must not reach Anthropic as its own: so
//! the gateway's signatures say whose they are. They carry what they stand for, and a conversation
//! that goes back to the same provider loses nothing.

use crate::canonical::Signature;
use crate::format::Format;

/// How a signature begins that Anthropic did not make.
const MARK: &str = "sanmon.";

/// Whether a body holds signatures that Anthropic did not make: it cannot be passed on as it is.
pub fn has_marks(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"\"sanmon.").is_some()
}

/// What stands in a block for this signature, which may be that of another format or none.
pub(super) fn write(signature: Option<&Signature>) -> String {
    match signature {
        Some(own) if own.format == Format::Anthropic => own.data.clone(),
        Some(other) => format!("{MARK}{}.{}", other.format.name(), other.data),
        None => MARK.to_owned(),
    }
}

/// The signature that a block holds.
pub(super) fn read(text: String) -> Option<Signature> {
    let Some(marked) = text.strip_prefix(MARK) else {
        return (!text.is_empty()).then_some(Signature { format: Format::Anthropic, data: text });
    };
    let (name, data) = marked.split_once('.')?;
    let format = Format::ALL.iter().copied().find(|format| format.name() == name)?;
    Some(Signature { format, data: data.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_of_others_come_back_and_are_never_taken_for_own_ones() {
        for format in Format::ALL.iter().copied() {
            let signature = Signature { format, data: "a.b==".into() };
            let text = write(Some(&signature));
            assert_eq!(read(text.clone()), Some(signature));
            let body = format!("{{\"signature\":\"{text}\"}}");
            assert_eq!(has_marks(body.as_bytes()), format != Format::Anthropic);
        }
        assert_eq!(read(write(None)), None);
        assert_eq!(read("sanmon.nobody.x".into()), None);
        assert_eq!(read(String::new()), None);
    }
}
