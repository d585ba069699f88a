//! Items of a conversation as they are kept: each with an id and a type.

use std::io::Write;

use sanmon_wire::json::{Edits, Elements, Object, Value, ValueKind, write_string};

/// The items of an `input`, as a list; those that have no id get one made of `id` and their number.
pub(super) fn kept(input: Option<Value<'_>>, id: &str) -> Vec<u8> {
    let mut out = vec![b'['];
    let Some(input) = input else {
        out.push(b']');
        return out;
    };
    if input.kind == ValueKind::String {
        let item = [br#"{"role":"user","content":"#, input.raw, b"}"].concat();
        push(&mut out, &item, id, 0);
    } else {
        for (number, item) in Elements::of(input.raw).enumerate() {
            push(&mut out, item.raw, id, number);
        }
    }
    out.push(b']');
    out
}

fn push(out: &mut Vec<u8>, raw: &[u8], id: &str, number: usize) {
    if out.len() > 1 {
        out.push(b',');
    }
    let Ok(item) = Object::scan(raw) else {
        out.extend_from_slice(raw);
        return;
    };
    let text = |name: &str| item.first(name).and_then(|value| value.text());
    let kind = text("type").unwrap_or_else(|| {
        if item.first("role").is_some() { "message".into() } else { "item_reference".into() }
    });
    let mut edits = Edits::default();
    if item.first("type").is_none() {
        edits.insert("type", quoted(&kind));
    }
    if item.first("id").is_none_or(|id| id.is_null()) {
        let prefix = match &*kind {
            "message" => "msg",
            "function_call" => "fc",
            "custom_tool_call" => "ctc",
            "reasoning" => "rs",
            _ => "item",
        };
        if let Some(null) = item.first("id") {
            edits.replace(null.index, quoted(&format!("{prefix}_{id}i{number}")));
        } else {
            edits.insert("id", quoted(&format!("{prefix}_{id}i{number}")));
        }
    }
    if kind == "message" {
        if item.first("status").is_none() {
            edits.insert("status", b"\"completed\"".as_slice());
        }
        if let Some(content) = item.first("content").filter(|it| it.kind == ValueKind::String) {
            let said = text("role").is_some_and(|role| role == "assistant");
            let (open, close): (&[u8], &[u8]) = if said {
                (br#"[{"type":"output_text","text":"#, br#","annotations":[],"logprobs":[]}]"#)
            } else {
                (br#"[{"type":"input_text","text":"#, b"}]")
            };
            edits.replace(content.index, [open, content.raw, close].concat());
        }
    }
    out.extend_from_slice(&edits.apply(&item));
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

/// Lists one after the other.
pub(super) fn joined<'a>(lists: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = vec![b'['];
    for list in lists {
        for item in Elements::of(list) {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(item.raw);
        }
    }
    out.push(b']');
    out
}

/// Which items of a list are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<'a> {
    pub(super) limit: usize,
    pub(super) ascending: bool,
    /// The id after which it begins.
    pub(super) after: Option<&'a str>,
}

/// A page of a list; `None` when there is no item to begin after.
pub(super) fn page(list: &[u8], page: &Page<'_>) -> Option<Vec<u8>> {
    let id = |raw: &[u8]| {
        let object = Object::scan(raw).ok()?;
        Some(object.first("id")?.text()?.into_owned())
    };
    let mut items: Vec<&[u8]> = Elements::of(list).map(|item| item.raw).collect();
    if !page.ascending {
        items.reverse();
    }
    let from = match page.after {
        Some(after) => 1 + items.iter().position(|item| id(item).as_deref() == Some(after))?,
        None => 0,
    };
    let rest = items.get(from..).unwrap_or_default();
    let (shown, more) = rest.split_at(rest.len().min(page.limit));
    let mut out = b"{\"object\":\"list\",\"data\":[".to_vec();
    out.extend_from_slice(&shown.join(&b','));
    out.push(b']');
    for (name, item) in [("first_id", shown.first()), ("last_id", shown.last())] {
        let id = item.and_then(|item| id(item)).map_or(b"null".to_vec(), |id| quoted(&id));
        // Writing into memory does not fail.
        let _ = write!(out, ",\"{name}\":");
        out.extend_from_slice(&id);
    }
    let _ = write!(out, ",\"has_more\":{}}}", !more.is_empty());
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Tree, json};

    use super::*;

    fn keep(input: &str) -> Tree {
        let body = format!("{{\"input\":{input}}}");
        let object = Object::scan(body.as_bytes()).unwrap();
        serde_json::from_slice(&kept(object.first("input"), "a")).unwrap()
    }

    #[test]
    fn every_item_has_a_type_and_an_id() {
        assert_eq!(
            keep("\"hi\""),
            json!([{"role": "user", "content": [{"type": "input_text", "text": "hi"}],
                "type": "message", "id": "msg_ai0", "status": "completed"}])
        );
        let items = keep(
            r#"[{"type":"function_call_output","call_id":"c","output":"1"},
                {"role":"assistant","content":"ok","id":"msg_own"}]"#,
        );
        assert_eq!(items[0]["id"], "item_ai0");
        assert_eq!(items[1]["id"], "msg_own");
        assert_eq!(items[1]["content"][0]["type"], "output_text");
    }

    #[test]
    fn pages_begin_after_an_item_and_say_whether_there_are_more() {
        let list = br#"[{"id":"1"},{"id":"2"},{"id":"3"}]"#;
        let show = |limit, ascending, after| {
            let out = page(list, &Page { limit, ascending, after })?;
            Some(serde_json::from_slice::<Tree>(&out).unwrap())
        };
        assert_eq!(
            show(2, false, None).unwrap(),
            json!({"object": "list", "data": [{"id": "3"}, {"id": "2"}],
                "first_id": "3", "last_id": "2", "has_more": true})
        );
        assert_eq!(show(2, true, Some("2")).unwrap()["data"], json!([{"id": "3"}]));
        let end = show(2, false, Some("1")).unwrap();
        assert_eq!((&end["first_id"], &end["has_more"]), (&Tree::Null, &json!(false)));
        assert_eq!(show(2, true, Some("9")), None);
    }
}
