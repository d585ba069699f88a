//! What one worker of the server has for itself: nothing here is shared, nothing is locked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use ring::rand::{SecureRandom as _, SystemRandom};
use sanmon_shared::clock::Clock;
use sanmon_shared::proxies::TrustedProxies;

use crate::exchange::{RequestId, Shared};
use crate::forward::Turns;
use crate::limit::{Limiter, Recent};
use crate::limits::Limits;
use crate::protocol::llm::Memory;
use crate::protocol::openai::ModelLists;
use crate::protocol::responses::Answers;
use crate::provider::Tokens;
use crate::stream::Cutoff;
use crate::telemetry::Telemetry;
use crate::upstream::Upstream;

/// Upstream connections, limits, metrics and log buffer of one worker.
pub struct Worker {
    /// Opens connections, and keeps them.
    pub upstream: Upstream,
    /// What callers and upstreams may cost.
    pub limits: Limits,
    /// Whose word counts about callers.
    pub(crate) proxies: TrustedProxies,
    /// Tells streams to end.
    pub(crate) cutoff: Rc<Cutoff>,
    /// Which target's turn it is.
    pub(crate) turns: Turns,
    /// What time it is.
    pub(crate) clock: Clock,
    /// The tokens of providers that were fetched.
    pub(crate) tokens: Tokens,
    /// The models that providers told of.
    pub(crate) model_lists: ModelLists,
    /// Reasoning that callers cannot carry; that of all workers.
    pub(crate) memory: Memory,
    /// Answers that callers may come back to.
    pub(crate) answers: Arc<Answers>,
    /// What callers have used of their limits; that of all workers.
    pub(crate) limiter: Arc<Limiter>,
    /// The counters that this worker used last.
    pub(crate) counters: Recent,
    /// Where accounts go.
    pub(crate) telemetry: Rc<Telemetry>,
    /// Random: the first half of the request ids that this worker makes.
    seed: u64,
    requests: Cell<u64>,
    /// The header of the revision that was served last.
    revision: RefCell<(u64, HeaderValue)>,
}

impl Worker {
    pub(crate) fn new(shared: &Shared) -> Self {
        let mut seed = [0; 8];
        if SystemRandom::new().fill(&mut seed).is_err() {
            tracing::warn!("the operating system gives no randomness: request ids may repeat");
        }
        Self {
            upstream: Upstream::default(),
            limits: shared.limits,
            proxies: shared.proxies.clone(),
            cutoff: Rc::default(),
            turns: Turns::default(),
            telemetry: Rc::new(Telemetry::new(
                &shared.metrics,
                shared.log.clone(),
                shared.clock.clone(),
            )),
            clock: shared.clock.clone(),
            tokens: Tokens::default(),
            model_lists: ModelLists::default(),
            answers: Arc::clone(&shared.answers),
            limiter: Arc::clone(&shared.limiter),
            counters: Recent::default(),
            memory: shared.memory.clone(),
            seed: u64::from_ne_bytes(seed),
            requests: Cell::new(0),
            revision: RefCell::new((0, HeaderValue::from(0_u64))),
        }
    }

    /// A request id that no other request has.
    pub(crate) fn request_id(&self) -> RequestId {
        let count = self.requests.get().wrapping_add(1);
        self.requests.set(count);
        RequestId::new(self.seed, count)
    }

    /// A revision as a header; the same one for as long as it is served.
    pub(crate) fn revision_header(&self, revision: u64) -> HeaderValue {
        let mut last = self.revision.borrow_mut();
        if last.0 != revision {
            *last = (revision, HeaderValue::from(revision));
        }
        last.1.clone()
    }
}
