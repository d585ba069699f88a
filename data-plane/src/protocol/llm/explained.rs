//! Who would be asked, and how, when nobody is.

use std::rc::Rc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use sanmon_shared::explain::{
    ExplainedError, ExplainedTarget, ExplainedWay, Explanation, OtherTarget,
};
use sanmon_shared::resources;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::json::{Members, Object};

use super::asked::Asking;
use super::model::Wanted;
use super::request::{Request, Way};
use super::{Fronted, body};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::prompts;
use crate::protocol::refs::Refs;
use crate::target::{Ask, Candidate, Course, passed_over};

/// Targets that are told of.
const MOST: usize = 64;

/// Tells whom a request of `front`'s protocol would be put to.
pub(crate) fn explain(
    exchange: &Rc<Exchange>,
    front: Fronted,
    refs: &Refs<resources::Provider>,
    to: &mut Explanation,
) -> Result<(), GatewayError> {
    let (body, members) = self::body(exchange)?;
    let object = Object::new(&body, members.clone());
    let asking = Asking::of(exchange, refs, front.shape(), &object)?;
    let request = Request::new(exchange, front, refs, body.clone(), members, asking);
    let wanted = &request.asking.wanted;
    let ask = Ask { exchange, model: wanted.model.as_deref(), object: &object };
    targets(&ask, wanted, to, |candidate, target| way(&request, candidate, target));
    Ok(())
}

/// The body, which is all there.
pub(crate) fn body(exchange: &Exchange) -> Result<(Bytes, Members), GatewayError> {
    let read = body::read(exchange).now_or_never();
    read.unwrap_or_else(|| Err(GatewayError::new(Code::Internal, "the body is not there")))
}

/// Tells of the candidates in their order, each as `tell` has it, and of those who are none.
pub(crate) fn targets(
    ask: &Ask<'_>,
    wanted: &Wanted,
    to: &mut Explanation,
    tell: impl Fn(&Candidate, &mut ExplainedTarget) -> Result<(), GatewayError>,
) {
    to.provider = Some(wanted.named.id.to_string());
    to.model = wanted.model.as_deref().map(str::to_owned);
    let mut course = Course::of(ask, &wanted.named);
    for pool in course.unsettled() {
        to.notes.push(format!(
            "{:?} puts chats to its targets in the order in which these are like what is asked, which \
             nobody was asked to embed here: this is its order where that cannot be told",
            pool.id
        ));
    }
    while let Some(candidate) = course.next().filter(|_| to.targets.len() < MOST) {
        let mut target = ExplainedTarget {
            provider: candidate.provider.id.to_string(),
            name: candidate.name.to_string(),
            credential: candidate.account,
            model: None,
            way: None,
            format: None,
            losses: Vec::new(),
            refused: None,
            // Only the control plane has heard of that.
            out_on: Vec::new(),
        };
        target.refused = tell(&candidate, &mut target).err().map(|error| refused(&error));
        to.targets.push(target);
    }
    let over = passed_over(ask, &wanted.named).into_iter().take(MOST);
    to.other_targets =
        over.map(|(name, reason)| OtherTarget { name: name.to_string(), reason }).collect();
    if let (true, Some(held)) = (to.targets.is_empty(), &wanted.named.held) {
        let reason = format!("an operator holds it back: {held}");
        to.other_targets.push(OtherTarget { name: wanted.named.id.to_string(), reason });
    }
}

/// How a request travels to a candidate.
fn way(
    request: &Request,
    candidate: &Candidate,
    target: &mut ExplainedTarget,
) -> Result<(), GatewayError> {
    let (exchange, front) = (&request.exchange, &request.front);
    let chosen = request.asking.wanted.chosen(exchange, candidate)?;
    target.model = chosen.model.as_deref().map(str::to_owned);
    match request.way(candidate, &chosen, false)? {
        Way::Native(prepared) => {
            target.way = Some(ExplainedWay::Native);
            target.format = Some(front.codec().format().name().to_owned());
            target.losses = losses(&prepared.losses);
        }
        Way::Translated(mut translating, _) => {
            let format = translating.codec.format();
            target.way = Some(ExplainedWay::Translated);
            target.format = Some(format.name().to_owned());
            front.prepare(exchange, format, &mut translating.request)?;
            prompts::surround(&mut translating.request, exchange);
            translating.complete(exchange)?;
            target.losses = losses(&translating.written()?.losses);
        }
    }
    Ok(())
}

/// As the header `x-sanmon-fidelity` tells them.
pub(crate) fn losses(losses: &Losses) -> Vec<String> {
    losses.iter().map(|loss| format!("{}: {}", loss.field, loss.note)).collect()
}

/// An error as its caller would see it.
pub(crate) fn refused(error: &GatewayError) -> ExplainedError {
    ExplainedError {
        status: error.code.status().as_u16(),
        code: error.code.as_str().to_owned(),
        message: error.message.clone().into_owned(),
    }
}
