//! Changes as `path=value`: Otoroshi's own patches and forms. Values that are texts are read as what
//! they look like.

use sanmon_shared::Problem;
use serde_json::{Map, Value};

use super::path::{Step, path};

/// Changes of one request.
const MOST: usize = 1_000;
/// How long a list may become by a path that names an item.
const ITEMS: usize = 10_000;

/// A value and where it goes.
#[derive(Clone)]
pub(super) struct Set {
    path: String,
    value: Value,
}

/// Reads `[{"path": "a.b.c", "value": …}]`.
pub(super) fn from_patch(patch: &Value) -> Result<Vec<Set>, Vec<Problem>> {
    let Some(items) = patch.as_array().filter(|items| items.len() <= MOST) else {
        let what = "this is a list of at most 1000 {\"path\", \"value\"}";
        return Err(vec![Problem::at("", what)]);
    };
    let mut problems = Vec::new();
    let mut sets = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = item.get("path").and_then(Value::as_str);
        if let (Some(path), Some(value)) = (path, item.get("value")) {
            sets.push(Set { path: path.to_owned(), value: literal(value.clone()) });
        } else {
            let at = format!("/{index}");
            problems.push(Problem::at(at, "this is no {\"path\", \"value\"}"));
        }
    }
    if problems.is_empty() { Ok(sets) } else { Err(problems) }
}

/// Reads `a.b.c=value&d=value`.
pub(super) fn from_form(body: &[u8]) -> Result<Vec<Set>, Vec<Problem>> {
    let wrong = |what: &str| vec![Problem::at("", what)];
    if body.trim_ascii_start().starts_with(b"{") {
        return Err(wrong("the body looks like JSON; send it with Content-Type: application/json"));
    }
    let text = std::str::from_utf8(body).map_err(|_| wrong("the form is no text"))?;
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text)
        .map_err(|_| wrong("the form cannot be read"))?
        .into_inner();
    if pairs.len() > MOST {
        return Err(wrong("a form may have 1000 members at most"));
    }
    let set = |(path, value)| Set { path, value: literal(Value::String(value)) };
    Ok(pairs.into_iter().map(set).collect())
}

/// A text as the value that it looks like.
fn literal(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let trimmed = text.trim();
    let looks = matches!(trimmed, "null" | "true" | "false")
        || trimmed.starts_with(['{', '['])
        || trimmed.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    if looks && let Ok(read) = serde_json::from_str(trimmed) { read } else { value }
}

/// Makes the changes, or says which of them cannot be made.
pub(super) fn apply(document: &mut Value, sets: &[Set]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for set in sets {
        let put = path(&set.path).is_some_and(|path| put(document, &path, set.value.clone()));
        if !put {
            let shown: String = set.path.chars().take(128).collect();
            problems.push(Problem::at("", format!("nothing can be set at {shown:?}")));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Whether there is such a place. Objects on the way are made.
fn put(place: &mut Value, path: &[Step], value: Value) -> bool {
    let Some((step, rest)) = path.split_first() else {
        *place = value;
        return true;
    };
    let Step::Name(name) = step else { return false };
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(members) => put(members.entry(name).or_insert(Value::Null), rest, value),
        Value::Array(items) => {
            let Some(index) = name.parse::<usize>().ok().filter(|index| *index <= items.len())
            else {
                return false;
            };
            if index == items.len() {
                if index >= ITEMS {
                    return false;
                }
                items.push(Value::Null);
            }
            items.get_mut(index).is_some_and(|item| put(item, rest, value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(mut document: Value, sets: &[Set]) -> Value {
        apply(&mut document, sets).unwrap();
        document
    }

    #[test]
    fn texts_are_read_as_what_they_look_like() {
        let form =
            b"a=1&b=true&c=null&d=%5B1%2C2%5D&e=%7B%22f%22%3A1%7D&g=text&h=-1.5&i=%7Bno&j=1a";
        let expected = json!({"a": 1, "b": true, "c": null, "d": [1, 2], "e": {"f": 1}, "g": "text",
            "h": -1.5, "i": "{no", "j": "1a"});
        assert_eq!(after(json!({}), &from_form(form).unwrap()), expected);
    }

    #[test]
    fn objects_on_the_way_are_made_and_items_are_counted() {
        let patch = json!([
            {"path": "frontend.domains.0", "value": "a.b"},
            {"path": "metadata.team", "value": "x"},
            {"path": "frontend.domains.1", "value": "c.d"},
        ]);
        let document = json!({"frontend": {"domains": ["old"]}});
        let expected = json!({"frontend": {"domains": ["a.b", "c.d"]}, "metadata": {"team": "x"}});
        assert_eq!(after(document, &from_patch(&patch).unwrap()), expected);
    }

    #[test]
    fn what_cannot_be_set_is_told() {
        let patch = json!([{"path": "name.first", "value": 1}, {"path": "tags.7", "value": "x"},
            {"path": "tags[*]", "value": 1}]);
        let mut document = json!({"name": "x", "tags": []});
        let problems = apply(&mut document, &from_patch(&patch).unwrap()).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(from_patch(&json!({"path": "a"})).is_err());
        assert!(from_patch(&json!([{"path": "a"}])).is_err());
        let wrong = from_form(b"{\"name\": 1}").err().unwrap();
        assert!(wrong[0].message.contains("application/json"));
    }
}
