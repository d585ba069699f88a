//! What formats say in plain text for which they have no word of their own.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canonical::{Document, OutputFormat, Source};
use crate::fidelity::Losses;
use crate::format::Unsupported;

/// A file as its text, where `vendor` takes no files in a conversation; one of another kind than text
/// is refused.
pub(crate) fn document<'a>(
    document: &'a Document,
    vendor: &str,
    losses: &mut Losses,
) -> Result<Cow<'a, str>, Unsupported> {
    if document.cited {
        losses.dropped("messages.document.cited");
    }
    let text: Option<Cow<'a, str>> = match &document.source {
        Source::Text(text) => Some(text.as_str().into()),
        Source::Data { media_type, data } if media_type.starts_with("text/") => {
            let bytes = STANDARD.decode(data).ok();
            bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Cow::Owned)
        }
        _ => None,
    };
    let text = text.ok_or_else(|| {
        let message = format!("{vendor} takes no files but those of text");
        Unsupported::new("messages.document", message)
    })?;
    losses.approximated("messages.document", "as text");
    let head = [&document.name, &document.context].into_iter().flatten();
    let head: Vec<&str> = head.map(String::as_str).collect();
    Ok(if head.is_empty() { text } else { format!("{}\n\n{text}", head.join("\n\n")).into() })
}

/// What is not said of a schema to which every output is held, and which has no name.
pub(crate) fn nameless(output: &OutputFormat, losses: &mut Losses) {
    let OutputFormat::JsonSchema { name, description, strict, .. } = output else { return };
    if name.is_some() {
        losses.dropped("output.name");
    }
    if description.is_some() {
        losses.dropped("output.description");
    }
    if *strict == Some(false) {
        losses.approximated("output.strict", "every output fits the schema");
    }
}
