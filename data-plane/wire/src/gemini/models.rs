//! What is known of models, by their names. An unknown name is taken for a current model: tuned
//! models and aliases (`gemini-flash-latest`) follow those.

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not.
    Absent,
    /// By a budget of tokens, of so many at least and at most.
    Budget {
        /// Zero where it can be switched off.
        least: u64,
        /// The most that the model takes.
        most: u64,
    },
    /// By a level; it cannot be switched off.
    Level {
        /// It knows `XHIGH`.
        xhigh: bool,
    },
}

/// What is known of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) thinking: Thinking,
    /// Takes JSON Schema as it is (`parametersJsonSchema`, `responseJsonSchema`) and holds calls to it
    /// (`VALIDATED`).
    pub(super) json_schema: bool,
    /// Calls of earlier turns need their thought signatures; results of functions take pictures.
    pub(super) signatures: bool,
    /// Takes `systemInstruction`.
    pub(super) system: bool,
    /// Takes penalties. That thinking models refuse them is told by their users, not by Google.
    pub(super) penalties: bool,
}

const LEVEL: Thinking = Thinking::Level { xhigh: false };

/// The first row whose beginning fits.
const TABLE: &[(&str, Model)] = &[
    ("gemma", Model { system: false, penalties: true, ..old(Thinking::Absent) }),
    ("gemini-1.", old(Thinking::Absent)),
    ("gemini-2.0", old(Thinking::Absent)),
    ("gemini-2.5-flash-lite", Model { signatures: false, ..current(budget(0, 24_576)) }),
    ("gemini-2.5-flash-image", Model { signatures: false, ..current(Thinking::Absent) }),
    ("gemini-2.5-flash", Model { signatures: false, ..current(budget(0, 24_576)) }),
    ("gemini-2.5", Model { signatures: false, ..current(budget(128, 32_768)) }),
    ("gemini-3", current(LEVEL)),
    ("gemini-", current(Thinking::Level { xhigh: true })),
];

/// What is known of the model of this name, whatever path stands before it.
pub(super) fn model(name: &str) -> Model {
    let name = name.rsplit('/').next().unwrap_or(name);
    let numbered = |name: &str| {
        let version = name.strip_prefix("gemini-").and_then(|rest| rest.bytes().next());
        version.is_none_or(|byte| byte.is_ascii_digit())
    };
    let found = TABLE.iter().find(|(prefix, _)| name.starts_with(prefix) && numbered(name));
    found.map_or(current(LEVEL), |(_, model)| *model)
}

const fn budget(least: u64, most: u64) -> Thinking {
    Thinking::Budget { least, most }
}

const fn old(thinking: Thinking) -> Model {
    Model { thinking, json_schema: false, signatures: false, system: true, penalties: true }
}

const fn current(thinking: Thinking) -> Model {
    Model { thinking, json_schema: true, signatures: true, system: true, penalties: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_their_names() {
        assert_eq!(model("models/gemini-2.5-pro").thinking, budget(128, 32_768));
        assert_eq!(model("gemini-2.5-flash-lite").thinking, budget(0, 24_576));
        assert_eq!(model("gemini-3.1-pro-preview").thinking, LEVEL);
        assert_eq!(model("gemini-4-pro").thinking, Thinking::Level { xhigh: true });
        assert_eq!(model("gemini-flash-latest").thinking, LEVEL);
        assert_eq!(model("endpoints/1234").thinking, LEVEL);
        assert!(!model("gemma-3-27b-it").system && !model("gemini-2.0-flash").json_schema);
    }
}
