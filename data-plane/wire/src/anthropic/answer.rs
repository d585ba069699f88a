use super::usage::Counts;
use crate::json::{Object, ScanError, ValueKind};
use crate::pass::AnswerFindings;

/// Looks through an answer that is all there and is passed on as it is.
pub fn find_in_answer(body: &[u8]) -> Result<AnswerFindings, ScanError> {
    let answer = Object::scan(body)?;
    let usage = answer.first("usage").and_then(|usage| Counts::read(usage.raw)?.usage());
    let error = answer.first("error").is_some_and(|error| !error.is_null());
    let has_content = answer.first("content").is_some_and(|value| value.kind == ValueKind::Array);
    Ok(AnswerFindings { usage, error, has_content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_and_errors_of_whole_answers_are_seen() {
        let find = |text: &str| find_in_answer(text.as_bytes()).unwrap();
        let found = find(
            r#"{"type":"message","content":[],"usage":{"input_tokens":2,"output_tokens":3,
            "cache_read_input_tokens":5}}"#,
        );
        let usage = found.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.cache_read), (7, 3, 5));
        assert!(found.has_content && !found.error);
        assert!(find(r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#).error);
        assert!(find_in_answer(b"<html>").is_err());
    }
}
