//! References to secrets that are kept elsewhere: in a data plane's environment, or with a manager.

use sanmon_shared::problem::join_pointer;
use sanmon_shared::reference::{check_reference, is_reference};
use serde_json::Value;

use super::refusal::Refusal;
use super::view::References;

/// Brings references in `config` into our form, or leaves them out, and refuses those that would not be
/// looked up: `secret` lists where secrets belong.
pub(super) fn check(
    config: &mut Value,
    at: &str,
    secret: &[String],
    references: References,
) -> Result<(), Refusal> {
    match config {
        Value::String(text) => {
            let Some(reference) = reference(text) else { return Ok(()) };
            let refuse = |why: &str| Refusal::property(at.trim_start_matches('/'), why);
            if !secret.iter().any(|pointer| pointer == at) {
                if !text.starts_with('$') {
                    // A text of two words, which may mean anything.
                    return Ok(());
                }
                return Err(refuse("references are looked up in secrets only, and this is none"));
            }
            check_reference(&reference).map_err(|error| refuse(&error.to_string()))?;
            *text = if references == References::Kept { reference } else { String::new() };
            Ok(())
        }
        Value::Array(items) => items.iter_mut().enumerate().try_for_each(|(index, item)| {
            check(item, &join_pointer(at, &index.to_string()), secret, references)
        }),
        Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| {
            check(member, &join_pointer(at, name), secret, references)
        }),
        _ => Ok(()),
    }
}

/// The text as a reference, if it is one in any case of letters.
fn reference(text: &str) -> Option<String> {
    let (before, rest) = text.split_once('$')?;
    let (scheme, path) = rest.split_once("://")?;
    let text = format!("{before}${}://{path}", scheme.to_ascii_lowercase());
    is_reference(&text).then_some(text)
}
