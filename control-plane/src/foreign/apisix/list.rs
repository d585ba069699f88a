//! Lists: filters, order and pages.

use regex::Regex;
use serde_json::Value;

use super::refusal::{Body, Refusal};
use super::request::Call;
use super::view::{Found, Manner};

/// What of a list is wanted.
pub(super) struct Wanted {
    name: Option<Regex>,
    uri: Option<Regex>,
    label: Option<String>,
    search: Option<String>,
    service: Option<String>,
    upstream: Option<String>,
    newest_first: bool,
    page: Option<(usize, usize)>,
}

impl Wanted {
    /// Reads the query.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let expression = |name: &str| {
            let text = call.parameter(name).filter(|text| !text.is_empty());
            text.map(Regex::new).transpose().map_err(|_| {
                Refusal::bad(format!("invalid argument {name}: should be a regular expression"))
            })
        };
        let (mut service, mut upstream) = (None, None);
        if let Some(filter) = call.parameter("filter") {
            for pair in filter.split('&') {
                match pair.split_once('=') {
                    Some(("service_id", id)) => service = Some(id.to_owned()),
                    Some(("upstream_id", id)) => upstream = Some(id.to_owned()),
                    _ => {}
                }
            }
        }
        let api7 = call.manner == Manner::Api7;
        if api7 && let Some(id) = call.parameter("service_id") {
            service = Some(id.to_owned());
        }
        let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let page = match (number("page"), number("page_size")) {
            (Some(page), Some(size)) => {
                let bounds = if api7 { 1..=500 } else { 10..=500 };
                if !bounds.contains(&size) {
                    let (least, most) = (bounds.start(), bounds.end());
                    return Err(Refusal {
                        status: actix_web::http::StatusCode::BAD_REQUEST,
                        body: Body::Text(format!("page_size must be between {least} and {most}")),
                    });
                }
                Some((page.max(1), size))
            }
            _ => None,
        };
        Ok(Self {
            name: expression("name")?,
            uri: expression("uri")?,
            label: call.parameter("label").map(str::to_owned),
            search: call.parameter("search").filter(|_| api7).map(str::to_lowercase),
            service,
            upstream,
            newest_first: api7 && call.parameter("direction") != Some("asc"),
            page,
        })
    }

    /// Those that are wanted, and how many there are on all pages.
    pub(super) fn page(&self, found: Vec<Found>) -> (usize, Vec<Found>) {
        let mut found: Vec<Found> = found.into_iter().filter(|one| self.takes(one)).collect();
        found.sort_by(|a, b| (a.stamp.created, &a.id).cmp(&(b.stamp.created, &b.id)));
        if self.newest_first {
            found.reverse();
        }
        let total = found.len();
        let found = match self.page {
            Some((page, size)) => {
                found.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect()
            }
            None => found,
        };
        (total, found)
    }

    fn takes(&self, found: &Found) -> bool {
        let text = |name: &str| found.value.get(name).and_then(Value::as_str);
        let is = |name: &str, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| text(name) == Some(wanted))
        };
        let uris =
            ["uris", "paths"].into_iter().filter_map(|name| found.value.get(name)?.as_array());
        let uris = uris.flatten().filter_map(Value::as_str).chain(text("uri"));
        let labels = found.value.get("labels").and_then(Value::as_object);
        self.name.as_ref().is_none_or(|name| text("name").is_some_and(|text| name.is_match(text)))
            && self.uri.as_ref().is_none_or(|uri| uris.into_iter().any(|text| uri.is_match(text)))
            && self
                .label
                .as_ref()
                .is_none_or(|label| labels.is_some_and(|labels| labels.contains_key(label)))
            && self.search.as_ref().is_none_or(|search| {
                let mut texts = text("name").into_iter().chain([found.id.as_str()]);
                texts.any(|text| text.to_lowercase().contains(search))
            })
            && is("service_id", &self.service)
            && is("upstream_id", &self.upstream)
    }
}
