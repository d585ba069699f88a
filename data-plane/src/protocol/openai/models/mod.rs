//! `GET /v1/models`: what may be asked for, over all providers of a plugin.

mod anthropic;
mod lists;

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use futures_util::future::{LocalBoxFuture, join_all};
use sanmon_shared::resources;
use sanmon_wire::chat::write_error;
use sanmon_wire::json::write_string;
use sanmon_wire::model_list::ListedModel;

pub use lists::ModelLists;

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::provider::Provider;

/// Lists of models of a plugin's providers.
#[derive(Debug)]
pub struct Models {
    refs: Refs<resources::Provider>,
    form: ListForm,
}

/// What is said of each model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListForm {
    /// What OpenAI says.
    Plain,
    /// And of which provider it is.
    WithProviders,
}

impl Protocol for Models {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn dialect_for(&self, _: &str, headers: &HeaderMap) -> Dialect {
        if asks_as_anthropics(headers) { Dialect::Anthropic } else { Dialect::OpenAi }
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.list(exchange))
    }
}

/// Whether a client wants the list as Anthropic gives it.
fn asks_as_anthropics(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

/// A model that may be asked for.
struct Entry<'a> {
    provider: &'a Provider,
    model: &'a ListedModel,
    /// By what callers name it on this route.
    combined: String,
}

impl Models {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>, form: ListForm) -> Self {
        Self { refs, form }
    }

    async fn list(&self, exchange: &Exchange) -> Result<HttpResponse, GatewayError> {
        if !matches!(*exchange.request.method(), Method::GET | Method::HEAD) {
            return Err(GatewayError::new(Code::MethodNotAllowed, "this endpoint takes GET"));
        }
        limit::reserve(exchange, &Size::default()).await?;
        let providers: Vec<&Arc<Provider>> = self.refs.present(&exchange.snapshot).collect();
        let worker = &exchange.worker;
        let lists =
            join_all(providers.iter().map(|provider| worker.model_lists.get(provider, worker)));
        let lists = lists.await;
        let key = exchange.key.as_ref().and_then(|key| key.constraints());
        let mut entries = Vec::new();
        for (provider, list) in providers.iter().zip(&lists) {
            for model in list.iter() {
                let id = &*model.id;
                if provider.models.allows(id) && key.is_none_or(|key| key.check_model(id)) {
                    let combined = self.combined(provider, id);
                    entries.push(Entry { provider, model, combined });
                }
            }
        }
        let raw = exchange.request.query_string().split('&').any(|pair| pair == "raw=true");
        let now = exchange.at / 1_000;
        let one = asked_for(exchange.path());
        if asks_as_anthropics(exchange.request.headers()) {
            return anthropic::answer(exchange, &entries, one.as_deref());
        }
        if let Some(id) = one {
            return Ok(self.one(&entries, &id, raw, now));
        }
        let mut out = br#"{"object":"list","data":["#.to_vec();
        for (index, entry) in entries.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.write(&mut out, entry, raw, now);
        }
        out.extend_from_slice(b"]}");
        Ok(HttpResponse::Ok().content_type("application/json").body(out))
    }

    /// With one provider, the model's own name; with several, one that says of which it is.
    fn combined(&self, provider: &Provider, model: &str) -> String {
        if !self.refs.is_many() {
            return model.to_owned();
        }
        let parting = if model.contains('/') { "###" } else { "/" };
        format!("{}{parting}{model}", provider.slug)
    }

    fn one(&self, entries: &[Entry<'_>], id: &str, raw: bool, now: i64) -> HttpResponse {
        let Some(entry) = find(entries, id) else {
            let text = format!("the model {id:?} does not exist");
            let kind = "invalid_request_error";
            let body = write_error(&text, kind, Some("model"), Some("model_not_found"));
            let mut response = HttpResponse::build(StatusCode::NOT_FOUND);
            return response.content_type("application/json").body(body);
        };
        let mut out = Vec::new();
        self.write(&mut out, entry, raw, now);
        HttpResponse::Ok().content_type("application/json").body(out)
    }

    fn write(&self, out: &mut Vec<u8>, entry: &Entry<'_>, raw: bool, now: i64) {
        let Entry { provider, model, combined } = entry;
        let created = model.created.map_or_else(|| now.to_string(), |at| at.to_string());
        let id = if raw { &model.id } else { combined.as_str() };
        let mut members = vec![("id", id.to_owned())];
        let owner = match self.form {
            ListForm::Plain => (*provider.slug).to_owned(),
            ListForm::WithProviders => {
                members.push(("combined_id", combined.clone()));
                members.push(("simple_id", model.id.to_string()));
                members.push(("provider_id", provider.slug.to_string()));
                let name = &provider.display_name;
                members.push(("owned_by_with_model", format!("{name} / {}", model.id)));
                name.to_string()
            }
        };
        members.push(("object", "model".to_owned()));
        members.push(("owned_by", owner));
        out.push(b'{');
        for (name, value) in members {
            write_string(out, name);
            out.push(b':');
            write_string(out, &value);
            out.push(b',');
        }
        out.extend_from_slice(format!("\"created\":{created}}}").as_bytes());
    }
}

/// The model of this name, by what callers name it here, else by what its provider does.
fn find<'e, 'a>(entries: &'e [Entry<'a>], id: &str) -> Option<&'e Entry<'a>> {
    entries
        .iter()
        .find(|entry| entry.combined == id)
        .or_else(|| entries.iter().find(|entry| *entry.model.id == *id))
}

/// The model that a path asks for: what follows `/models/`.
fn asked_for(path: &str) -> Option<String> {
    let (_, id) = path.rsplit_once("/models/")?;
    let id = id.trim_end_matches('/');
    if id.is_empty() {
        return None;
    }
    let decoded = percent_decode(id.as_bytes());
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_ask_for_one_model() {
        let asked = |path: &str| asked_for(path);
        assert_eq!(asked("/v1/models"), None);
        assert_eq!(asked("/v1/models/"), None);
        assert_eq!(asked("/v1/models/gpt-4o").as_deref(), Some("gpt-4o"));
        assert_eq!(asked("/v1/models/a/b").as_deref(), Some("a/b"));
        assert_eq!(asked("/v1/models/p%2Fm%").as_deref(), Some("p/m%"));
    }
}
