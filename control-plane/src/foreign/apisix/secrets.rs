//! References to secrets that are kept elsewhere. A data plane's environment is where we look.

use sanmon_shared::problem::join_pointer;
use serde_json::Value;

use super::refusal::Refusal;

/// What to use instead of a manager of secrets.
pub(super) const INSTEAD: &str = "there are no managers of secrets here: write the secret itself, \
     which is stored sealed and never shown, or $env://NAME for a variable of the data plane's \
     environment";

/// Brings references in `config` into our form, and refuses those that would not be looked up: to
/// managers, to parts of variables, and where no secret belongs (`secret` lists where one does).
pub(super) fn check(config: &mut Value, at: &str, secret: &[String]) -> Result<(), Refusal> {
    match config {
        Value::String(text) => {
            let Some((scheme, rest)) = text.split_once("://") else { return Ok(()) };
            let refuse = |why: &str| Err(Refusal::property(at.trim_start_matches('/'), why));
            if scheme.eq_ignore_ascii_case("$secret") {
                return refuse(INSTEAD);
            }
            if !scheme.eq_ignore_ascii_case("$env") {
                return Ok(());
            }
            if rest.contains('/') {
                return refuse("$env://NAME takes the whole variable, no part of it");
            }
            if !secret.iter().any(|pointer| pointer == at) {
                return refuse("$env://NAME is looked up in secrets only, and this is none");
            }
            *text = format!("$env://{rest}");
            Ok(())
        }
        Value::Array(items) => items.iter_mut().enumerate().try_for_each(|(index, item)| {
            check(item, &join_pointer(at, &index.to_string()), secret)
        }),
        Value::Object(members) => members
            .iter_mut()
            .try_for_each(|(name, member)| check(member, &join_pointer(at, name), secret)),
        _ => Ok(()),
    }
}
