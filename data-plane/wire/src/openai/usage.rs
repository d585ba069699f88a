use crate::canonical::Usage;
use crate::json::Object;

/// Reads a `usage` object; `None` when it counts nothing.
pub fn read_usage(raw: &[u8]) -> Option<Usage> {
    let usage = Object::scan(raw).ok()?;
    let count = |object: &Object<'_>, name: &str| object.first(name)?.number();
    let detail = |outer: &str, name: &str| count(&usage.first(outer)?.object()?, name);
    let input = count(&usage, "prompt_tokens").or_else(|| count(&usage, "input_tokens"));
    let output = count(&usage, "completion_tokens").or_else(|| count(&usage, "output_tokens"));
    let total = count(&usage, "total_tokens");
    if input.is_none() && output.is_none() && total.is_none() {
        return None;
    }
    // Voyage counts embeddings by their total alone.
    let input = input.unwrap_or_else(|| total.unwrap_or(0).saturating_sub(output.unwrap_or(0)));
    let mut output = output.unwrap_or(0);
    let reasoning = detail("completion_tokens_details", "reasoning_tokens")
        .or_else(|| count(&usage, "reasoning_tokens"))
        .unwrap_or(0);
    // xAI and Perplexity count reasoning beside the completion, as their total tells.
    if reasoning > 0 && total == Some(input + output + reasoning) {
        output += reasoning;
    }
    Some(Usage {
        input,
        output,
        cache_read: detail("prompt_tokens_details", "cached_tokens")
            .or_else(|| count(&usage, "prompt_cache_hit_tokens"))
            .unwrap_or(0),
        cache_write: detail("prompt_tokens_details", "cache_write_tokens").unwrap_or(0),
        reasoning,
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_count_differently_and_are_read_alike() {
        let read = |text: &str| read_usage(text.as_bytes());
        assert_eq!(
            read(
                r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
                "prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},
                "completion_tokens_details":{"reasoning_tokens":3}}"#
            ),
            Some(Usage {
                input: 10,
                output: 5,
                cache_read: 4,
                cache_write: 2,
                reasoning: 3,
                ..Usage::default()
            })
        );
        let xai = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":18,
            "completion_tokens_details":{"reasoning_tokens":3}}"#;
        assert_eq!(read(xai).unwrap().output, 8);
        let deepseek = r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":7}"#;
        assert_eq!(read(deepseek).unwrap().cache_read, 7);
        assert_eq!(read(r#"{"total_tokens":9}"#).unwrap().input, 9);
        assert_eq!(read("{}"), None);
        assert_eq!(read("null"), None);
    }
}
