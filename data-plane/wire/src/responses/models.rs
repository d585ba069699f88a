//! What is known of OpenAI's models, by the beginning of their names.

/// Those that think first. They take no sampling parameters, and they can hand out what they thought,
/// encrypted.
const REASONING: &[&str] = &["gpt-5", "o1", "o3", "o4", "codex-"];

/// Those of them that answer at once, like the models before them.
const CHATTING: &[&str] = &["gpt-5-chat", "gpt-5.1-chat", "gpt-5.2-chat", "gpt-5.3-chat"];

/// Whether the model thinks before it answers.
pub(super) fn reasons(model: &str) -> bool {
    // Resellers put their own names in front.
    let name = model.rsplit('/').next().unwrap_or(model);
    let begins = |names: &[&str]| names.iter().any(|start| name.starts_with(start));
    begins(REASONING) && !begins(CHATTING)
}

#[cfg(test)]
mod tests {
    use super::reasons;

    #[test]
    fn models_that_think_are_known_by_their_names() {
        for name in ["gpt-5", "gpt-5.2-codex", "o3-mini", "openai/o4-mini", "codex-mini-latest"] {
            assert!(reasons(name), "{name}");
        }
        for name in ["gpt-4o", "gpt-4.1", "gpt-5-chat-latest", "llama", ""] {
            assert!(!reasons(name), "{name}");
        }
    }
}
