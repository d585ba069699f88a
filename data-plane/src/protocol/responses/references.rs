//! `item_reference`: an item of an answer that the gateway keeps, named by its id. Some clients send
//! nothing else of what was said before.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sanmon_wire::json::{Edits, Elements, Members, Object, Value};

use super::create::scanned;
use super::record::{Record, owner};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::llm::body;

/// An item's id is a prefix, the letters of its answer's id, and a number.
const LETTERS: usize = 32;

/// Answers that one request may refer to.
const ANSWERS: usize = 64;

/// The body with the items to which it refers, as far as they are kept here for the caller; `None` where
/// there is nothing to change. What is not kept here its provider may know.
pub(super) async fn resolved(
    exchange: &Exchange,
    object: &Object<'_>,
) -> Result<Option<(Bytes, Members)>, GatewayError> {
    let Some(input) = body::present(object, "input")? else { return Ok(None) };
    let wanted: Vec<String> =
        Elements::of(input.raw).filter_map(|item| answer_of(&reference(&item)?)).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut kept: BTreeMap<String, Option<Arc<Record>>> = BTreeMap::new();
    for id in wanted {
        if !kept.contains_key(&id) && kept.len() < ANSWERS {
            let found = exchange.worker.answers.get(&id, &owner(exchange), exchange.at).await?;
            kept.insert(id, found);
        }
    }
    let mut items = Vec::with_capacity(input.raw.len());
    let mut changed = false;
    for item in Elements::of(input.raw) {
        items.push(if items.is_empty() { b'[' } else { b',' });
        let known = reference(&item).and_then(|id| {
            let record = kept.get(&answer_of(&id)?)?.as_deref()?;
            find(record, &id)
        });
        changed |= known.is_some();
        items.extend_from_slice(known.as_deref().unwrap_or(item.raw));
    }
    items.push(b']');
    if !changed {
        return Ok(None);
    }
    let mut edits = Edits::default();
    edits.replace(input.index, items);
    scanned(edits.apply(object)).map(Some)
}

/// The id to which an item refers, if it does nothing else.
fn reference(item: &Value<'_>) -> Option<String> {
    let item = item.object()?;
    let kind = item.first("type").and_then(|kind| kind.text());
    let refers = match kind.as_deref() {
        Some(kind) => kind == "item_reference",
        None => item.first("role").is_none(),
    };
    Some(item.first("id").filter(|_| refers)?.text()?.into_owned())
}

/// The id of the answer of which this would be an item, were it one of the gateway's.
fn answer_of(item: &str) -> Option<String> {
    let (_, rest) = item.split_once('_')?;
    let letters = rest.get(..LETTERS)?;
    letters.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| format!("resp_{letters}"))
}

/// The item with this id, of what an answer said or was asked.
fn find(record: &Record, id: &str) -> Option<Vec<u8>> {
    let answer = record.response.as_ref().map(|answer| answer.text().as_bytes());
    let answer = answer.and_then(|text| Object::scan(text).ok());
    let output = answer.as_ref().and_then(|answer| answer.first("output"));
    let input = record.input.as_ref().map(|input| input.text().as_bytes());
    let lists = output.map(|output| output.raw).into_iter().chain(input);
    let mut items = lists.flat_map(Elements::of);
    let is = |item: &Value<'_>| {
        item.object().and_then(|item| Some(item.first("id")?.text()? == id)) == Some(true)
    };
    items.find(is).map(|item| item.raw.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_id_tells_its_answer() {
        let letters = "0123456789abcdef0123456789abcdef";
        let answer = Some(format!("resp_{letters}"));
        for item in
            [format!("msg_{letters}0"), format!("fc_{letters}12"), format!("rs_{letters}i3")]
        {
            assert_eq!(answer_of(&item), answer, "{item}");
        }
        for item in ["msg_1", "msg_", "", "msg_0123456789abcdef0123456789abcdeg0"] {
            assert_eq!(answer_of(item), None, "{item}");
        }
    }
}
