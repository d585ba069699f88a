//! Lists of JSON become conditions.

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use serde_json::Value;

use super::test::Test;
use super::variable::Variable;
use super::{Condition, Group, Rule};

/// Lists within lists; more are a mistake.
const DEEPEST: usize = 16;

/// Conditions of one route; more are a mistake.
const MOST: usize = 256;

/// Reads the outermost list; problems point below `at`.
pub(super) fn whole(list: &[Value], at: &str, problems: &mut Vec<Problem>) -> Option<Group> {
    let before = problems.len();
    let mut reader = Reader { left: MOST, problems };
    let group = match list.first() {
        Some(Value::String(_)) => reader.group(list, at, 1),
        _ => Some(Group { any: false, not: false, rules: reader.rules(list, 0, at, 1) }),
    };
    if problems.len() == before { group } else { None }
}

struct Reader<'a> {
    /// How many conditions there may be yet.
    left: usize,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem<T>(&mut self, at: &str, text: impl Into<String>) -> Option<T> {
        self.problems.push(Problem::at(at, text));
        None
    }

    /// A list that begins with a word.
    fn group(&mut self, list: &[Value], at: &str, depth: usize) -> Option<Group> {
        let (any, not) = match list.first().and_then(Value::as_str) {
            Some("AND") => (false, false),
            Some("OR") => (true, false),
            Some("!AND") => (false, true),
            Some("!OR") => (true, true),
            _ => {
                let text = "expected conditions, each a list, or AND, OR, !AND or !OR before them";
                return self.problem(&join_pointer(at, "0"), text);
            }
        };
        if list.len() == 1 {
            return self.problem(at, "no condition follows");
        }
        if depth > DEEPEST {
            return self.problem(at, format!("there are more than {DEEPEST} lists within lists"));
        }
        Some(Group { any, not, rules: self.rules(list, 1, at, depth) })
    }

    /// The rules of a list, from one on.
    fn rules(&mut self, list: &[Value], first: usize, at: &str, depth: usize) -> Box<[Rule]> {
        let rules = list.iter().enumerate().skip(first);
        rules
            .filter_map(|(index, rule)| {
                self.rule(rule, &join_pointer(at, &index.to_string()), depth)
            })
            .collect()
    }

    fn rule(&mut self, rule: &Value, at: &str, depth: usize) -> Option<Rule> {
        let Some(list) = rule.as_array() else {
            return self.problem(at, "a condition is a list: [variable, operator, value]");
        };
        match list.as_slice() {
            [Value::String(word), ..] if matches!(&**word, "AND" | "OR" | "!AND" | "!OR") => {
                self.group(list, at, depth + 1).map(Rule::Group)
            }
            [Value::String(variable), Value::String(operator), value] if operator != "!" => {
                self.condition(at, variable, operator, value, false)
            }
            [Value::String(variable), Value::String(not), Value::String(operator), value]
                if not == "!" =>
            {
                self.condition(at, variable, operator, value, true)
            }
            _ => {
                let text = "a condition is [variable, operator, value], with \"!\" before the \
                            operator for its opposite";
                self.problem(at, text)
            }
        }
    }

    fn condition(
        &mut self,
        at: &str,
        variable: &str,
        operator: &str,
        value: &Value,
        not: bool,
    ) -> Option<Rule> {
        let Some(left) = self.left.checked_sub(1) else {
            return self.problem(at, format!("there are more than {MOST} conditions"));
        };
        self.left = left;
        let variable = Variable::parse(variable)
            .map_err(|text| self.problems.push(Problem::at(join_pointer(at, "0"), text)))
            .ok();
        let operator_at = if not { 2 } else { 1 };
        // `~=` is the opposite of `==` in everything.
        let (operator, not) = if operator == "~=" { ("==", !not) } else { (operator, not) };
        let test = Test::build(operator, value)
            .map_err(|problem| {
                let place = operator_at + usize::from(problem.of_value);
                let at = join_pointer(at, &place.to_string());
                self.problems.push(Problem::at(at, problem.text));
            })
            .ok();
        Some(Rule::Condition(Condition { variable: variable?, not, test: test? }))
    }
}
