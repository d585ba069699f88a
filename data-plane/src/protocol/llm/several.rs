//! Requests that take a provider of another format several calls: completions of several prompts.

use actix_web::HttpResponse;
use sanmon_wire::canonical::Request;
use sanmon_wire::format::Asked;

use super::Front;
use super::answer::{count, with};
use super::complete::{Completed, gather};
use super::headers;
use super::translated::{told_error, whole};
use super::translating::Translating;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;

/// More calls are not made for one request.
const MOST: usize = 32;

/// Asks for one after the other, and answers with all of them as one. The first error is the answer.
pub(super) async fn answer(
    exchange: &Exchange,
    front: &dyn Front,
    mut translating: Translating,
    requests: Vec<Request>,
    asked: Asked,
) -> Result<HttpResponse, GatewayError> {
    if requests.len() > MOST {
        let text = format!("this provider takes {MOST} prompts in one request at most");
        return Err(GatewayError::new(Code::Unsupported, text).param("prompt"));
    }
    let streams = translating.request.stream;
    let n = translating.request.n.unwrap_or(1);
    let mut answers = Vec::with_capacity(requests.len());
    let mut last = None;
    for request in requests {
        translating.request = request;
        let Completed { answer, head, losses } =
            gather(exchange, Some(front), &mut translating).await?;
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => return Ok(with(told_error(exchange, front, &error), head)),
        }
        last = Some((head, losses));
    }
    let joined = front.join(answers, n);
    count(&exchange.account, joined.usage, translating.input_bytes, 0);
    let mut response = whole(exchange, front, joined, asked, streams);
    if let Some((head, losses)) = last {
        headers::fidelity(&losses, response.headers_mut());
        exchange.account.set_fidelity(&losses);
        response = with(response, head);
    }
    Ok(response)
}
