//! What is known of Cohere's models.

/// Models that do not think, by patterns of their names; others are taken to.
const WITHOUT_THINKING: &[&str] = &[
    "command-r",
    "command-light",
    "command-a-03",
    "command-a-vision",
    "command-a-translate",
    "aya",
];

/// Whether a model takes `thinking`.
pub(super) fn thinks(model: &str) -> bool {
    model != "command" && !WITHOUT_THINKING.iter().any(|pattern| model.contains(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_models_do_not_think() {
        assert!(thinks("command-a-reasoning-08-2025"));
        assert!(thinks("something-newer"));
        assert!(!thinks("command-r-plus-08-2024"));
        assert!(!thinks("c4ai-aya-expanse-32b"));
    }
}
