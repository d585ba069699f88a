use super::types::{Logprobs, Usage as WireUsage};
use crate::canonical::{TokenLogprob, Usage};
use crate::fidelity::Losses;
use crate::json::ObjectWriter;

/// What was counted: the tokens themselves, which for some are more than those that are billed.
pub(super) fn decode(usage: &WireUsage) -> Usage {
    let billed = usage.billed_units.as_ref();
    let units = usage.tokens.as_ref().or(billed);
    Usage {
        input: units.map_or(0, |units| count(units.input_tokens)),
        output: units.map_or(0, |units| count(units.output_tokens)),
        cache_read: count(usage.cached_tokens),
        web_searches: billed.map_or(0, |units| count(units.search_units)),
        ..Usage::default()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count; what is none becomes 0 or the largest"
)]
fn count(number: f64) -> u64 {
    number as u64
}

/// The same, written.
pub(super) fn encode(out: &mut Vec<u8>, usage: &Usage, losses: &mut Losses) {
    let mut object = ObjectWriter::open(out);
    let mut billed = object.object("billed_units");
    billed.value("input_tokens", &usage.input);
    billed.value("output_tokens", &usage.output);
    if usage.web_searches > 0 {
        billed.value("search_units", &usage.web_searches);
    }
    billed.close();
    let mut tokens = object.object("tokens");
    tokens.value("input_tokens", &usage.input);
    tokens.value("output_tokens", &usage.output);
    tokens.close();
    if usage.cache_read > 0 {
        object.value("cached_tokens", &usage.cache_read);
    }
    object.close();
    for (field, count) in [
        ("response.usage.cache_write", usage.cache_write),
        ("response.usage.cache_write_1h", usage.cache_write_1h),
        ("response.usage.reasoning", usage.reasoning),
        ("response.usage.audio_input", usage.audio_input),
        ("response.usage.audio_output", usage.audio_output),
        ("response.usage.image_input", usage.image_input),
        ("response.usage.accepted_prediction", usage.accepted_prediction),
        ("response.usage.rejected_prediction", usage.rejected_prediction),
    ] {
        if count > 0 {
            losses.dropped(field);
        }
    }
}

/// Log-probabilities. A piece of several tokens says its text as a whole: it counts as one token, of
/// the product of their probabilities.
pub(super) fn decode_logprobs(pieces: Vec<Logprobs>) -> Vec<TokenLogprob> {
    let pieces = pieces.into_iter().filter(|piece| !piece.logprobs.is_empty());
    pieces
        .map(|piece| TokenLogprob {
            token: piece.text,
            logprob: piece.logprobs.iter().sum(),
            bytes: None,
            top: Vec::new(),
        })
        .collect()
}

/// The same, written. The ids of tokens are not known.
pub(super) fn write_logprob(out: &mut Vec<u8>, token: &TokenLogprob, losses: &mut Losses) {
    if !token.top.is_empty() {
        losses.dropped("response.logprobs.top");
    }
    let mut object = ObjectWriter::open(out);
    object.text("text", &token.token);
    object.list("token_ids").close();
    object.value("logprobs", &[token.logprob]);
    object.close();
}
