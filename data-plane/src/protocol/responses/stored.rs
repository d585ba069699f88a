//! What a caller may do with an answer that is kept for it.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use sanmon_wire::json::Json;
use sanmon_wire::responses::Relayed;
use serde_json::json;

use super::items::{self, Page};
use super::place::What;
use super::record::{Record, owner};
use super::{Form, Responses, not_found};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::protocol::llm::answer::{check_head, gather, refused, told, with};
use crate::protocol::llm::stream::{Begun, Streamed};
use crate::protocol::llm::{Bound, Failed, headers, patient};
use crate::protocol::relay::Beginning;
use crate::provider::{Operation, Provider, Timeouts, Transport};
use crate::target::reached;

/// What of a query a provider is told; the rest may hold the caller's credential.
const QUERY: [&str; 9] = [
    "include",
    "include[]",
    "include%5B%5D",
    "stream",
    "starting_after",
    "include_obfuscation",
    "limit",
    "order",
    "after",
];

impl Responses {
    /// Everything but a new answer.
    pub(super) async fn stored(
        &self,
        exchange: &Rc<Exchange>,
        id: &str,
        what: What,
    ) -> Result<HttpResponse, GatewayError> {
        limit::reserve(exchange, &Size::default()).await?;
        let answers = &exchange.worker.answers;
        let found = match self.kept {
            Some(_) => answers.get(id, &owner(exchange), exchange.at).await?,
            None => None,
        };
        let record = found.ok_or_else(|| not_found(id))?;
        if let Some(bound) = record.kept_by() {
            let response = self.at_provider(exchange, &bound, id, what).await?;
            if what == What::Delete && response.status().is_success() {
                answers.remove(id).await?;
            }
            return Ok(response);
        }
        match what {
            What::Read => read(exchange, &record),
            What::InputItems => input_items(exchange, &record),
            What::Cancel => {
                let text = "only answers that were asked for with background can be cancelled";
                Err(GatewayError::new(Code::BadRequest, text))
            }
            What::Delete => {
                answers.remove(id).await?;
                let body = json!({"id": id, "object": "response", "deleted": true});
                Ok(HttpResponse::Ok().json(body))
            }
        }
    }

    /// Asks the provider that made the answer, with the credential that it was made with, if requests of
    /// this route may still come to it.
    async fn at_provider(
        &self,
        exchange: &Rc<Exchange>,
        bound: &Bound,
        id: &str,
        what: What,
    ) -> Result<HttpResponse, GatewayError> {
        let snapshot = &exchange.snapshot;
        let mut named = self.refs.present(snapshot);
        let provider = named.find_map(|named| reached(snapshot, named, &bound.provider));
        let provider = provider.ok_or_else(|| not_found(id))?;
        exchange.account.set_provider(Arc::clone(&provider.id));
        let kept = Kept {
            exchange: Rc::clone(exchange),
            provider: Arc::clone(provider),
            credential: bound.credential,
            timeouts: provider.timeouts().with(&self.refs.timeouts),
            form: self.form,
            id: id.to_owned(),
        };
        let query: Vec<&str> = pairs(exchange)
            .filter(|pair| QUERY.contains(&pair.split('=').next().unwrap_or_default()))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let rest = format!("{}{mark}{}", what.below(), query.join("&"));
        if what == What::Read && query.contains(&"stream=true") {
            let (dialect, codec) = (self.form.dialect(), self.form.codec());
            return patient(exchange, dialect, codec, Box::pin(kept.ask(what, rest, true))).await;
        }
        kept.ask(what, rest, false).await.or_else(|failed| failed.answer())
    }
}

/// An answer that its provider keeps.
struct Kept {
    exchange: Rc<Exchange>,
    provider: Arc<Provider>,
    /// Which of the provider's credentials it was made with.
    credential: usize,
    timeouts: Timeouts,
    form: Form,
    id: String,
}

impl Kept {
    async fn ask(
        self,
        what: What,
        rest: String,
        streams: bool,
    ) -> Result<HttpResponse, Box<Failed>> {
        let Self { exchange, provider, credential, timeouts, form, id } = &self;
        let account = match &provider.transport {
            Transport::Http(http) => http.account_at(*credential),
            Transport::Mock(_) => None,
        };
        let account = account.ok_or_else(|| not_found(id))?;
        let deadlines = if streams { timeouts.streamed() } else { timeouts.whole() };
        let operation = Operation::Stored { id, rest: &rest };
        let call = account.call(&operation, deadlines)?.method(what.method());
        let accept = if streams { "text/event-stream" } else { "application/json" };
        let mut call = headers::request(exchange, call, accept);
        account.authorize(&exchange.worker, &mut call).await?;
        let answer = exchange.worker.upstream.send(call, &exchange.account).await?;
        let status = check_head(answer.status, &answer.headers)?;
        let head = told(exchange, answer.status, &answer.headers);
        let kind = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let codec = form.codec();
        let error = |status, said| refused(codec, status, said, Some(account), &head);
        if status.is_success() && kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
            let streamed = Streamed {
                pass: Box::new(Relayed::new(*codec, None)),
                dialect: form.dialect(),
                kind: "text/event-stream",
                input_bytes: 0,
                beginning: Beginning::AT_ONCE,
            };
            return match streamed.answer(exchange, answer.body, None).await? {
                Begun::Response(response) => Ok(with(response, head)),
                Begun::Error(event) => Err(error(event.status.unwrap_or(200), event.data)),
            };
        }
        let body = gather(exchange, answer).await?;
        if !status.is_success() {
            return Err(error(status.as_u16(), body));
        }
        let mut response = HttpResponse::build(status);
        Ok(with(response.content_type("application/json").body(body), head))
    }
}

/// The query's pairs, as they stand.
fn pairs(exchange: &Exchange) -> impl Iterator<Item = &str> {
    exchange.request.query_string().split('&').filter(|pair| !pair.is_empty())
}

fn asked<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    pairs(exchange).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn whole(body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(StatusCode::OK).content_type("application/json").body(body)
}

fn read(exchange: &Exchange, record: &Record) -> Result<HttpResponse, GatewayError> {
    if asked(exchange, "stream") == Some("true") {
        let text = "only answers that were asked for with background can be streamed again";
        return Err(GatewayError::new(Code::BadRequest, text).param("stream"));
    }
    let text = record.response.as_ref().map(Json::text);
    Ok(whole(text.unwrap_or("{}").as_bytes().to_vec()))
}

fn input_items(exchange: &Exchange, record: &Record) -> Result<HttpResponse, GatewayError> {
    let wrong = |name: &'static str, text: &'static str| {
        GatewayError::new(Code::BadRequest, text).param(name)
    };
    let limit = asked(exchange, "limit").map_or(Ok(20), |limit| {
        let limit = limit.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.ok_or_else(|| wrong("limit", "\"limit\" has to be a number from 1 to 100"))
    })?;
    let ascending = match asked(exchange, "order") {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(wrong("order", "\"order\" has to be \"asc\" or \"desc\"")),
    };
    let page = Page { limit, ascending, after: asked(exchange, "after") };
    let list = record.input.as_ref().map_or("[]", |input| input.text());
    let none = || wrong("after", "there is no item with the id that \"after\" names");
    items::page(list.as_bytes(), &page).map(whole).ok_or_else(none)
}
