use crate::json::{Object, ScanError, ValueKind};
use crate::pass::AnswerFindings;

use super::usage::read_usage;

/// Looks through an answer that is all there; `content` is the member that it must have.
pub fn find_in_answer(body: &[u8], content: &str) -> Result<AnswerFindings, ScanError> {
    let answer = Object::scan(body)?;
    let [error, usage, content] = answer.firsts(["error", "usage", content]);
    Ok(AnswerFindings {
        usage: usage.and_then(|usage| read_usage(usage.raw)),
        error: error.is_some_and(|error| !error.is_null()),
        has_content: content.is_some_and(|value| value.kind == ValueKind::Array),
    })
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
}
