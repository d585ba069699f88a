use std::rc::Rc;

use actix_web::HttpResponse;
use bytes::Bytes;
use sanmon_wire::json::{Edits, Members, Object, Scanner};

use super::keeper::Keeping;
use super::record::{Record, owner};
use super::turn::Turn;
use super::{Responses, items, not_found, references};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::{self, Fronted, body};

impl Responses {
    /// `POST /responses`.
    pub(super) async fn create(
        &self,
        exchange: &Rc<Exchange>,
    ) -> Result<HttpResponse, GatewayError> {
        let (original, mut members) = body::read(exchange).await?;
        let mut body = original.clone();
        let (mut goes_on, mut bound) = (false, None);
        let object = Object::new(&original, members.clone());
        let store = body::flag(&object, "store")?.unwrap_or(true);
        let previous = body::text(&object, "previous_response_id")?;
        if let Some(previous) = previous.filter(|id| !id.is_empty()) {
            let record = self.previous(exchange, &previous).await?;
            bound = record.kept_by();
            if bound.is_none() {
                (body, members) = gone_on(&object, &record)?;
                goes_on = true;
            }
        } else if self.kept.is_none() && store {
            // Nobody could come back to it.
            let mut edits = Edits::default();
            match body::get(&object, "store")? {
                Some(own) => edits.replace(own.index, b"false".as_slice()),
                None => edits.insert("store", b"false".as_slice()),
            }
            (body, members) = scanned(edits.apply(&object))?;
        }
        if self.kept.is_some()
            && bound.is_none()
            && let Some(whole) =
                references::resolved(exchange, &Object::new(&body, members.clone())).await?
        {
            (body, members) = whole;
            goes_on = true;
        }
        let keeping = self.kept.filter(|_| store).map(|kept| Keeping::of(exchange, kept));
        let form = self.form;
        let turn = Turn { form, original, body: body.clone(), goes_on, bound, keeping };
        let front = Fronted::Made(Rc::new(turn));
        llm::answer_body(exchange, front, &self.refs, body, members).await
    }

    /// The answer that a request goes on from.
    async fn previous(
        &self,
        exchange: &Exchange,
        id: &str,
    ) -> Result<std::sync::Arc<Record>, GatewayError> {
        let blame = |error: GatewayError| error.param("previous_response_id");
        if self.kept.is_none() {
            let text = "no answers are kept here: send the whole conversation as \"input\"";
            return Err(blame(GatewayError::new(Code::Unsupported, text)));
        }
        let found = exchange.worker.answers.get(id, &owner(exchange), exchange.at).await?;
        found.ok_or_else(|| blame(not_found(id)))
    }
}

/// The body with everything that was said before.
fn gone_on(object: &Object<'_>, record: &Record) -> Result<(Bytes, Members), GatewayError> {
    let answer = record.response.as_ref().map(|answer| answer.text().as_bytes());
    let answer = answer.and_then(|text| Object::scan(text).ok());
    let output = answer.as_ref().and_then(|answer| answer.first("output"));
    let before = record.input.as_ref().map_or("[]", |input| input.text());
    let own = body::present(object, "input")?;
    // A text becomes an item beside the others. Its id is made anew when the answer is kept.
    let now = own
        .filter(|own| own.raw.starts_with(b"\""))
        .map(|own| [br#"[{"type":"message","role":"user","content":"#, own.raw, b"}]"].concat());
    let now = now.as_deref().or(own.map(|own| own.raw)).unwrap_or(b"[]");
    let output = output.map_or(b"[]".as_slice(), |output| output.raw);
    let input = items::joined([before.as_bytes(), output, now]);
    let mut edits = Edits::default();
    match body::get(object, "input")? {
        Some(own) => edits.replace(own.index, input),
        None => edits.insert("input", input),
    }
    if let Some(previous) = body::get(object, "previous_response_id")? {
        edits.remove(previous.index);
    }
    scanned(edits.apply(object))
}

pub(super) fn scanned(body: Vec<u8>) -> Result<(Bytes, Members), GatewayError> {
    let members = Scanner::scan(&body).map_err(|error| {
        GatewayError::new(Code::Internal, "a body cannot be read any more")
            .detail(error.to_string())
    })?;
    Ok((body.into(), members))
}
