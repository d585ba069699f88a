//! What is known of Bedrock's models: what they refuse, and where they look for what Converse has no
//! member for. By patterns of names; what is not known is sent as it is.

/// What is known of a family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    /// How it is told to think.
    pub(super) thinking: Thinking,
    /// Where it looks for `top_k`.
    pub(super) top_k: TopK,
    /// Which tool choices it takes.
    pub(super) choices: Choices,
    /// It takes `temperature`, `topP` and `top_k`.
    pub(super) sampling: bool,
    /// It takes cache points.
    pub(super) cache: bool,
    /// It takes the `status` of a tool's result.
    pub(super) result_status: bool,
    /// Ids of calls are nine letters and digits.
    pub(super) nine_letter_ids: bool,
    /// It takes `disable_parallel_tool_use` in a tool choice of its own.
    pub(super) one_call: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Claude, `thinking`, as this generation has it.
    Claude(Generation),
    /// `reasoning_effort`: gpt-oss.
    Effort,
    /// `reasoningConfig`: Nova 2.
    Config,
    /// Not at all, as far as is known.
    Unknown,
}

/// What Claude's generations take as `thinking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// None.
    Without,
    /// `enabled` with a budget.
    Budget,
    /// `adaptive`, and `enabled` still.
    Both,
    /// `adaptive` and `disabled`.
    Adaptive,
    /// `adaptive`; it cannot be switched off.
    Always,
}

/// Where a model looks for `top_k`, within `additionalModelRequestFields`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopK {
    /// A member of this name.
    Member(&'static str),
    /// `inferenceConfig.topK`.
    Nested,
    /// Nowhere.
    Nowhere,
}

/// Which tool choices a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choices {
    /// `auto`, `any` and `tool`.
    All,
    /// `auto` and `any`.
    Any,
    /// `auto`.
    Auto,
}

/// Nothing is known.
const ANY: Model = Model {
    thinking: Thinking::Unknown,
    top_k: TopK::Member("top_k"),
    choices: Choices::All,
    sampling: true,
    cache: true,
    result_status: true,
    nine_letter_ids: false,
    one_call: false,
};

const fn claude(generation: Generation) -> Model {
    Model { thinking: Thinking::Claude(generation), ..ANY }
}

/// Claude that takes no sampling parameters.
const fn unsampled(generation: Generation) -> Model {
    Model { sampling: false, one_call: true, ..claude(generation) }
}

/// Others take neither cache points nor the status of results.
const OTHER: Model = Model { cache: false, result_status: false, ..ANY };

/// The first pattern that a name contains counts.
const MODELS: &[(&str, Model)] = &[
    ("claude-fable", unsampled(Generation::Always)),
    ("claude-mythos", unsampled(Generation::Always)),
    ("claude-opus-5", unsampled(Generation::Adaptive)),
    ("claude-sonnet-5", unsampled(Generation::Adaptive)),
    ("claude-opus-4-7", unsampled(Generation::Adaptive)),
    ("claude-opus-4-8", unsampled(Generation::Adaptive)),
    ("claude-opus-4-6", Model { one_call: true, ..claude(Generation::Both) }),
    ("claude-sonnet-4-6", Model { one_call: true, ..claude(Generation::Both) }),
    ("claude-opus-4-5", Model { one_call: true, ..claude(Generation::Budget) }),
    ("claude-sonnet-4-5", Model { one_call: true, ..claude(Generation::Budget) }),
    ("claude-haiku-4-5", Model { one_call: true, ..claude(Generation::Budget) }),
    ("claude-opus-4", claude(Generation::Budget)),
    ("claude-sonnet-4", claude(Generation::Budget)),
    ("claude-3-7", claude(Generation::Budget)),
    ("claude-3", claude(Generation::Without)),
    ("claude-v2", claude(Generation::Without)),
    ("claude-instant", claude(Generation::Without)),
    // Generations that are not known yet, which are like the last known one.
    ("claude-", unsampled(Generation::Adaptive)),
    ("amazon.nova-2", Model { thinking: Thinking::Config, top_k: TopK::Nested, ..ANY }),
    ("amazon.nova", Model { top_k: TopK::Nested, ..ANY }),
    ("amazon.titan", Model { top_k: TopK::Nowhere, choices: Choices::Auto, ..OTHER }),
    ("meta.llama", Model { top_k: TopK::Nowhere, choices: Choices::Auto, ..OTHER }),
    ("mistral.", Model { choices: Choices::Any, nine_letter_ids: true, ..OTHER }),
    ("cohere.", Model { top_k: TopK::Member("k"), choices: Choices::Auto, ..OTHER }),
    ("ai21.", Model { top_k: TopK::Nowhere, choices: Choices::Auto, ..OTHER }),
    ("deepseek.", Model { top_k: TopK::Nowhere, choices: Choices::Auto, ..OTHER }),
    (
        "openai.gpt-oss",
        Model { thinking: Thinking::Effort, top_k: TopK::Nowhere, choices: Choices::Auto, ..OTHER },
    ),
];

impl Model {
    /// By Bedrock's name, with or without a region before it, or its address.
    pub(super) fn of(name: &str) -> Self {
        MODELS.iter().find(|(pattern, _)| name.contains(pattern)).map_or(ANY, |(_, model)| *model)
    }

    /// Whether it is Claude: its reasoning is signed, and goes back with its signature or not at all.
    pub(super) const fn is_claude(&self) -> bool {
        matches!(self.thinking, Thinking::Claude(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_regions_and_addresses_are_known() {
        let thinking = |name| Model::of(name).thinking;
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-8-v1:0";
        assert_eq!(thinking(arn), Thinking::Claude(Generation::Adaptive));
        assert_eq!(
            thinking("eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
            Thinking::Claude(Generation::Budget)
        );
        assert_eq!(
            thinking("anthropic.claude-3-haiku-20240307-v1:0"),
            Thinking::Claude(Generation::Without)
        );
        assert_eq!(thinking("us.amazon.nova-2-lite-v1:0"), Thinking::Config);
        assert_eq!(thinking("openai.gpt-oss-120b-1:0"), Thinking::Effort);
        assert!(Model::of("mistral.mistral-large-2407-v1:0").nine_letter_ids);
        assert_eq!(thinking("someone.else"), Thinking::Unknown);
    }
}
