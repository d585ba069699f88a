use sanmon_shared::{Problem, resources};

use crate::expression::Template;
use crate::plugin::BuildContext;

/// A text to which a model answers.
#[derive(Debug)]
pub struct Prompt {
    /// The text, with its expressions.
    pub text: Template,
}

impl Prompt {
    /// Checks and compiles it; problems point into the document.
    pub fn build(document: &resources::Prompt, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let text = Template::compile(&document.prompt);
        Ok(Self { text: text.map_err(|problem| vec![problem.under("/prompt")])? })
    }
}
