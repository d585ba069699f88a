use crate::json::{Object, ScanError, ValueKind};
use crate::pass::AnswerFindings;

use super::read_usage;

/// Looks through an answer that is all there; `content` is the member that it must have.
pub fn find_in_answer(body: &[u8], content: &str) -> Result<AnswerFindings, ScanError> {
    let answer = Object::scan(body)?;
    let error = answer.first("error").is_some_and(|error| !error.is_null());
    let usage = answer.first("usage").and_then(|usage| read_usage(usage.raw));
    let has_content = answer.first(content).is_some_and(|value| value.kind == ValueKind::Array);
    Ok(AnswerFindings { usage, error, has_content })
}

/// The message of an error body, and the HTTP status that its `code` names, as far as it says so:
/// for logs, and for errors that come with the status of a success.
pub fn upstream_error(body: &[u8]) -> (Option<String>, Option<u16>) {
    let Ok(object) = Object::scan(body) else { return (None, None) };
    let inner = object.first("error").and_then(|error| error.object());
    let error = inner.as_ref().unwrap_or(&object);
    let message = error
        .first("message")
        .or_else(|| object.first("error"))
        .and_then(|message| message.text())
        .map(|message| message.chars().take(1_000).collect());
    let code = error.first("code").or_else(|| error.first("status")).and_then(|code| {
        let code = code.number().or_else(|| code.text()?.parse().ok())?;
        u16::try_from(code).ok().filter(|code| (400..600).contains(code))
    });
    (message, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_with_the_status_of_a_success_is_seen() {
        let find = |text: &str| find_in_answer(text.as_bytes(), "choices").unwrap();
        assert!(find(r#"{"error":{"message":"no"}}"#).error);
        assert!(!find(r#"{"error":null,"choices":[]}"#).error);
        assert!(find(r#"{"choices":[]}"#).has_content);
        let usage =
            find(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#).usage;
        assert_eq!(usage.unwrap().output, 2);
        assert!(find_in_answer(b"<html>", "choices").is_err());
    }

    #[test]
    fn errors_are_read_in_the_shapes_that_vendors_have() {
        let read = |text: &str| upstream_error(text.as_bytes());
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(read(r#"{"error":{"message":"a","code":429}}"#), (own("a"), Some(429)));
        assert_eq!(read(r#"{"error":{"message":"a","code":"invalid"}}"#), (own("a"), None));
        assert_eq!(read(r#"{"error":"a"}"#), (own("a"), None));
        assert_eq!(read(r#"{"message":"a","status":503}"#), (own("a"), Some(503)));
        assert_eq!(read("<html>"), (None, None));
    }
}
