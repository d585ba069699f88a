//! What is known of models: what they refuse, and what has to be said for them. As of August 2026;
//! `GET /v1/models` of the provider tells more, and newer.

use crate::canonical::Effort;

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It does not.
    None,
    /// With a budget of tokens.
    Budget,
    /// With a budget, or as it likes.
    Both,
    /// As it likes; does not think unless told so.
    Adaptive,
    /// As it likes; thinks unless it is switched off.
    AdaptiveOn,
    /// As it likes, and always.
    Always,
}

/// Which sampling parameters a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampling {
    /// All of them.
    All,
    /// `temperature` or `top_p`, one of them, and `top_k`.
    One,
    /// None but their defaults.
    Defaults,
}

/// A model, or a family of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    /// What its name holds, points written as dashes.
    pattern: &'static str,
    pub(crate) thinking: Thinking,
    /// How hard it can be told to think, in rising order; empty where it knows no effort.
    pub(crate) efforts: &'static [Effort],
    pub(crate) sampling: Sampling,
    /// It takes a JSON Schema for its output.
    pub(crate) structured: bool,
    /// It takes messages of the role `system`.
    pub(crate) system_messages: bool,
    /// The most output tokens that it surely takes: what is asked for where the caller sets no bound,
    /// for the format wants one.
    pub(crate) max_tokens: u64,
}

const UP_TO_MAX: &[Effort] =
    &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
const WITHOUT_XHIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High, Effort::Max];
const UP_TO_HIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];

/// The newest: names that are not known are taken for newer ones.
const NEWEST: Model = Model {
    pattern: "claude",
    thinking: Thinking::AdaptiveOn,
    efforts: UP_TO_MAX,
    sampling: Sampling::Defaults,
    structured: true,
    system_messages: true,
    max_tokens: 64_000,
};

const OPUS_4_7: Model =
    Model { pattern: "opus-4-7", thinking: Thinking::Adaptive, system_messages: false, ..NEWEST };

const OPUS_4_6: Model = Model {
    pattern: "opus-4-6",
    thinking: Thinking::Both,
    efforts: WITHOUT_XHIGH,
    sampling: Sampling::One,
    system_messages: false,
    ..NEWEST
};

const OPUS_4_5: Model =
    Model { pattern: "opus-4-5", thinking: Thinking::Budget, efforts: &[], ..OPUS_4_6 };

const OPUS_4: Model =
    Model { pattern: "opus-4", structured: false, max_tokens: 32_000, ..OPUS_4_5 };

const CLAUDE_3: Model = Model {
    pattern: "claude-3",
    thinking: Thinking::None,
    sampling: Sampling::All,
    max_tokens: 4_096,
    ..OPUS_4
};

/// Others who speak this format: they take what Claude of the middle generation takes.
const OTHER: Model = Model { pattern: "", sampling: Sampling::All, max_tokens: 8_192, ..OPUS_4_5 };

/// The first whose pattern is found counts.
const MODELS: &[Model] = &[
    Model { pattern: "fable", thinking: Thinking::Always, ..NEWEST },
    Model { pattern: "mythos", thinking: Thinking::Always, ..NEWEST },
    Model { pattern: "opus-4-8", thinking: Thinking::Adaptive, ..NEWEST },
    OPUS_4_7,
    OPUS_4_6,
    Model { pattern: "sonnet-4-6", efforts: UP_TO_HIGH, ..OPUS_4_6 },
    OPUS_4_5,
    Model { pattern: "sonnet-4-5", ..OPUS_4_5 },
    Model { pattern: "haiku-4-5", ..OPUS_4_5 },
    OPUS_4,
    Model { pattern: "sonnet-4", max_tokens: 64_000, ..OPUS_4 },
    Model { pattern: "claude-3-7", thinking: Thinking::Budget, max_tokens: 64_000, ..CLAUDE_3 },
    Model { pattern: "claude-3-5", max_tokens: 8_192, ..CLAUDE_3 },
    CLAUDE_3,
    Model { pattern: "claude-2", ..CLAUDE_3 },
    Model { pattern: "claude-instant", ..CLAUDE_3 },
    NEWEST,
    OTHER,
];

impl Model {
    /// What is known of the model of this name: Anthropic's, or that of a cloud that serves it
    /// (`anthropic.claude-opus-4-8-v1:0`, `claude-sonnet-4-5@20250929`, `anthropic/claude-opus-4.8`).
    pub(crate) fn of(name: &str) -> &'static Self {
        let name = name.to_ascii_lowercase().replace('.', "-");
        MODELS.iter().find(|model| name.contains(model.pattern)).unwrap_or(&OTHER)
    }

    /// The effort that the model knows and that comes nearest, from below where it can.
    pub(crate) fn effort(&self, wanted: Effort) -> Option<Effort> {
        let below = self.efforts.iter().rev().find(|known| **known <= wanted);
        below.or(self.efforts.first()).copied()
    }

    /// Whether it thinks as it likes.
    pub(crate) fn adaptive(&self) -> bool {
        match self.thinking {
            Thinking::Both | Thinking::Adaptive | Thinking::AdaptiveOn | Thinking::Always => true,
            Thinking::None | Thinking::Budget => false,
        }
    }

    /// Whether it thinks with a budget.
    pub(crate) fn budgets(&self) -> bool {
        matches!(self.thinking, Thinking::Budget | Thinking::Both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_what_is_known_of_models() {
        for (name, thinking, max_tokens) in [
            ("claude-fable-5", Thinking::Always, 64_000),
            ("claude-opus-5", Thinking::AdaptiveOn, 64_000),
            ("anthropic/claude-opus-4.8", Thinking::Adaptive, 64_000),
            ("eu.anthropic.claude-opus-4-6-v1:0", Thinking::Both, 64_000),
            ("claude-sonnet-4-5@20250929", Thinking::Budget, 64_000),
            ("claude-haiku-4-5", Thinking::Budget, 64_000),
            ("claude-opus-4-1-20250805", Thinking::Budget, 32_000),
            ("claude-opus-4-20250514", Thinking::Budget, 32_000),
            ("claude-3-7-sonnet-latest", Thinking::Budget, 64_000),
            ("claude-3-5-haiku-20241022", Thinking::None, 8_192),
            ("claude-3-opus-20240229", Thinking::None, 4_096),
            ("claude-opus-7", Thinking::AdaptiveOn, 64_000),
            ("kimi-k2", Thinking::Budget, 8_192),
        ] {
            let model = Model::of(name);
            assert_eq!((model.thinking, model.max_tokens), (thinking, max_tokens), "{name}");
        }
        let opus = Model::of("claude-opus-4-6");
        assert_eq!(opus.effort(Effort::Minimal), Some(Effort::Low));
        assert_eq!(opus.effort(Effort::Xhigh), Some(Effort::High));
        assert_eq!(opus.effort(Effort::Max), Some(Effort::Max));
        assert_eq!(Model::of("claude-haiku-4-5").effort(Effort::Low), None);
    }
}
