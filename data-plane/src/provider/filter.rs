//! Which models may be used.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::ModelFilter;

/// What a list may take when it is compiled, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Compiled include and exclude lists of models: one of `include` matches the whole name (none: any
/// may), and none of `exclude`.
#[derive(Clone, Debug, Default)]
pub struct ModelRules {
    include: Option<RegexSet>,
    exclude: Option<RegexSet>,
}

fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build()
}

impl ModelRules {
    /// Compiles two lists of regular expressions; problems stand below `pointer`.
    pub fn build(filter: &ModelFilter, pointer: &str, problems: &mut Vec<Problem>) -> Self {
        let mut compile = |patterns: &[String], name: &str| {
            let pointer = join_pointer(pointer, name);
            let mut anchored = Vec::with_capacity(patterns.len());
            for (index, pattern) in patterns.iter().enumerate() {
                let whole = format!(r"\A(?:{pattern})\z");
                match compiled(pattern).and_then(|_| compiled(&whole)) {
                    Ok(_) => anchored.push(whole),
                    Err(error) => problems.push(Problem::at(
                        join_pointer(&pointer, &index.to_string()),
                        format!("it is no regular expression: {error}"),
                    )),
                }
            }
            if anchored.is_empty() {
                return None;
            }
            RegexSetBuilder::new(anchored)
                .size_limit(LARGEST)
                .build()
                .map_err(|error| problems.push(Problem::at(&pointer, error.to_string())))
                .ok()
        };
        Self {
            include: compile(&filter.include, "include"),
            exclude: compile(&filter.exclude, "exclude"),
        }
    }

    /// Whether every model may be used.
    pub fn is_open(&self) -> bool {
        self.include.is_none() && self.exclude.is_none()
    }

    /// Whether this model is among those that are named as such that may be used.
    pub fn includes(&self, model: &str) -> bool {
        self.include.is_some() && self.allows(model)
    }

    /// Whether this model may be used.
    pub fn allows(&self, model: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(model))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(include: &[&str], exclude: &[&str]) -> (ModelRules, Vec<Problem>) {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let filter = ModelFilter { include: own(include), exclude: own(exclude) };
        let mut problems = Vec::new();
        (ModelRules::build(&filter, "/models", &mut problems), problems)
    }

    #[test]
    fn patterns_match_whole_names() {
        let (rules, problems) = rules(&["gpt-4o.*", "o1|o3"], &[".*-preview"]);
        assert!(problems.is_empty());
        for (model, allowed) in [
            ("gpt-4o", true),
            ("gpt-4o-mini", true),
            ("o3", true),
            ("o3-mini", false),
            ("my-gpt-4o", false),
            ("gpt-4o-preview", false),
        ] {
            assert_eq!(rules.allows(model), allowed, "{model}");
        }
    }

    #[test]
    fn bad_patterns_are_all_reported_with_their_place() {
        let (_, problems) = rules(&["(", "a", "a)(b"], &["["]);
        let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
        assert_eq!(places, ["/models/include/0", "/models/include/2", "/models/exclude/0"]);
    }
}
