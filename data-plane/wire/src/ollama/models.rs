//! What is known of models that Ollama runs, by patterns of their names.

/// Models that refuse to be told to think.
const WITHOUT_THINKING: &[&str] = &[
    "llama2",
    "llama3",
    "codellama",
    "gemma2",
    "gemma3",
    "mistral",
    "mixtral",
    "phi3",
    "qwen2",
    "smollm",
    "tinyllama",
];

/// Whether a model may be told to think. What is not known may.
pub(super) fn thinks(model: &str) -> bool {
    !WITHOUT_THINKING.iter().any(|pattern| model.contains(pattern))
}

/// Whether a model is told how hard to think; others are told whether to.
pub(super) fn takes_effort(model: &str) -> bool {
    model.contains("gpt-oss")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_what_is_known_of_models() {
        assert!(thinks("qwen3:8b") && thinks("deepseek-r1:7b") && thinks("own/model"));
        assert!(!thinks("llama3.2:1b") && !thinks("qwen2.5:0.5b"));
        assert!(takes_effort("gpt-oss:20b") && !takes_effort("qwen3"));
    }
}
