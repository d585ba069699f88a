//! Lists: filters, order, pages, and the members that are wanted. All of it works on documents as a
//! read shows them, so no filter can ask for a secret.
//!
//! Pages are by cursor: `after` is what the `Link` header of the page before says. A page costs the
//! same wherever it is, and what is written meanwhile shifts nothing.

use std::cmp::Ordering;

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sanmon_shared::Entry;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::query::{Query, bad_parameter};
use crate::configuration::{Configuration, State};

/// The longest page.
pub(crate) const LONGEST: usize = 1_000;
/// A page where nothing is said.
pub(crate) const USUAL: usize = 100;
/// How many members a list may be filtered or sorted by.
const CRITERIA: usize = 16;

/// What part of a list is wanted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ListQuery {
    limit: usize,
    after: Option<Cursor>,
    sort: Vec<Criterion>,
    filters: Vec<Filter>,
    fields: Vec<Path>,
}

/// The members that lead to a value: `frontend.domains`. An array on the way stands for each of its
/// items.
pub(crate) type Path = Vec<String>;

#[derive(Debug, PartialEq)]
struct Criterion {
    path: Path,
    descending: bool,
}

/// One of these values stands at the path.
#[derive(Debug, PartialEq)]
struct Filter {
    path: Path,
    values: Vec<String>,
}

/// The last document of a page: what it was sorted by, and its id.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cursor {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by: Vec<Value>,
    id: String,
}

/// Part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// The documents.
    pub(crate) items: Vec<Value>,
    /// How many pass the filters, on all pages.
    pub(crate) total: usize,
    /// `after` of the next page.
    pub(crate) next: Option<String>,
}

impl ListQuery {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut query = Query::of(request)?;
        let limit = match query.number("limit")? {
            None => USUAL,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=LONGEST).contains(limit))
                .ok_or_else(|| bad_parameter("limit", "is not between 1 and 1000"))?,
        };
        let sort = listed(query.one("sort")?)
            .map(|name| criterion(&name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut filters: Vec<Filter> = Vec::new();
        for (name, value) in query.prefixed("filter.") {
            let path = path(&name).ok_or_else(|| bad_parameter("filter.", "names no member"))?;
            match filters.iter_mut().find(|filter| filter.path == path) {
                Some(filter) => filter.values.push(value),
                None => filters.push(Filter { path, values: vec![value] }),
            }
        }
        let fields = listed(query.one("fields")?)
            .map(|name| path(&name).ok_or_else(|| bad_parameter("fields", "names no member")))
            .collect::<Result<Vec<_>, _>>()?;
        if sort.len() > CRITERIA || filters.len() > CRITERIA || fields.len() > 8 * CRITERIA {
            return Err(bad_parameter("sort, filter or fields", "has too many members"));
        }
        let after = query.one("after")?.map(|text| cursor(&text, sort.len())).transpose()?;
        query.done()?;
        Ok(Self { limit, after, sort, filters, fields })
    }

    /// Only the members of one document that are wanted.
    pub(crate) fn projected(&self, document: Value) -> Value {
        if self.fields.is_empty() { document } else { project(&document, &self.fields) }
    }

    /// The page.
    pub(crate) fn page(&self, state: &State, plural: &str, configuration: &Configuration) -> Page {
        let shown = |entry: &Entry| configuration.shown(entry);
        if self.sort.is_empty() && self.filters.is_empty() {
            self.by_id(state, plural, &shown)
        } else {
            self.searched(state, plural, &shown)
        }
    }

    /// In the order of ids, which is the order of the state: only the page is looked at.
    fn by_id(&self, state: &State, plural: &str, shown: &dyn Fn(&Entry) -> Value) -> Page {
        let mut entries: Box<dyn Iterator<Item = _>> = match &self.after {
            Some(cursor) => Box::new(state.list_after(plural, &cursor.id)),
            None => Box::new(state.list(plural)),
        };
        let page: Vec<_> = entries.by_ref().take(self.limit).collect();
        let more = entries.next().is_some();
        let next = page.last().filter(|_| more).map(|last| Cursor::at(Vec::new(), &last.id));
        let items = page.iter().map(|entry| self.projected(shown(entry))).collect();
        Page { items, total: state.count(plural), next }
    }

    /// Every document is looked at, and only what it is sorted by is kept.
    fn searched(&self, state: &State, plural: &str, shown: &dyn Fn(&Entry) -> Value) -> Page {
        let mut found: Vec<(Vec<Value>, &Entry)> = state
            .list(plural)
            .filter_map(|entry| {
                let document = shown(entry);
                self.passes(&document).then(|| (self.keys(&document), &**entry))
            })
            .collect();
        let total = found.len();
        found.sort_by(|a, b| self.order_of((&a.0, &a.1.id), (&b.0, &b.1.id)));
        let begin = self.after.as_ref().map_or(0, |cursor| {
            found.partition_point(|(keys, entry)| {
                self.order_of((keys, &entry.id), (&cursor.by, &cursor.id)) != Ordering::Greater
            })
        });
        let rest = found.get(begin..).unwrap_or_default();
        let page = rest.get(..self.limit).unwrap_or(rest);
        let next = page
            .last()
            .filter(|_| rest.len() > page.len())
            .map(|(keys, entry)| Cursor::at(keys.clone(), &entry.id));
        let items = page.iter().map(|(_, entry)| self.projected(shown(entry))).collect();
        Page { items, total, next }
    }

    fn passes(&self, document: &Value) -> bool {
        self.filters.iter().all(|filter| {
            let mut passes = false;
            each(document, &filter.path, &mut |value| {
                passes |= filter.values.iter().any(|wanted| reads(value, wanted));
            });
            passes
        })
    }

    fn keys(&self, document: &Value) -> Vec<Value> {
        let key = |criterion: &Criterion| {
            let mut first = None;
            each(document, &criterion.path, &mut |value| {
                if first.is_none() && !value.is_object() && !value.is_array() {
                    first = Some(value.clone());
                }
            });
            first.unwrap_or(Value::Null)
        };
        self.sort.iter().map(key).collect()
    }

    fn order_of(&self, a: (&[Value], &str), b: (&[Value], &str)) -> Ordering {
        for (criterion, (a, b)) in self.sort.iter().zip(a.0.iter().zip(b.0)) {
            let order = compare(a, b);
            let order = if criterion.descending { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        a.1.cmp(b.1)
    }
}

impl Cursor {
    fn at(by: Vec<Value>, id: &str) -> String {
        let cursor = Self { by, id: id.to_owned() };
        BASE64.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

fn cursor(text: &str, keys: usize) -> Result<Cursor, ApiError> {
    BASE64
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok())
        .filter(|cursor| cursor.by.len() == keys)
        .ok_or_else(|| bad_parameter("after", "is not from a page of this list"))
}

/// The parts of a text with commas.
pub(crate) fn listed(text: Option<String>) -> impl Iterator<Item = String> {
    let names: Vec<_> = text
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    names.into_iter()
}

fn criterion(name: &str) -> Result<Criterion, ApiError> {
    let (name, descending) = match name.strip_prefix('-') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let path = path(name).ok_or_else(|| bad_parameter("sort", "names no member"))?;
    Ok(Criterion { path, descending })
}

/// Reads a dotted path.
pub(crate) fn path(text: &str) -> Option<Path> {
    let path: Path = text.split('.').map(str::to_owned).collect();
    (path.len() <= CRITERIA && path.iter().all(|name| !name.is_empty())).then_some(path)
}

/// Calls `see` with every value at `path`.
fn each<'v>(value: &'v Value, path: &[String], see: &mut dyn FnMut(&'v Value)) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => items.iter().for_each(|item| each(item, path, see)),
        (value, None) => see(value),
        (Value::Object(members), Some((name, rest))) => {
            // A member's own name may have dots: `metadata.team.name`.
            if let Some(member) = members.get(name) {
                each(member, rest, see);
            } else if let Some(member) = members.get(&path.join(".")) {
                each(member, &[], see);
            }
        }
        _ => {}
    }
}

/// Whether a value is what somebody wrote into a query.
fn reads(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Null => wanted == "null",
        Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
        Value::Number(number) => number.to_string().as_str() == wanted,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Nothing, then `false` and `true`, numbers, texts.
fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::Object(_) => 4,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => {
            let number = |n: &serde_json::Number| n.as_f64().unwrap_or_default();
            number(a).total_cmp(&number(b))
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The members at these paths, where they stand in the document.
pub(crate) fn project(value: &Value, paths: &[Path]) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, member) in members {
                let inside: Vec<Path> = paths
                    .iter()
                    .filter(|path| path.first() == Some(name))
                    .map(|path| path.get(1..).unwrap_or_default().to_vec())
                    .collect();
                if inside.iter().any(Vec::is_empty) {
                    kept.insert(name.clone(), member.clone());
                } else if !inside.is_empty() {
                    kept.insert(name.clone(), project(member, &inside));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| project(item, paths)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    fn query(text: &str) -> Result<ListQuery, String> {
        let request = TestRequest::with_uri(&format!("/?{text}")).to_http_request();
        ListQuery::of(&request).map_err(|error| error.detail.into_owned())
    }

    #[test]
    fn a_filter_finds_values_in_objects_and_lists() {
        let document = json!({
            "enabled": true,
            "metadata": {"team": "a", "cost.center": "7"},
            "plugins": [{"plugin": "cors"}, {"plugin": "apikeys", "tags": ["x", "y"]}],
        });
        for (filter, passes) in [
            ("filter.enabled=true", true),
            ("filter.enabled=false", false),
            ("filter.metadata.team=a", true),
            ("filter.metadata.cost.center=7", true),
            ("filter.plugins.plugin=apikeys", true),
            ("filter.plugins.tags=y", true),
            ("filter.plugins.plugin=apikeys&filter.enabled=false", false),
            ("filter.metadata.team=b&filter.metadata.team=a", true),
            ("filter.absent=null", false),
        ] {
            assert_eq!(query(filter).unwrap().passes(&document), passes, "{filter}");
        }
    }

    #[test]
    fn only_the_wanted_members_are_kept() {
        let document = json!({"id": "a", "frontend": {"domains": ["x"], "exact": true},
            "plugins": [{"plugin": "cors", "config": {}}]});
        let kept = query("fields=id,frontend.exact,plugins.plugin").unwrap().projected(document);
        let expected =
            json!({"id": "a", "frontend": {"exact": true}, "plugins": [{"plugin": "cors"}]});
        assert_eq!(kept, expected);
    }

    #[test]
    fn values_have_one_order() {
        let sorted = [
            json!(null),
            json!(false),
            json!(true),
            json!(-1.5),
            json!(2),
            json!("10"),
            json!("9"),
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_mistake_in_a_list_query_is_told() {
        for (text, what) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=x", "limit"),
            ("after=%00", "after"),
            ("after=e30", "after"),
            ("sort=a..b", "sort"),
            ("sort=-", "sort"),
            ("filter.=1", "filter."),
            ("filter.a..b=1", "filter."),
            ("page=2", "page"),
        ] {
            let wrong = query(text).unwrap_err();
            assert!(wrong.contains(what), "{text}: {wrong}");
        }
        let by_name = Cursor::at(vec![json!("n")], "a");
        assert!(query(&format!("after={by_name}")).is_err(), "the cursor is of another order");
        assert!(query(&format!("after={by_name}&sort=name")).is_ok());
    }
}
