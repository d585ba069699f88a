//! What is known of Bedrock's models: what they refuse, and where they look for what Converse has no
//! member for. By patterns of names; what is not known is sent as it is.

use crate::anthropic::models as claude;

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
    /// Claude, in Anthropic's words: this generation of it.
    Claude(&'static claude::Model),
    /// `reasoning_effort`: gpt-oss.
    Effort,
    /// `reasoningConfig`: Nova 2.
    Config,
    /// Not at all, as far as is known.
    Unknown,
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

/// Others take neither cache points nor the status of results.
const OTHER: Model = Model { cache: false, result_status: false, ..ANY };

/// The first pattern that a name contains counts.
const MODELS: &[(&str, Model)] = &[
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
        if name.contains("claude") {
            let claude = claude::Model::of(name);
            return Self {
                thinking: Thinking::Claude(claude),
                sampling: claude.sampling != claude::Sampling::Defaults,
                // Generations that take a schema for their output take this too.
                one_call: claude.structured,
                ..ANY
            };
        }
        MODELS.iter().find(|(pattern, _)| name.contains(pattern)).map_or(ANY, |(_, model)| *model)
    }

    /// Claude, if it is: its reasoning is signed, and goes back with its signature or not at all.
    pub(super) const fn claude(&self) -> Option<&'static claude::Model> {
        match self.thinking {
            Thinking::Claude(claude) => Some(claude),
            Thinking::Effort | Thinking::Config | Thinking::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_regions_and_addresses_are_known() {
        let thinking = |name| Model::of(name).thinking;
        let claude = |name| Model::of(name).claude().map(|claude| claude.thinking);
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-8-v1:0";
        assert_eq!(claude(arn), Some(claude::Thinking::Adaptive));
        let dated = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
        assert_eq!(claude(dated), Some(claude::Thinking::Budget));
        let old = "anthropic.claude-3-haiku-20240307-v1:0";
        assert_eq!(claude(old), Some(claude::Thinking::None));
        assert_eq!(thinking("us.amazon.nova-2-lite-v1:0"), Thinking::Config);
        assert_eq!(thinking("openai.gpt-oss-120b-1:0"), Thinking::Effort);
        assert!(Model::of("mistral.mistral-large-2407-v1:0").nine_letter_ids);
        assert_eq!(thinking("someone.else"), Thinking::Unknown);
    }
}
