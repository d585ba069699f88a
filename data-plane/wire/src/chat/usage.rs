//! Usage, as vendors count it and as OpenAI's clients read it.

use crate::canonical::Usage;
use crate::fidelity::Losses;
use crate::json::{Object, ObjectWriter, Value};

/// Reads a `usage` object; `None` when it counts nothing.
pub fn read_usage(raw: &[u8]) -> Option<Usage> {
    let usage = Object::scan(raw).ok()?;
    // Each is looked through once, as this runs for every answer.
    let [input_details, output_details, tools] =
        usage.firsts(["prompt_tokens_details", "completion_tokens_details", "server_tool_use"]);
    let [prompt, input, completion, output, total, own_reasoning, cache_hit, queries] = counts(
        &usage,
        [
            "prompt_tokens",
            "input_tokens",
            "completion_tokens",
            "output_tokens",
            "total_tokens",
            "reasoning_tokens",
            "prompt_cache_hit_tokens",
            "num_search_queries",
        ],
    );
    let (input, output) = (prompt.or(input), completion.or(output));
    if input.is_none() && output.is_none() && total.is_none() {
        return None;
    }
    // Voyage counts embeddings by their total alone.
    let input = input.unwrap_or_else(|| total.unwrap_or(0).saturating_sub(output.unwrap_or(0)));
    let mut output = output.unwrap_or(0);
    let [cached, cache_write, audio_input, image_input] = details(
        input_details,
        ["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens"],
    );
    let [reasoning, audio_output, accepted_prediction, rejected_prediction] = details(
        output_details,
        [
            "reasoning_tokens",
            "audio_tokens",
            "accepted_prediction_tokens",
            "rejected_prediction_tokens",
        ],
    );
    let [web_searches] = details(tools, ["web_search_requests"]);
    let reasoning = reasoning.or(own_reasoning).unwrap_or(0);
    // xAI and Perplexity count reasoning beside the completion, as their total tells.
    if reasoning > 0 && total == Some(input + output + reasoning) {
        output += reasoning;
    }
    Some(Usage {
        input,
        output,
        cache_read: cached.or(cache_hit).unwrap_or(0),
        cache_write: cache_write.unwrap_or(0),
        cache_write_1h: 0,
        reasoning,
        audio_input: audio_input.unwrap_or(0),
        audio_output: audio_output.unwrap_or(0),
        image_input: image_input.unwrap_or(0),
        accepted_prediction: accepted_prediction.unwrap_or(0),
        rejected_prediction: rejected_prediction.unwrap_or(0),
        // OpenRouter's and Perplexity's.
        web_searches: web_searches.or(queries).unwrap_or(0),
    })
}

fn counts<const N: usize>(object: &Object<'_>, names: [&str; N]) -> [Option<u64>; N] {
    object.firsts(names).map(|value| value?.number())
}

/// The same of an object within.
fn details<const N: usize>(value: Option<Value<'_>>, names: [&str; N]) -> [Option<u64>; N] {
    match value.and_then(|value| value.object()) {
        Some(object) => counts(&object, names),
        None => [None; N],
    }
}

/// Writes the member `usage`. Details that are nothing are left out but for those that clients of
/// OpenAI look for.
pub(crate) fn write(object: &mut ObjectWriter<'_>, usage: &Usage, losses: &mut Losses) {
    let mut out = object.object("usage");
    out.value("prompt_tokens", &usage.input);
    out.value("completion_tokens", &usage.output);
    out.value("total_tokens", &usage.total());
    let mut details = out.object("prompt_tokens_details");
    details.value("cached_tokens", &usage.cache_read);
    some(&mut details, "cache_write_tokens", usage.cache_write);
    some(&mut details, "audio_tokens", usage.audio_input);
    some(&mut details, "image_tokens", usage.image_input);
    details.close();
    let mut details = out.object("completion_tokens_details");
    details.value("reasoning_tokens", &usage.reasoning);
    some(&mut details, "audio_tokens", usage.audio_output);
    some(&mut details, "accepted_prediction_tokens", usage.accepted_prediction);
    some(&mut details, "rejected_prediction_tokens", usage.rejected_prediction);
    details.close();
    if usage.web_searches > 0 {
        // As OpenRouter has it.
        let mut tools = out.object("server_tool_use");
        tools.value("web_search_requests", &usage.web_searches);
        tools.close();
    }
    if usage.cache_write_1h > 0 {
        losses.approximated("response.usage.cache_write_1h", "among cache_write_tokens");
    }
    out.close();
}

fn some(object: &mut ObjectWriter<'_>, name: &str, count: u64) {
    if count > 0 {
        object.value(name, &count);
    }
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
        let details = r#"{"prompt_tokens":9,"completion_tokens":9,
            "prompt_tokens_details":{"audio_tokens":1,"image_tokens":2},
            "completion_tokens_details":{"audio_tokens":3,"accepted_prediction_tokens":4,
                "rejected_prediction_tokens":5},
            "server_tool_use":{"web_search_requests":6}}"#;
        let details = read(details).unwrap();
        assert_eq!((details.audio_input, details.image_input, details.audio_output), (1, 2, 3));
        assert_eq!((details.accepted_prediction, details.rejected_prediction), (4, 5));
        assert_eq!(details.web_searches, 6);
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
