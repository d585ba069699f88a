//! What a caller may do with an answer that is kept for it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use sanmon_wire::json::Json;
use sanmon_wire::responses::Relayed;
use serde_json::json;

use super::items::{self, Page};
use super::place::What;
use super::record::{Record, owner};
use super::{Responses, not_found};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::answer::{check_head, gather, provider_error, told, with};
use crate::protocol::llm::{headers, stream};
use crate::provider::{Http, Operation, Transport};

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
        exchange: &Exchange,
        id: &str,
        what: What,
    ) -> Result<HttpResponse, GatewayError> {
        let answers = &exchange.worker.answers;
        let found = match self.kept {
            Some(_) => answers.get(id, &owner(exchange), exchange.at).await?,
            None => None,
        };
        let record = found.ok_or_else(|| not_found(id))?;
        if let Some(provider) = &record.provider {
            let response = self.at_provider(exchange, provider, id, what).await?;
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

    /// Asks the provider that made the answer, if this route still has it.
    async fn at_provider(
        &self,
        exchange: &Exchange,
        provider: &str,
        id: &str,
        what: What,
    ) -> Result<HttpResponse, GatewayError> {
        let mut present = self.refs.present(&exchange.snapshot);
        let provider = present.find(|it| *it.id == *provider).ok_or_else(|| not_found(id))?;
        let Transport::Http(http) = &provider.transport else { return Err(not_found(id)) };
        exchange.account.set_provider(std::sync::Arc::clone(&provider.id));
        self.forward(exchange, http, id, what).await
    }

    async fn forward(
        &self,
        exchange: &Exchange,
        http: &Http,
        id: &str,
        what: What,
    ) -> Result<HttpResponse, GatewayError> {
        let query: Vec<&str> = pairs(exchange)
            .filter(|pair| QUERY.contains(&pair.split('=').next().unwrap_or_default()))
            .collect();
        let streams = what == What::Read && query.contains(&"stream=true");
        let (method, below) = match what {
            What::Read => (Method::GET, ""),
            What::Delete => (Method::DELETE, ""),
            What::Cancel => (Method::POST, "/cancel"),
            What::InputItems => (Method::GET, "/input_items"),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let rest = format!("{below}{mark}{}", query.join("&"));
        let none = || GatewayError::new(Code::Internal, "the provider has no address");
        let account = http.account().ok_or_else(none)?;
        let deadlines = if streams { http.timeouts.streamed() } else { http.timeouts.whole() };
        let call = account.call(&Operation::Stored { id, rest: &rest }, deadlines)?.method(method);
        let accept = if streams { "text/event-stream" } else { "application/json" };
        let mut call = headers::request(exchange, call, accept);
        account.authorize(&exchange.worker, &mut call).await?;
        let sent = exchange.worker.upstream.send(call, &exchange.account).await;
        let answer = sent.map_err(|error| error.to_gateway())?;
        let status = check_head(answer.status, &answer.headers)?;
        let head = told(&answer.headers);
        let kind = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let codec = self.form.codec();
        let error = |status, body| provider_error(codec, status, body, Some(account));
        if status.is_success() && kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
            let pass = Box::new(Relayed::new(*codec, None));
            let (dialect, kind) = (self.form.dialect(), "text/event-stream");
            let begun = stream::answer(exchange, dialect, pass, answer.body, kind, 0).await?;
            return Ok(match begun {
                stream::Begun::Response(response) => with(response, head),
                stream::Begun::Error(status, data) => with(error(status, data), head),
            });
        }
        let body = gather(exchange, answer).await?;
        if !status.is_success() {
            return Ok(with(error(status, body), head));
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
