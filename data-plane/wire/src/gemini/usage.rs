//! Gemini's arithmetic of tokens: what the cache had is inside the prompt, thoughts are beside the
//! candidates, and prompts of built-in tools beside the prompt.

use super::types::{ModalityCount, UsageMetadata};
use crate::canonical::Usage;
use crate::fidelity::Losses;
use crate::json::ObjectWriter;

/// In the canonical arithmetic.
pub(super) fn read(usage: &UsageMetadata) -> Usage {
    let of = |details: &[ModalityCount], modality: &str| {
        let fitting = details.iter().filter(|detail| detail.modality == modality);
        fitting.map(|detail| detail.token_count).sum::<u64>()
    };
    let input = usage.prompt_token_count.saturating_add(usage.tool_use_prompt_token_count);
    let (candidates, thoughts) = (usage.candidates_token_count, usage.thoughts_token_count);
    // Some versions of Vertex counted thoughts as candidates; the total tells.
    let inside = thoughts > 0
        && thoughts <= candidates
        && usage.total_token_count == input.saturating_add(candidates);
    Usage {
        input,
        output: if inside { candidates } else { candidates.saturating_add(thoughts) },
        cache_read: usage.cached_content_token_count,
        reasoning: thoughts,
        audio_input: of(&usage.prompt_tokens_details, "AUDIO"),
        image_input: of(&usage.prompt_tokens_details, "IMAGE"),
        audio_output: of(&usage.candidates_tokens_details, "AUDIO"),
        ..Usage::default()
    }
}

/// In Gemini's.
pub(super) fn write(object: &mut ObjectWriter<'_>, usage: &Usage, losses: &mut Losses) {
    let mut out = object.object("usageMetadata");
    let visible = usage.output.saturating_sub(usage.reasoning);
    let some = |count: u64| (count > 0).then_some(count);
    out.value("promptTokenCount", &usage.input);
    out.option("cachedContentTokenCount", some(usage.cache_read).as_ref());
    out.value("candidatesTokenCount", &visible);
    out.option("thoughtsTokenCount", some(usage.reasoning).as_ref());
    out.value("totalTokenCount", &usage.total());
    details(
        &mut out,
        "promptTokensDetails",
        &[("AUDIO", usage.audio_input), ("IMAGE", usage.image_input)],
        usage.input,
    );
    details(&mut out, "candidatesTokensDetails", &[("AUDIO", usage.audio_output)], visible);
    out.close();
    for (field, count) in [
        ("response.usage.cache_write", usage.cache_write),
        ("response.usage.accepted_prediction", usage.accepted_prediction),
        ("response.usage.rejected_prediction", usage.rejected_prediction),
        ("response.usage.web_searches", usage.web_searches),
    ] {
        if count > 0 {
            losses.dropped(field);
        }
    }
}

/// Tokens by modality, where there are others than text.
fn details(out: &mut ObjectWriter<'_>, name: &str, others: &[(&str, u64)], all: u64) {
    let counted = others.iter().map(|(_, count)| count).sum::<u64>();
    if counted == 0 {
        return;
    }
    let mut list = out.list(name);
    let text = ("TEXT", all.saturating_sub(counted));
    for (modality, count) in std::iter::once(&text).chain(others).filter(|(_, count)| *count > 0) {
        let mut item = list.object();
        item.text("modality", modality);
        item.value("tokenCount", count);
        item.close();
    }
    list.close();
}
