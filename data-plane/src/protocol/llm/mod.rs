//! One call of a model, whatever the client speaks and whatever the provider does. A protocol is a
//! [`Front`]; a request is put to one candidate after the other until one answers (`attempts`), and each
//! time made anew ([`Request`]): where the candidate speaks the caller's format the bytes pass through
//! (`native`), elsewhere requests and answers are translated (`translated`).

pub(crate) mod answer;
mod asked;
pub(crate) mod attempts;
pub(crate) mod body;
mod complete;
mod count;
pub(crate) mod draft;
pub(crate) mod explained;
mod failed;
mod fetch;
mod front;
pub(crate) mod headers;
mod hedge;
mod memory;
pub(crate) mod model;
mod native;
mod patience;
pub(crate) mod pieces;
mod reply;
mod request;
pub(crate) mod semantic;
mod several;
pub(crate) mod stream;
mod translated;
mod translating;
mod trial;
mod wait;
mod whom;

use std::rc::Rc;

use actix_web::HttpResponse;
use bytes::Bytes;
use sanmon_shared::resources;
use sanmon_wire::json::{Members, Object};

pub(crate) use complete::complete;
pub(crate) use count::count;
pub(crate) use explained::explain;
pub(crate) use failed::Failed;
pub(crate) use front::{Bound, Forwards, Front, Fronted, Shape, elsewhere};
pub(crate) use memory::Memory;
pub(crate) use patience::patient;
pub(crate) use translating::{bad, unsupported};
pub(crate) use trial::Trial;
pub(crate) use whom::Whom;

use self::asked::Asking;
use self::request::Request;
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::refs::Refs;
use crate::target::{Ask, Course};

/// Answers a request of `front`'s protocol from one of the providers.
pub(crate) async fn answer(
    exchange: &Rc<Exchange>,
    front: Fronted,
    refs: &Refs<resources::Provider>,
) -> Result<HttpResponse, GatewayError> {
    let (body, members) = body::read(exchange).await?;
    answer_body(exchange, front, refs, body, members).await
}

/// The same, the body having been read.
pub(crate) async fn answer_body(
    exchange: &Rc<Exchange>,
    front: Fronted,
    refs: &Refs<resources::Provider>,
    body: Bytes,
    members: Members,
) -> Result<HttpResponse, GatewayError> {
    let (asking, mut course) = {
        let object = Object::new(&body, members.clone());
        let asking = Asking::of(exchange, refs, front.shape(), &object)?;
        let model = asking.wanted.model.as_deref();
        let ask = Ask { exchange, model, object: &object };
        let course = match front.bound() {
            None => Course::of(&ask, &asking.wanted.named),
            Some(Bound { provider, credential }) => {
                let bound = Course::bound(&ask, &asking.wanted.named, provider, *credential);
                bound.ok_or_else(elsewhere)?
            }
        };
        (asking, course)
    };
    if course.is_by_meaning() {
        Box::pin(semantic::begin(exchange, &*front, &body, &mut course)).await;
    }
    let streams = asking.streams;
    let (dialect, codec) = (front.dialect(), front.codec());
    let request = Request::new(exchange, front, refs, body, members, asking);
    let answer = request.answer(course);
    if streams {
        // The head may have to go out before the answer is there, which then goes on on its own.
        return patient(exchange, dialect, codec, Box::pin(answer)).await;
    }
    answer.await.or_else(|failed| failed.answer())
}
