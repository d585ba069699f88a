//! Paths into documents, as queries and dotted sets write them: `a.b.c`, `/a/b`, `$.a[0].b`.

use serde_json::Value;

/// How deep a path leads.
const LONGEST: usize = 32;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a member, or into the item with this number.
    Name(String),
    /// Into each item or member: `[*]`.
    Each,
}

/// The way to a value.
pub(super) type Path = Vec<Step>;

/// Reads a dotted path, a JSON pointer, or a JSON path of members, numbers and `*`.
pub(super) fn path(text: &str) -> Option<Path> {
    let path = if text.starts_with('/') {
        text.split('/')
            .skip(1)
            .map(|token| name(&token.replace("~1", "/").replace("~0", "~")))
            .collect()
    } else if let Some(rest) = text.strip_prefix('$') {
        json_path(rest)
    } else {
        text.split('.').map(name).collect::<Option<Path>>()
    }?;
    (!path.is_empty() && path.len() <= LONGEST).then_some(path)
}

fn name(text: &str) -> Option<Step> {
    (!text.is_empty()).then(|| Step::Name(text.to_owned()))
}

/// `.a.b[0]['c'][*]`.
fn json_path(text: &str) -> Option<Path> {
    let mut path = Path::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (token, after) = inside.split_once(']')?;
            let token = token.trim_matches(['\'', '"']);
            path.push(if token == "*" { Step::Each } else { name(token)? });
            rest = after;
        } else {
            let token = rest.strip_prefix('.')?;
            let end = token.find(['.', '[']).unwrap_or(token.len());
            let (token, after) = token.split_at_checked(end)?;
            path.push(if token == "*" { Step::Each } else { name(token)? });
            rest = after;
        }
    }
    Some(path)
}

/// Calls `see` with every value at `path`. A list on the way stands for each of its items, unless the
/// path says which; a list at the end is one value.
pub(super) fn each<'v>(value: &'v Value, path: &[Step], see: &mut dyn FnMut(&'v Value)) {
    let Some((step, rest)) = path.split_first() else { return see(value) };
    match (value, step) {
        (Value::Array(items), Step::Each) => items.iter().for_each(|item| each(item, rest, see)),
        (Value::Object(members), Step::Each) => {
            members.values().for_each(|member| each(member, rest, see));
        }
        (Value::Array(items), Step::Name(name)) => match name.parse::<usize>() {
            Ok(index) => items.get(index).into_iter().for_each(|item| each(item, rest, see)),
            Err(_) => items.iter().for_each(|item| each(item, path, see)),
        },
        (Value::Object(members), Step::Name(name)) => {
            if let Some(member) = members.get(name) {
                each(member, rest, see);
            } else if let Some(member) = members.get(&dotted(path)) {
                // A member's own name may have dots: `metadata.team.name`.
                see(member);
            }
        }
        _ => {}
    }
}

/// The first value at `path`.
pub(super) fn first<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    let mut first = None;
    each(value, path, &mut |value| first = first.or(Some(value)));
    first
}

fn dotted(path: &[Step]) -> String {
    let name = |step: &Step| match step {
        Step::Name(name) => name.clone(),
        Step::Each => "*".to_owned(),
    };
    path.iter().map(name).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_way_to_write_a_path_leads_to_the_same_value() {
        let document = json!({
            "a": {"b": [{"c": 1}, {"c": 2}]},
            "metadata": {"team.name": "x"},
        });
        let found = |text: &str| {
            let mut found = Vec::new();
            each(&document, &path(text).unwrap(), &mut |value| found.push(value.clone()));
            Value::Array(found)
        };
        for text in ["a.b.0.c", "/a/b/0/c", "$.a.b[0].c", "$['a'].b[0]['c']"] {
            assert_eq!(found(text), json!([1]), "{text}");
        }
        for text in ["a.b.c", "$.a.b[*].c"] {
            assert_eq!(found(text), json!([1, 2]), "{text}");
        }
        assert_eq!(found("metadata.team.name"), json!(["x"]));
        assert_eq!(found("a.z"), json!([]));
    }

    #[test]
    fn what_is_no_path_is_told() {
        for text in ["", "a..b", "$", "$.a[?(@.b)", "$a", "/", "$.a..b"] {
            assert_eq!(path(text), None, "{text:?}");
        }
        assert_eq!(path(&"a.".repeat(40)), None);
    }
}
