//! Usage, written as OpenAI's clients read it.

use crate::canonical::Usage;
use crate::fidelity::Losses;
use crate::json::ObjectWriter;

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
