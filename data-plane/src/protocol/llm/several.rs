//! Requests that take a provider of another format several calls: completions of several prompts.

use actix_web::HttpResponse;
use sanmon_wire::canonical::Request;
use sanmon_wire::format::Asked;

use super::answer::{count, with};
use super::complete::{Completed, gather};
use super::translated::{told_error, whole};
use super::translating::{Translating, unsupported};
use super::{Failed, Front, Trial, headers};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;

/// More calls are not made for one request.
const MOST: usize = 32;

/// The requests that a provider of another format has to answer in place of this one; `None` where one
/// is enough.
pub(super) fn split(
    front: &dyn Front,
    translating: &mut Translating<'_>,
) -> Result<Option<Vec<Request>>, GatewayError> {
    if translating.codec.format() == front.codec().format() {
        return Ok(None);
    }
    let requests = front.split(&translating.request).map_err(|e| unsupported(&e))?;
    let Some(mut requests) = requests else { return Ok(None) };
    if requests.len() == 1
        && let Some(only) = requests.pop()
    {
        translating.request = Request { stream: translating.request.stream, ..only };
        return Ok(None);
    }
    if requests.len() > MOST {
        let text = format!("this provider takes {MOST} prompts in one request at most");
        return Err(GatewayError::new(Code::Unsupported, text).param("prompt"));
    }
    Ok(Some(requests))
}

/// Asks for one after the other, and answers with all of them as one. The first error is the answer.
pub(super) async fn answer(
    exchange: &Exchange,
    front: &dyn Front,
    mut translating: Translating<'_>,
    requests: Vec<Request>,
    asked: Asked,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let streams = translating.request.stream;
    let n = translating.request.n.unwrap_or(1);
    let mut answers = Vec::with_capacity(requests.len());
    let mut last = None;
    for request in requests {
        translating.request = request;
        let Completed { answer, head, losses, .. } =
            gather(exchange, Some(front), &mut translating, trial).await?;
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => return Err(told_error(exchange, front, error, &head)),
        }
        last = Some((head, losses));
    }
    let joined = front.join(answers, n);
    count(exchange, trial, joined.usage, translating.input_bytes, 0);
    let mut response = whole(exchange, front, joined, asked, streams);
    if let Some((head, losses)) = last {
        headers::fidelity(&losses, response.headers_mut());
        exchange.account.set_fidelity(&losses);
        response = with(response, head);
    }
    Ok(response)
}
