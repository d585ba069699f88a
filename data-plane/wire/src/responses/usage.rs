use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::canonical::Usage;
use crate::fidelity::Losses;
use crate::lenient::null_as_default;

/// Cached tokens are part of the input, reasoning is part of the output: as in the canonical form.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Counted {
    #[serde(deserialize_with = "null_as_default")]
    input_tokens: u64,
    #[serde(deserialize_with = "null_as_default")]
    input_tokens_details: InputDetails,
    #[serde(deserialize_with = "null_as_default")]
    output_tokens: u64,
    #[serde(deserialize_with = "null_as_default")]
    output_tokens_details: OutputDetails,
    #[serde(deserialize_with = "null_as_default")]
    total_tokens: u64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct InputDetails {
    #[serde(deserialize_with = "null_as_default")]
    cached_tokens: u64,
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "is_zero")]
    cache_write_tokens: u64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct OutputDetails {
    #[serde(deserialize_with = "null_as_default")]
    reasoning_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<Counted> for Usage {
    fn from(counted: Counted) -> Self {
        Self {
            input: counted.input_tokens,
            output: counted.output_tokens,
            cache_read: counted.input_tokens_details.cached_tokens,
            cache_write: counted.input_tokens_details.cache_write_tokens,
            reasoning: counted.output_tokens_details.reasoning_tokens,
            ..Self::default()
        }
    }
}

/// As an answer has it.
pub(super) fn write(usage: &Usage, dialect: Dialect, losses: &mut Losses) -> Counted {
    let written = if dialect == Dialect::OpenAi { usage.cache_write } else { 0 };
    for (name, count) in [
        ("usage.cache_write", usage.cache_write - written),
        ("usage.cache_write_1h", usage.cache_write_1h),
        ("usage.audio_input", usage.audio_input),
        ("usage.audio_output", usage.audio_output),
        ("usage.image_input", usage.image_input),
        ("usage.accepted_prediction", usage.accepted_prediction),
        ("usage.rejected_prediction", usage.rejected_prediction),
        ("usage.web_searches", usage.web_searches),
    ] {
        if count > 0 {
            losses.dropped(name);
        }
    }
    Counted {
        input_tokens: usage.input,
        input_tokens_details: InputDetails {
            cached_tokens: usage.cache_read,
            cache_write_tokens: written,
        },
        output_tokens: usage.output,
        output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
        total_tokens: usage.total(),
    }
}
