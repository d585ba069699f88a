//! What part of a list is wanted: `filter.`, `filtered`, `sorted`, `page` and `pageSize`, in this
//! order. All of it works on documents as a read shows them, so no filter can ask for a secret.

use std::cmp::Ordering;

use serde_json::Value;

use super::path::{Path, each, first, path};
use crate::admin::parts::{ApiError, Query, bad_parameter, list::listed};

/// How many members a list may be filtered or sorted by.
const CRITERIA: usize = 16;

/// What part of a list is wanted.
#[derive(Debug)]
pub(super) struct ListQuery {
    /// One of the values at the path is this.
    filters: Vec<(Path, String)>,
    /// One of the values at the path contains one of these, in lower case.
    filtered: Vec<(Path, Vec<String>)>,
    sorted: Vec<Criterion>,
    page: usize,
    size: Option<usize>,
}

#[derive(Debug)]
struct Criterion {
    path: Path,
    ascending: bool,
}

/// Part of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) documents: Vec<Value>,
    /// How many pages there are.
    pub(super) pages: usize,
    /// How many pass the filters, on all pages.
    pub(super) total: usize,
    /// Which page it is, from 1, and how long pages are.
    pub(super) page: usize,
    pub(super) size: usize,
}

impl ListQuery {
    /// Takes its parameters out of the query.
    pub(super) fn take(query: &mut Query) -> Result<Self, ApiError> {
        let number = |query: &mut Query, name: &str| match query.number(name)? {
            Some(0) => Err(bad_parameter(name, "begins at 1")),
            Some(number) => Ok(Some(usize::try_from(number).unwrap_or(usize::MAX))),
            None => Ok(None),
        };
        let page = number(query, "page")?.unwrap_or(1);
        let size = number(query, "pageSize")?;
        // What data planes use and what is stored is the same here.
        query.flag("in_mem")?;
        let filters = query.prefixed("filter.").into_iter().map(|(name, value)| {
            Ok((path(&name).ok_or_else(|| bad_parameter("filter.", "names no member"))?, value))
        });
        let filters = filters.collect::<Result<Vec<_>, ApiError>>()?;
        let filtered = listed(query.one("filtered")?).map(|text| {
            text.split_once(':')
                .and_then(|(name, values)| {
                    let values = values.split('|').map(str::to_lowercase).collect();
                    Some((path(name)?, values))
                })
                .ok_or_else(|| bad_parameter("filtered", "is not key:value or key:value|value"))
        });
        let filtered = filtered.collect::<Result<Vec<_>, _>>()?;
        let sorted = listed(query.one("sorted")?).map(|text| criterion(&text));
        let sorted = sorted.collect::<Result<Vec<_>, _>>()?;
        if [filters.len(), filtered.len(), sorted.len()].iter().any(|many| *many > CRITERIA) {
            return Err(bad_parameter("filter., filtered or sorted", "has too many members"));
        }
        Ok(Self { filters, filtered, sorted, page, size })
    }

    /// The page of `total` documents, of which only those are made that are looked at.
    pub(super) fn page(
        &self,
        total: usize,
        documents: impl Iterator<Item = impl FnOnce() -> Value>,
    ) -> Page {
        let size = self.size.unwrap_or(total.max(1));
        let begin = (self.page - 1).saturating_mul(size);
        let plain = self.filters.is_empty() && self.filtered.is_empty() && self.sorted.is_empty();
        let (total, documents): (usize, Vec<Value>) = if plain {
            (total, documents.skip(begin).take(size).map(|make| make()).collect())
        } else {
            let found = documents.map(|make| make()).filter(|document| self.passes(document));
            let found = self.in_order(found.collect());
            (found.len(), found.into_iter().skip(begin).take(size).collect())
        };
        let pages = match self.size {
            Some(size) => total.div_ceil(size),
            None => usize::from(total > 0),
        };
        Page { documents, pages, total, page: self.page, size }
    }

    fn passes(&self, document: &Value) -> bool {
        self.filters.iter().all(|(path, wanted)| any(document, path, &|value| is(value, wanted)))
            && self.filtered.iter().all(|(path, wanted)| {
                any(document, path, &|value| wanted.iter().any(|wanted| contains(value, wanted)))
            })
    }

    /// By the first criterion; where that leaves several, by the next.
    fn in_order(&self, documents: Vec<Value>) -> Vec<Value> {
        let numeric: Vec<bool> = self
            .sorted
            .iter()
            .map(|criterion| {
                let mut values =
                    documents.iter().filter_map(|document| first(document, &criterion.path));
                values.all(Value::is_number)
            })
            .collect();
        let mut keyed: Vec<(Vec<Key>, Value)> = documents
            .into_iter()
            .map(|document| {
                let key = |(criterion, numeric): (&Criterion, &bool)| {
                    Key::of(first(&document, &criterion.path), *numeric)
                };
                (self.sorted.iter().zip(&numeric).map(key).collect(), document)
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let orders = self.sorted.iter().zip(a.iter().zip(b)).map(|(criterion, (a, b))| {
                let order = a.compare(b);
                if criterion.ascending { order } else { order.reverse() }
            });
            orders.fold(Ordering::Equal, Ordering::then)
        });
        keyed.into_iter().map(|(_, document)| document).collect()
    }
}

fn criterion(text: &str) -> Result<Criterion, ApiError> {
    let (name, ascending) = match text.split_once(':') {
        None => (text, true),
        Some((name, "true")) => (name, true),
        Some((name, "false")) => (name, false),
        Some(_) => return Err(bad_parameter("sorted", "says neither true nor false")),
    };
    let path = path(name).ok_or_else(|| bad_parameter("sorted", "names no member"))?;
    Ok(Criterion { path, ascending })
}

/// What is sorted by. A column of numbers is sorted as numbers, any other as text, without regard to
/// case, what is missing as `--`.
#[derive(Debug)]
enum Key {
    Number(f64),
    Text(String),
}

impl Key {
    fn of(value: Option<&Value>, numeric: bool) -> Self {
        match value {
            Some(Value::Number(number)) if numeric => {
                Self::Number(number.as_f64().unwrap_or_default())
            }
            Some(Value::String(text)) => Self::Text(text.to_lowercase()),
            Some(value) if !value.is_null() => Self::Text(value.to_string()),
            _ => Self::Text("--".to_owned()),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Text(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

fn any(document: &Value, path: &Path, passes: &dyn Fn(&Value) -> bool) -> bool {
    let mut found = false;
    each(document, path, &mut |value| found |= passes(value));
    found
}

/// Whether a value is what somebody wrote into a query; of a list, whether an item is, of which a
/// text need only contain it.
fn is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
        Value::Number(number) => same_number(number, wanted),
        Value::Array(items) => items.iter().any(|item| match item {
            Value::String(text) => text.contains(wanted),
            other => is(other, wanted),
        }),
        Value::Null | Value::Object(_) => false,
    }
}

/// Whether a value holds a text, without regard to case. `wanted` is in lower case.
fn contains(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
        Value::Number(number) => same_number(number, wanted),
        Value::Array(items) => items.iter().any(|item| contains(item, wanted)),
        Value::Null | Value::Object(_) => false,
    }
}

fn same_number(number: &serde_json::Number, wanted: &str) -> bool {
    let read = wanted.trim().parse::<f64>().ok();
    read.is_some_and(|wanted| {
        number.as_f64().is_some_and(|number| number.total_cmp(&wanted).is_eq())
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    fn query(text: &str) -> Result<ListQuery, String> {
        let request = TestRequest::with_uri(&format!("/?{text}")).to_http_request();
        let mut query = Query::of(&request).map_err(|error| error.detail.into_owned())?;
        ListQuery::take(&mut query).map_err(|error| error.detail.into_owned())
    }

    fn page(text: &str) -> Page {
        let documents = [
            json!({"id": "a", "name": "Gamma", "tags": ["blue", "green"], "weight": 10,
                "enabled": true, "metadata": {"team": "x"}}),
            json!({"id": "b", "name": "alpha", "tags": [], "weight": 9, "enabled": false}),
            json!({"id": "c", "name": "Beta", "tags": ["Green"], "weight": 100, "enabled": true,
                "plugins": [{"plugin": "cors"}]}),
        ];
        let makers = documents.into_iter().map(|document| move || document);
        query(text).unwrap().page(3, makers)
    }

    fn ids(text: &str) -> String {
        let id = |document: &Value| document["id"].as_str().unwrap().to_owned();
        page(text).documents.iter().map(id).collect()
    }

    #[test]
    fn filters_compare_and_search() {
        for (text, expected) in [
            ("", "abc"),
            ("filter.enabled=true", "ac"),
            ("filter.weight=9", "b"),
            ("filter.weight=x", ""),
            ("filter.tags=gre", "a"),
            ("filter.metadata.team=x", "a"),
            ("filter.$.metadata.team=x", "a"),
            ("filter./metadata/team=x", "a"),
            ("filter.plugins.plugin=cors", "c"),
            ("filter.enabled=true&filter.name=Beta", "c"),
            ("filter.name=beta", ""),
            ("filtered=name:A", "abc"),
            ("filtered=name:alp%7Cbet", "bc"),
            ("filtered=tags:green", "ac"),
            ("filtered=tags:green,name:gam", "a"),
            ("filtered=absent:x", ""),
        ] {
            assert_eq!(ids(text), expected, "{text}");
        }
    }

    #[test]
    fn the_first_key_dominates_and_numbers_are_numbers() {
        for (text, expected) in [
            ("sorted=name:true", "bca"),
            ("sorted=name:false", "acb"),
            ("sorted=name", "bca"),
            ("sorted=weight:true", "bac"),
            ("sorted=enabled:false,weight:true", "acb"),
            ("sorted=metadata.team:true", "bca"),
        ] {
            assert_eq!(ids(text), expected, "{text}");
        }
    }

    #[test]
    fn pages_are_counted_from_one() {
        for (text, expected, pages) in [
            ("", "abc", 1),
            ("pageSize=2", "ab", 2),
            ("pageSize=2&page=2", "c", 2),
            ("pageSize=2&page=3", "", 2),
            ("page=2", "", 1),
            ("pageSize=99999&page=1", "abc", 1),
            ("pageSize=1&filter.enabled=true&page=2", "c", 2),
            ("filter.name=nobody", "", 0),
        ] {
            assert_eq!((ids(text).as_str(), page(text).pages), (expected, pages), "{text}");
        }
    }

    #[test]
    fn a_mistake_in_a_query_is_told() {
        for (text, what) in [
            ("page=0", "page"),
            ("page=x", "page"),
            ("pageSize=-1", "pageSize"),
            ("filter.a..b=1", "filter."),
            ("filtered=name", "filtered"),
            ("sorted=name:up", "sorted"),
            ("sorted=$.a%5B", "sorted"),
        ] {
            let wrong = query(text).unwrap_err();
            assert!(wrong.contains(what), "{text}: {wrong}");
        }
        let many: Vec<_> = (0..20).map(|index| format!("filter.a{index}=1")).collect();
        assert!(query(&many.join("&")).is_err());
    }
}
