use regex::RegexSet;
use sanmon_shared::Problem;
use sanmon_shared::resources;

use super::compile;

/// What a key's LLM requests may ask for. The protocols ask when they have read as much of a body.
#[derive(Debug, Default)]
pub struct Constraints {
    max_tokens: Option<u64>,
    tools: Option<bool>,
    stream: Option<bool>,
    /// Of the key's `constraints`, and of its metadata; a model has to pass both.
    models: [Models; 2],
}

#[derive(Debug, Default)]
struct Models {
    include: Option<RegexSet>,
    exclude: Option<RegexSet>,
}

impl Models {
    fn allow(&self, model: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(model))
            && self.exclude.as_ref().is_none_or(|exclude| !exclude.is_match(model))
    }
}

impl Constraints {
    pub(super) fn build(document: &resources::Constraints, problems: &mut Vec<Problem>) -> Self {
        let mut set = |list: &[String], at: &str| compile::whole_set(list, at, problems);
        let models = Models {
            include: set(&document.models_include, "/constraints/models_include"),
            exclude: set(&document.models_exclude, "/constraints/models_exclude"),
        };
        Self {
            max_tokens: document.max_tokens,
            tools: document.tools,
            stream: document.stream,
            models: [models, Models::default()],
        }
    }

    /// With the lists of the key's metadata, each with its pointer.
    pub(super) fn and_models(
        mut self,
        (include, include_at): &(Vec<String>, String),
        (exclude, exclude_at): &(Vec<String>, String),
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut set = |list: &[String], at: &str| {
            let mut inner = Vec::new();
            let set = compile::whole_set(list, "", &mut inner);
            // The list is one string of the document.
            problems.extend(inner.into_iter().map(|problem| Problem::at(at, problem.message)));
            set
        };
        self.models[1] =
            Models { include: set(include, include_at), exclude: set(exclude, exclude_at) };
        self
    }

    /// Whether this model may be used.
    pub fn check_model(&self, model: &str) -> bool {
        self.models.iter().all(|models| models.allow(model))
    }

    /// The most tokens that may be asked for; a request that asks for none gets this many.
    pub fn max_tokens(&self) -> Option<u64> {
        self.max_tokens
    }

    /// Whether requests may carry tools.
    pub fn allows_tools(&self) -> bool {
        self.tools != Some(false)
    }

    /// Whether requests may stream.
    pub fn allows_streams(&self) -> bool {
        self.stream != Some(false)
    }
}
