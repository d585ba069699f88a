//! What is known of models, by how their names begin. The names of new models change monthly: what is
//! not here is taken to accept everything.

use crate::canonical::{Effort, Request};

/// A family of models.
#[derive(Debug)]
pub(super) struct Family {
    /// How its names begin.
    prefix: &'static str,
    /// Members of requests that it refuses, by their canonical names. Sampling parameters pass where
    /// they say what is so anyway.
    refuses: &'static [&'static str],
    /// It takes them all when it is told not to think.
    unless_off: bool,
    /// It knows cache breakpoints.
    breakpoints: bool,
}

const THINKING: &[&str] = &[
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "stop",
];

const OLDER_THINKING: &[&str] = &[
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "stop",
    "parallel_tool_calls",
    "verbosity",
    "prediction",
];

const NOT_THINKING: &[&str] = &["reasoning", "verbosity"];

const fn family(prefix: &'static str, refuses: &'static [&'static str]) -> Family {
    Family { prefix, refuses, unless_off: false, breakpoints: false }
}

/// OpenAI's, the longer prefix first.
pub(super) static OPENAI: &[Family] = &[
    family("o1", OLDER_THINKING),
    family("o3", OLDER_THINKING),
    family("o4", OLDER_THINKING),
    family("gpt-5-chat", NOT_THINKING),
    Family { unless_off: true, ..family("gpt-5.", THINKING) },
    family("gpt-5", THINKING),
    family("gpt-4", NOT_THINKING),
    family("gpt-3", NOT_THINKING),
    family("chatgpt-", NOT_THINKING),
    Family { unless_off: true, breakpoints: true, ..family("gpt-", THINKING) },
];

/// xAI's.
pub(super) static XAI: &[Family] = &[
    family("grok-2", &["reasoning"]),
    family("grok-3-mini", &["stop", "frequency_penalty", "presence_penalty"]),
    family("grok-3", &["reasoning"]),
    // It thinks as hard as it likes.
    family("grok-4", &["stop", "frequency_penalty", "presence_penalty", "reasoning"]),
    family("grok-", &["stop", "frequency_penalty", "presence_penalty"]),
];

/// The family of a model, whose name may stand behind a vendor's and a slash, or be that of a tuned
/// one (`ft:gpt-4o:…`).
fn find(table: &'static [Family], model: &str) -> Option<&'static Family> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    table.iter().find(|family| name.starts_with(family.prefix))
}

/// Whether the model would refuse this member of the request.
pub(super) fn refuses(
    table: &'static [Family],
    model: &str,
    field: &str,
    request: &Request,
) -> bool {
    find(table, model).is_some_and(|family| {
        let off =
            request.reasoning.as_ref().is_some_and(|asked| asked.effort == Some(Effort::None));
        family.refuses.contains(&field) && !(off && family.unless_off && field != "reasoning")
    })
}

/// Whether the model knows cache breakpoints.
pub(super) fn breakpoints(table: &'static [Family], model: &str) -> bool {
    find(table, model).is_none_or(|family| family.breakpoints)
}
