//! How many tokens a conversation is: as the provider counts them, where it does so in the caller's
//! format, and guessed elsewhere.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use sanmon_shared::resources;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::json::Object;

use super::answer::{refused, with};
use super::asked::Asking;
use super::draft::Draft;
use super::reply::{self, Reply, ReplyBody};
use super::translating::bad;
use super::{Front, body, headers};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::protocol::refs::Refs;
use crate::target::{Ask, Course};

/// Answers a request for a count.
pub(crate) async fn count(
    exchange: &Exchange,
    front: &dyn Front,
    refs: &Refs<resources::Provider>,
) -> Result<HttpResponse, GatewayError> {
    let (body, members) = body::read(exchange).await?;
    let object = Object::new(&body, members);
    let wanted = Asking::of(exchange, refs, front.shape(), &object)?.wanted;
    // Counting is a request, and uses no tokens.
    limit::reserve(exchange, &Size::default()).await?;
    let model = wanted.model.as_deref();
    // Whoever would be asked first counts.
    let candidate = Course::of(&Ask { exchange, model, object: &object }, &wanted.named).next();
    if let Some(candidate) = candidate {
        let chosen = wanted.chosen(exchange, &candidate)?;
        exchange.account.set_provider(Arc::clone(&candidate.provider.id));
        let model = chosen.model.as_deref().unwrap_or_default();
        if let Some(model) = &chosen.model {
            exchange.account.set_model(Rc::clone(model));
        }
        let own = candidate.provider.codec(front.codec().format(), Some(model));
        if own.is_some_and(|codec| codec.format() == front.codec().format()) && front.passes(&body)
        {
            let mut draft = Draft::of(&object);
            chosen.write(&mut draft)?;
            let written = draft.finish(&body);
            if let Some(reply) = reply::count(exchange, front, &candidate, model, written).await? {
                return counted(front, reply);
            }
        }
    }
    let request = front.codec().decode_request(&body).map_err(|error| bad(&error))?;
    let tokens = request.estimated_tokens();
    let mut losses = Losses::default();
    losses.approximated("input_tokens", "guessed from the length of the texts");
    let mut response = HttpResponse::Ok()
        .content_type("application/json")
        .body(format!("{{\"input_tokens\":{tokens}}}"));
    headers::fidelity(&losses, response.headers_mut());
    exchange.account.set_fidelity(&losses);
    Ok(response)
}

/// What the provider says, as it says it.
fn counted(front: &dyn Front, reply: Reply<'_>) -> Result<HttpResponse, GatewayError> {
    let Reply { status, head, body, account } = reply;
    let ReplyBody::Whole(body) = body else {
        return Err(GatewayError::new(Code::Internal, "nobody asked for a stream"));
    };
    if !status.is_success() {
        let codec = front.codec();
        return refused(codec, status.as_u16(), body, account, &head).answer();
    }
    Ok(with(HttpResponse::build(status).content_type("application/json").body(body), head))
}
