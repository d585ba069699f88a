//! What is logged and counted of an exchange, gathered on its way.

use std::cell::{Cell, Ref, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use sanmon_wire::fidelity::Losses;
use tokio::time::Instant;

use super::meant::Meant;
use super::tried::{Tried, Tries};
use super::{Permit, RequestId};
use crate::error::{Code, GatewayError};
use crate::limit::{Reservation, Used};
use crate::telemetry::Telemetry;

/// What is logged and counted when an exchange ends, however it ends: the record goes out when its
/// last handle is dropped. Whoever answers as a stream keeps a handle in it.
#[derive(Clone)]
pub struct Account(Rc<Record>);

/// The most bytes that are logged of what is asked.
const LOGGED: usize = 8 * 1024;

/// Tokens as the provider counted them, details included in the sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All input tokens.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Input tokens that were read from the provider's cache.
    pub cache_read: u64,
    /// Input tokens that were written to the provider's cache.
    pub cache_write: u64,
    /// Output tokens that were spent on reasoning.
    pub reasoning: u64,
    /// Not counted by the provider but guessed by the gateway.
    pub estimated: bool,
}

/// Everything that is known of an exchange.
pub(crate) struct Record {
    telemetry: Rc<Telemetry>,
    /// Held as long as the exchange goes on, streams included.
    _permit: Permit,
    pub(crate) request: HttpRequest,
    pub(crate) request_id: RequestId,
    pub(crate) began: Instant,
    pub(crate) revision: u64,
    pub(crate) client: Cell<Option<IpAddr>>,
    pub(crate) route: RefCell<Option<Arc<str>>>,
    pub(crate) key: RefCell<Option<Arc<str>>>,
    pub(crate) consumer: RefCell<Option<Arc<str>>>,
    pub(crate) asked: RefCell<Option<Box<str>>>,
    pub(crate) provider: RefCell<Option<Arc<str>>>,
    pub(crate) model: RefCell<Option<Rc<str>>>,
    /// 0 until there is an answer.
    pub(crate) status: Cell<u16>,
    pub(crate) code: Cell<Option<Code>>,
    pub(crate) detail: RefCell<Option<String>>,
    pub(crate) bytes_in: Cell<u64>,
    pub(crate) bytes_out: Cell<u64>,
    pub(crate) tokens: Cell<Option<Tokens>>,
    pub(crate) fidelity: RefCell<Option<Box<str>>>,
    pub(crate) answer_fidelity: RefCell<Option<Box<str>>>,
    /// Calls of upstreams.
    pub(crate) attempts: Cell<u32>,
    /// Attempts at an answer of a model.
    pub(crate) tries: RefCell<Tries>,
    /// What targets were chosen by, where that was what is asked.
    pub(crate) meant: RefCell<Vec<Meant>>,
    pub(crate) upstream: Cell<Duration>,
    upstream_began: Cell<Option<Instant>>,
    pub(crate) first_byte: Cell<Option<Instant>>,
    pub(crate) first_token: Cell<Option<Instant>>,
    pub(crate) streamed: Cell<bool>,
    pub(crate) complete: Cell<bool>,
    pub(crate) cut: Cell<bool>,
    /// What is to be settled of its limits.
    reservation: RefCell<Option<Box<Reservation>>>,
}

impl Account {
    /// Of a request that has just come in.
    pub(crate) fn open(
        telemetry: &Rc<Telemetry>,
        permit: Permit,
        request: HttpRequest,
        request_id: RequestId,
        revision: u64,
        began: Instant,
    ) -> Self {
        Self(Rc::new(Record {
            telemetry: Rc::clone(telemetry),
            _permit: permit,
            request,
            request_id,
            began,
            revision,
            client: Cell::default(),
            route: RefCell::default(),
            key: RefCell::default(),
            consumer: RefCell::default(),
            asked: RefCell::default(),
            provider: RefCell::default(),
            model: RefCell::default(),
            status: Cell::default(),
            code: Cell::default(),
            detail: RefCell::default(),
            bytes_in: Cell::default(),
            bytes_out: Cell::default(),
            tokens: Cell::default(),
            fidelity: RefCell::default(),
            answer_fidelity: RefCell::default(),
            attempts: Cell::default(),
            tries: RefCell::default(),
            meant: RefCell::default(),
            upstream: Cell::default(),
            upstream_began: Cell::default(),
            first_byte: Cell::default(),
            first_token: Cell::default(),
            streamed: Cell::default(),
            complete: Cell::default(),
            cut: Cell::default(),
            reservation: RefCell::default(),
        }))
    }

    /// The caller's address.
    pub(crate) fn set_client(&self, client: IpAddr) {
        self.0.client.set(Some(client));
    }

    /// The route: its id.
    pub(crate) fn set_route(&self, route: Arc<str>) {
        *self.0.route.borrow_mut() = Some(route);
    }

    /// The model that was asked for, as the provider calls it; empty when nobody named one.
    pub fn model(&self) -> Ref<'_, str> {
        Ref::map(self.0.model.borrow(), |model| model.as_deref().unwrap_or_default())
    }

    /// The model that was asked for, as the provider calls it.
    pub fn set_model(&self, model: Rc<str>) {
        *self.0.model.borrow_mut() = Some(model);
    }

    /// The provider that answers, or is tried last: its id.
    pub fn set_provider(&self, provider: Arc<str>) {
        *self.0.provider.borrow_mut() = Some(provider);
    }

    /// The key of the caller: its id.
    pub fn set_key(&self, key: Arc<str>) {
        *self.0.key.borrow_mut() = Some(key);
    }

    /// What is asked, as JSON: the beginning of it is logged.
    pub fn set_asked(&self, json: &[u8]) {
        let text = String::from_utf8_lossy(json.get(..LOGGED).unwrap_or(json));
        *self.0.asked.borrow_mut() = Some(text.into());
    }

    /// The consumer whose key it is: its id.
    pub fn set_consumer(&self, consumer: Arc<str>) {
        *self.0.consumer.borrow_mut() = Some(consumer);
    }

    /// The tokens of the whole exchange.
    pub fn set_tokens(&self, tokens: Tokens) {
        self.0.tokens.set(Some(tokens));
    }

    /// What of the request could not be said to the provider.
    pub fn set_fidelity(&self, losses: &Losses) {
        if !losses.is_empty() {
            *self.0.fidelity.borrow_mut() = Some(losses.header().into());
        }
    }

    /// What of the answer could not be said to the caller.
    pub fn set_answer_fidelity(&self, losses: &Losses) {
        if !losses.is_empty() {
            *self.0.answer_fidelity.borrow_mut() = Some(losses.header().into());
        }
    }

    /// The answer is a stream of events.
    pub fn set_streamed(&self) {
        self.0.streamed.set(true);
    }

    /// The first piece of content leaves; later calls say nothing.
    pub fn first_token(&self, now: Instant) {
        if self.0.first_token.get().is_none() {
            self.0.first_token.set(Some(now));
        }
    }

    /// An attempt begins; its place among all of them.
    pub(crate) fn tries(&self, tried: Tried) -> usize {
        self.0.tries.borrow_mut().push(tried)
    }

    /// Something more is known of the attempt at this place.
    pub(crate) fn tried(&self, at: usize, note: impl FnOnce(&mut Tried)) {
        if let Some(tried) = self.0.tries.borrow_mut().get_mut(at) {
            note(tried);
        }
    }

    /// Whether no attempt began after the one at this place.
    pub(crate) fn is_last(&self, at: usize) -> bool {
        self.0.tries.borrow().count() == at + 1
    }

    /// A target was chosen by what is asked.
    pub(crate) fn meant(&self, meant: Meant) {
        self.0.meant.borrow_mut().push(meant);
    }

    /// The attempt at this place is the one that is answered with.
    pub(crate) fn answered_by(&self, at: usize) {
        let mut tries = self.0.tries.borrow_mut();
        let Some(tried) = tries.get_mut(at) else { return };
        *self.0.provider.borrow_mut() = Some(Arc::clone(&tried.provider));
        self.0.model.borrow_mut().clone_from(&tried.model);
    }

    /// The exchange took this of its limits.
    pub(crate) fn reserved(&self, reservation: Reservation) {
        *self.0.reservation.borrow_mut() = Some(Box::new(reservation));
    }

    /// The exchange ends with this error, as its answer or in the midst of it.
    pub fn failed(&self, error: &GatewayError) {
        self.0.code.set(Some(error.code));
        self.0.detail.borrow_mut().clone_from(&error.detail);
    }

    /// The same of a stream that had begun.
    pub fn failed_in_stream(&self, error: &GatewayError) {
        self.failed(error);
        self.0.cut.set(true);
    }

    /// A call of an upstream begins.
    pub fn upstream_began(&self, at: Instant) {
        self.0.attempts.set(self.0.attempts.get() + 1);
        self.upstream_again(at);
    }

    /// The upstream has answered, or the rest of its answer is here. Time until then is not the
    /// gateway's own.
    pub fn upstream_ended(&self, at: Instant) {
        if let Some(began) = self.0.upstream_began.take() {
            self.0.upstream.set(self.0.upstream.get() + at.duration_since(began));
        }
    }

    /// Waiting for the upstream goes on: for the rest of its answer. Where two are waited for at once,
    /// time is counted once.
    pub fn upstream_again(&self, at: Instant) {
        let waiting = self.0.upstream_began.take();
        self.0.upstream_began.set(Some(waiting.unwrap_or(at)));
    }

    pub(crate) fn record(&self) -> &Record {
        &self.0
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(began) = self.upstream_began.take() {
            self.upstream.set(self.upstream.get() + began.elapsed());
        }
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(Used {
                tokens: self.tokens.get(),
                provider: self.provider.borrow().as_deref().unwrap_or_default(),
                abandoned: self.attempts.get() > 0
                    && !self.complete.get()
                    && self.code.get().is_none(),
            });
        }
        let telemetry = Rc::clone(&self.telemetry);
        telemetry.ended(self);
    }
}
