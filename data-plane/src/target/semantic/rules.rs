//! What examples and thresholds may be.

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;

/// Examples of one target.
const EACH: usize = 64;

/// Examples of all targets of a pool: what one call of most vendors takes.
const ALL: usize = 2_048;

/// Checks the examples of a target, which stand at `at`.
pub(crate) fn check_examples(examples: &[String], at: &str, problems: &mut Vec<Problem>) {
    if examples.is_empty() {
        let text = "a target that is chosen by what is asked needs an example of it at least";
        problems.push(Problem::at(at, text));
    }
    if examples.len() > EACH {
        problems.push(Problem::at(at, format!("there are more than {EACH}")));
    }
    for (index, example) in examples.iter().enumerate() {
        if example.trim().is_empty() {
            let at = join_pointer(at, &index.to_string());
            problems.push(Problem::at(at, "an example is not empty"));
        }
    }
}

/// Checks how many examples there are of all targets together, which stand at `at`.
pub(crate) fn check_total(count: usize, at: &str, problems: &mut Vec<Problem>) {
    if count > ALL {
        let text =
            format!("there are {count} examples; {ALL} are the most of all targets together");
        problems.push(Problem::at(at, text));
    }
}

/// Checks a threshold, which stands at `at`.
pub(crate) fn check_threshold(threshold: f64, at: &str, problems: &mut Vec<Problem>) -> f32 {
    if !(-1.0..=1.0).contains(&threshold) {
        problems.push(Problem::at(at, "it is the cosine of an angle: from -1 to 1"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "scores have no more digits")]
    let threshold = threshold as f32;
    threshold
}
