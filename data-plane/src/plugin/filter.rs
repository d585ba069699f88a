use regex::RegexSet;
use sanmon_shared::Problem;

use crate::snapshot::compile;

/// On which paths a slot acts: `include`, `exclude`, `includes` and `excludes` of its document.
#[derive(Clone, Debug, Default)]
pub struct PathFilter {
    include: Rules,
    exclude: Rules,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    /// Each matches whole paths only.
    expressions: Option<RegexSet>,
    /// Without a slash at the end.
    prefixes: Box<[Box<str>]>,
}

impl PathFilter {
    /// Compiles the four lists; problems point into the slot.
    pub fn build(
        include: &[String],
        exclude: &[String],
        includes: &[String],
        excludes: &[String],
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut rules = |expressions: &[String], at: &str, prefixes: &[String]| Rules {
            expressions: compile::whole_set(expressions, at, &mut problems),
            prefixes: prefixes.iter().map(|p| p.trim_end_matches('/').into()).collect(),
        };
        let filter = Self {
            include: rules(include, "/include", includes),
            exclude: rules(exclude, "/exclude", excludes),
        };
        if problems.is_empty() { Ok(filter) } else { Err(problems) }
    }

    /// Whether the slot acts on this path.
    pub fn admits(&self, path: &str) -> bool {
        (self.include.is_empty() || self.include.matches(path)) && !self.exclude.matches(path)
    }
}

impl Rules {
    fn is_empty(&self) -> bool {
        self.expressions.is_none() && self.prefixes.is_empty()
    }

    fn matches(&self, path: &str) -> bool {
        self.prefixes.iter().any(|prefix| is_prefix(prefix, path))
            || self.expressions.as_ref().is_some_and(|expressions| expressions.is_match(path))
    }
}

/// Whether `path` begins with the whole segments of `prefix`.
fn is_prefix(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(lists: [&[&str]; 4]) -> PathFilter {
        let [include, exclude, includes, excludes] =
            lists.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
        PathFilter::build(&include, &exclude, &includes, &excludes).unwrap()
    }

    #[test]
    fn without_lists_every_path_is_admitted() {
        assert!(filter([&[], &[], &[], &[]]).admits("/anything"));
    }

    #[test]
    fn expressions_match_whole_paths() {
        let filter = filter([&["/v1/models", "/v1/m.*/x|/y"], &[], &[], &[]]);
        assert!(filter.admits("/v1/models"));
        assert!(filter.admits("/y"));
        assert!(filter.admits("/v1/mo/x"));
        assert!(!filter.admits("/v1/models/gpt"));
        assert!(!filter.admits("/a/y"));
    }

    #[test]
    fn prefixes_are_of_whole_segments() {
        let filter = filter([&[], &[], &["/v1/models/"], &["/v1/models/secret"]]);
        assert!(filter.admits("/v1/models"));
        assert!(filter.admits("/v1/models/gpt"));
        assert!(!filter.admits("/v1/models-2"));
        assert!(!filter.admits("/v1/models/secret/x"));
        assert!(filter.admits("/v1/models/secrets"));
    }

    #[test]
    fn either_kind_of_list_includes_and_either_excludes() {
        let filter = filter([&["/a/.*"], &[".*/no"], &["/b"], &["/b/c"]]);
        assert!(filter.admits("/a/x"));
        assert!(filter.admits("/b/x"));
        assert!(!filter.admits("/c"));
        assert!(!filter.admits("/a/no"));
        assert!(!filter.admits("/b/c"));
    }

    #[test]
    fn an_expression_that_does_not_compile_is_pointed_at() {
        let bad = ["ok".to_owned(), "(".to_owned()];
        let problems = PathFilter::build(&[], &bad, &[], &[]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].pointer, "/exclude/1");
    }
}
