//! `vars` of a route as conditions of our `frontend`, as far as it can say them: headers, query
//! parameters and cookies that are equal, among some, or match an expression; methods; hosts.

use regex::escape;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;

/// What `vars` say.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) headers: Map<String, Value>,
    pub(super) query: Map<String, Value>,
    pub(super) cookies: Map<String, Value>,
    pub(super) methods: Vec<String>,
    pub(super) hosts: Vec<String>,
}

/// What is around an expression that may match anywhere: ours match the whole value.
const ANYWHERE: (&str, &str) = ("Regex((?s).*(?:", ").*)");
/// The same, whatever the case of letters.
const ANY_CASE: (&str, &str) = ("Regex((?s).*(?i:", ").*)");
/// What is around literals of which one is expected.
const AMONG: (&str, &str) = ("Regex((?:", "))");

/// A condition that cannot be said.
pub(super) fn refused(variable: &str, why: &str) -> Refusal {
    Refusal::bad(format!("failed to validate the 'vars' expression: {variable}: {why}"))
}

/// Reads the conditions, of which all have to be met.
pub(super) fn read(vars: &[Value], conditions: &mut Conditions) -> Result<(), Refusal> {
    for var in vars {
        let (variable, operator, value) = match var.as_array().map(Vec::as_slice) {
            Some([Value::String(variable), Value::String(operator), value]) => {
                (variable.as_str(), operator.as_str(), value)
            }
            Some([Value::String(variable), Value::String(not), ..]) if not == "!" => {
                return Err(refused(variable, "\"!\" has no counterpart here"));
            }
            _ => {
                let why = "a condition is [variable, operator, value]; AND, OR and nested lists \
                           have no counterpart here";
                return Err(refused(&var.to_string().chars().take(80).collect::<String>(), why));
            }
        };
        one(variable, operator, value, conditions)?;
    }
    Ok(())
}

fn one(
    variable: &str,
    operator: &str,
    value: &Value,
    conditions: &mut Conditions,
) -> Result<(), Refusal> {
    if matches!(variable, "request_method" | "method" | "host") {
        let listed = match (operator, value) {
            ("==", Value::String(one)) => vec![one.clone()],
            ("in", Value::Array(_)) => texts(variable, value)?,
            _ => return Err(refused(variable, "there are == and in for it")),
        };
        let place =
            if variable == "host" { &mut conditions.hosts } else { &mut conditions.methods };
        if !place.is_empty() {
            return Err(refused(variable, "there are two conditions of it"));
        }
        *place = listed;
        return Ok(());
    }
    let (place, name) = if let Some(name) = variable.strip_prefix("http_") {
        (&mut conditions.headers, name.replace('_', "-"))
    } else if let Some(name) = variable.strip_prefix("arg_") {
        (&mut conditions.query, name.to_owned())
    } else if let Some(name) = variable.strip_prefix("cookie_") {
        (&mut conditions.cookies, name.to_owned())
    } else {
        return Err(refused(
            variable,
            "routes look at http_<header>, arg_<parameter>, cookie_<name>, request_method and host",
        ));
    };
    let expected = expected(variable, operator, value)?;
    if place.insert(name, Value::from(expected)).is_some() {
        return Err(refused(variable, "there are two conditions of it"));
    }
    Ok(())
}

fn expected(variable: &str, operator: &str, value: &Value) -> Result<String, Refusal> {
    let around = |(before, after): (&str, &str), inner: &str| format!("{before}{inner}{after}");
    let expression = |form| match value {
        Value::String(expression) => match regex::Regex::new(expression) {
            Ok(_) => Ok(around(form, expression)),
            Err(error) => Err(refused(variable, &format!("not an expression: {error}"))),
        },
        _ => Err(refused(variable, "the expression is no string")),
    };
    match operator {
        "==" => {
            let literal = text(value).ok_or_else(|| refused(variable, "expected a string"))?;
            let special = matches!(literal.as_str(), "Exists()" | "IsDefined()" | "NotDefined()")
                || literal.starts_with("Regex(")
                || literal.starts_with("Wildcard(");
            Ok(if special { around(AMONG, &escape(&literal)) } else { literal })
        }
        "in" => {
            let listed = texts(variable, value)?;
            let listed: Vec<String> = listed.iter().map(|literal| escape(literal)).collect();
            Ok(around(AMONG, &listed.join("|")))
        }
        "~~" => expression(ANYWHERE),
        "~*" => expression(ANY_CASE),
        _ => Err(refused(
            variable,
            &format!(
                "the operator {operator:?} has no counterpart here; there are ==, in, ~~ and ~*"
            ),
        )),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(variable: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let items = value.as_array().filter(|items| !items.is_empty());
    let items = items.and_then(|items| items.iter().map(text).collect());
    items.ok_or_else(|| refused(variable, "expected a list of strings"))
}

/// A condition of ours as one of these; none where it cannot be said.
pub(super) fn show(prefix: &str, name: &str, expected: &str) -> Option<Value> {
    let name = match prefix {
        "http_" => name.to_ascii_lowercase().replace('-', "_"),
        _ => name.to_owned(),
    };
    let variable = format!("{prefix}{name}");
    let within = |(before, after): (&str, &str)| {
        expected.strip_prefix(before).and_then(|rest| rest.strip_suffix(after))
    };
    let (operator, value) = match expected {
        "Exists()" | "IsDefined()" => ("~~", json!(".*")),
        "NotDefined()" => return None,
        _ => {
            if let Some(expression) = within(ANYWHERE) {
                ("~~", json!(expression))
            } else if let Some(expression) = within(ANY_CASE) {
                ("~*", json!(expression))
            } else if let Some(listed) = within(AMONG).and_then(literals) {
                match listed.as_slice() {
                    [one] => ("==", json!(one)),
                    listed => ("in", json!(listed)),
                }
            } else if let Some(expression) = within(("Regex(", ")")) {
                ("~~", json!(format!("^(?:{expression})$")))
            } else if expected.starts_with("Wildcard(") {
                return None;
            } else {
                ("==", json!(expected))
            }
        }
    };
    Some(json!([variable, operator, value]))
}

/// The literals that an expression lists; none where it is more than a list of them.
fn literals(expression: &str) -> Option<Vec<String>> {
    let mut literals = vec![String::new()];
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        match character {
            '|' => literals.push(String::new()),
            '\\' => literals.last_mut()?.push(characters.next()?),
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            plain => literals.last_mut()?.push(plain),
        }
    }
    Some(literals)
}
