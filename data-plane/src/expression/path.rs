use std::borrow::Cow;

use sanmon_wire::json::{Elements, Object, Value, ValueKind};

/// A way into a JSON document: `a.b.0`, `$.a['b'][0]` or `/a/b/0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Box<[Box<str>]>);

impl Path {
    /// Reads one; none where it begins as a JSON path and is no plain one. Numbers are indexes where
    /// there is a list.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_prefix('$') {
            return json_path(text);
        }
        let steps: Box<[Box<str>]> = match text.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~").into())
                .collect(),
            None => text.split('.').map(Box::from).collect(),
        };
        Some(Self(steps))
    }

    /// Its first step, and the way on from there where it goes on.
    pub fn split_first(&self) -> Option<(&str, Option<Self>)> {
        let (first, rest) = self.0.split_first()?;
        Some((first, (!rest.is_empty()).then(|| Self(rest.into()))))
    }

    /// What is there, from the members of an object on.
    pub fn find<'a>(&self, object: &Object<'a>) -> Option<Value<'a>> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(member(object, first)?, |value, step| match value.kind {
            ValueKind::Object => member(&value.object()?, step),
            ValueKind::Array => Elements::of(value.raw).nth(step.parse().ok()?),
            _ => None,
        })
    }
}

/// What is there twice is nowhere: two readers would take different ones.
fn member<'a>(object: &Object<'a>, name: &str) -> Option<Value<'a>> {
    object.get(name).ok().flatten()
}

/// What follows the `$`: `.name`, `['name']`, `[0]`.
fn json_path(mut text: &str) -> Option<Path> {
    let mut steps = Vec::new();
    while !text.is_empty() {
        let (step, rest) = if let Some(rest) = text.strip_prefix('.') {
            rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))
        } else {
            let (step, rest) = text.strip_prefix('[')?.split_once(']')?;
            let name = ['\'', '"']
                .iter()
                .find_map(|quote| step.strip_prefix(*quote)?.strip_suffix(*quote));
            match name {
                Some(name) => (name, rest),
                None if step.parse::<usize>().is_ok() => (step, rest),
                None => return None,
            }
        };
        if step.is_empty() || step == "*" {
            return None;
        }
        steps.push(step.into());
        text = rest;
    }
    (!steps.is_empty()).then(|| Path(steps.into()))
}

/// A value as text: strings without their quotes, lists and objects as they stand. `null` is as good
/// as nothing.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind {
        ValueKind::Null => None,
        ValueKind::String => value.text(),
        _ => std::str::from_utf8(value.raw).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, json: &str) -> Option<String> {
        let object = Object::scan(json.as_bytes()).unwrap();
        let value = Path::parse(path)?.find(&object)?;
        text(value).map(Cow::into_owned)
    }

    #[test]
    fn three_spellings_lead_to_the_same_place() {
        let json = r#"{"a": {"b": [1, {"c d": "x\ny"}]}, "n": null, "d": 1, "d": 2, "t": true}"#;
        for path in ["a.b.1.c d", "$.a.b[1]['c d']", "/a/b/1/c d", "$['a'][\"b\"][1].c d"] {
            assert_eq!(find(path, json).as_deref(), Some("x\ny"), "{path}");
        }
        assert_eq!(find("a.b", json).as_deref(), Some(r#"[1, {"c d": "x\ny"}]"#));
        assert_eq!(find("t", json).as_deref(), Some("true"));
        for path in ["a.x", "a.b.2", "a.b.c", "n", "d", "t.x", "", "$", "$.a[*]", "$.a..b", "$x"] {
            assert_eq!(find(path, json), None, "{path}");
        }
    }
}
