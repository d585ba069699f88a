//! A caller's request, from which each attempt is made anew.

use std::cell::RefCell;
use std::rc::Rc;

use actix_web::HttpResponse;
use bytes::Bytes;
use sanmon_shared::resources;
use sanmon_wire::json::{Json, Members, Object};

use super::answer::BYTES_PER_TOKEN;
use super::asked::Asking;
use super::front::Fronted;
use super::model::Chosen;
use super::native::{self, Prepared};
use super::translating::{Translating, bad, no_chats};
use super::whom::Whom;
use super::{Failed, Front, Trial, attempts, translated};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::prompts;
use crate::protocol::refs::Refs;
use crate::provider::{Fidelity, ParameterPolicy, Provider, TimeoutOverrides};
use crate::target::{Candidate, Course};

/// A request as its caller means it. It holds all that it needs: its answer may be sought while the head
/// of a stream has gone out already.
pub(crate) struct Request {
    pub(super) exchange: Rc<Exchange>,
    pub(super) front: Fronted,
    /// Empty once no attempt can follow.
    body: RefCell<Bytes>,
    members: Members,
    pub(super) asking: Asking,
    /// What the route says of losses, and of times.
    fidelity: Fidelity,
    timeouts: TimeoutOverrides,
}

/// How a request travels.
pub(super) enum Way<'c> {
    /// As it is.
    Native(Prepared<'c>),
    /// In another format; with what its answer repeats.
    Translated(Box<Translating<'c>>, Option<Json>),
}

impl Request {
    pub(super) fn new(
        exchange: &Rc<Exchange>,
        front: Fronted,
        refs: &Refs<resources::Provider>,
        body: Bytes,
        members: Members,
        asking: Asking,
    ) -> Self {
        Self {
            exchange: Rc::clone(exchange),
            front,
            body: RefCell::new(body),
            members,
            asking,
            fidelity: refs.fidelity,
            timeouts: refs.timeouts,
        }
    }

    /// Puts it to the candidates of `course`.
    pub(super) async fn answer(self, course: Course) -> Result<HttpResponse, Box<Failed>> {
        let single = course.is_single();
        let attempt = async |candidate: &Candidate, trial: &mut Trial| {
            let chosen = self.asking.wanted.chosen(&self.exchange, candidate)?;
            trial.asks_for(chosen.model.as_ref());
            let way = self.way(candidate, &chosen, single)?;
            limit::reserve(&self.exchange, &self.size(candidate, &chosen)).await?;
            if single {
                drop(self.body.take());
            }
            match way {
                Way::Native(prepared) => native::answer(&self, prepared, trial).await,
                // Apart, so that what passes through stays small.
                Way::Translated(translating, echo) => {
                    Box::pin(translated::answer(&self, *translating, echo, trial)).await
                }
            }
        };
        attempts::run(&self.exchange, course, attempt).await
    }

    /// What it may use.
    fn size<'a>(&self, candidate: &'a Candidate, chosen: &'a Chosen<'_>) -> Size<'a> {
        Size {
            model: chosen.model.as_deref().unwrap_or_default(),
            provider: &candidate.provider.id,
            input_tokens: self.asking.input_bytes.div_ceil(BYTES_PER_TOKEN),
            max_output: self.asking.max_output,
        }
    }

    /// How it travels to a candidate. `single`: there is no other.
    pub(super) fn way<'c>(
        &self,
        candidate: &'c Candidate,
        chosen: &Chosen<'_>,
        single: bool,
    ) -> Result<Way<'c>, GatewayError> {
        let (exchange, front) = (&*self.exchange, &*self.front);
        let provider = &candidate.provider;
        let body = self.body.borrow();
        let model = chosen.model.as_deref();
        let codec = provider.codec(front.codec().format(), model).ok_or_else(no_chats)?;
        let same = codec.format() == front.codec().format();
        let whom = Whom { candidate, timeouts: candidate.timeouts.with(&self.timeouts), single };
        if same && passes(exchange, front, provider) && front.passes(&body) {
            let object = Object::new(&body, self.members.clone());
            return Ok(Way::Native(Prepared::of(self, &body, &object, chosen, whom)?));
        }
        let mut request = front.codec().decode_request(&body).map_err(|e| bad(&e))?;
        request.stream = self.asking.streams;
        prompts::rewrite(&mut request, exchange, &body)?;
        if self.asking.wanted.names_provider() {
            request.extras.retain(|extra| extra.name != "provider");
        }
        let echo = front.echo(&body, &request);
        let translating = Translating {
            whom,
            codec,
            model: model.unwrap_or_default().to_owned(),
            request,
            input_bytes: self.asking.input_bytes,
            strict: [provider.fidelity, self.fidelity].contains(&Fidelity::Strict),
        };
        Ok(Way::Translated(Box::new(translating), echo))
    }
}

/// Whether a request can go to a provider that speaks its format as it is: nothing of the conversation
/// changes, and the provider's options are in the words of this format.
fn passes(exchange: &Exchange, front: &dyn Front, provider: &Provider) -> bool {
    exchange.prompts.is_empty()
        && !front.always_translates()
        && provider.parameters != ParameterPolicy::Error
        && provider.options_fit(front.codec().format())
}
