//! Targets: which of several providers a request is put to, and which one next when that fails.
//!
//! A provider that a request names is a target itself, or a [`Pool`] of others; a [`Course`] is one
//! request's way through all of them. What is known of each target ([`State`]: breaker, latency,
//! attempts under way) is kept per provider, credential and model beside the snapshot, in a
//! [`Registry`], and is told by an [`Attempt`]. Calling is for [`crate::protocol`].

mod attempt;
mod breaker;
mod budget;
mod choice;
mod condition;
mod course;
mod document;
mod failure;
mod latency;
mod load;
mod model;
mod node;
mod pool;
mod probe;
mod reach;
mod registry;
mod report;
mod retry;
mod semantic;
mod state;
mod sticky;
mod summary;
mod window;

use std::sync::Arc;

use sanmon_wire::json::Object;
use tokio::time::Instant;

pub(crate) use attempt::Attempt;
pub(crate) use breaker::BreakerRules;
pub(crate) use choice::{Choice, Contender, HashOn, Picker, View};
pub(crate) use course::Course;
pub(crate) use document::{KIND, Resilience};
pub(crate) use failure::{Failure, FailureKind, Kinds};
pub(crate) use load::{Load, UnderWay};
pub(crate) use pool::{MemberConfig, Pool, PoolConfig, ProviderRef};
pub(crate) use probe::{ProbeRules, Probed, run as run_probes};
pub(crate) use reach::{passed_over, reached};
pub use registry::Registry;
pub(crate) use registry::alone;
pub(crate) use report::{Totals, report, totals};
pub(crate) use retry::{Retry, Retrying};
pub(crate) use semantic::{
    Embedder, Flight, Look, Order, Scores, Semantic, SemanticConfig, Vectors, asked,
    check_examples, check_threshold, check_total,
};
pub(crate) use state::{Health, State};

use crate::exchange::Exchange;
use crate::provider::{Provider, Timeouts};

/// One way to answer a request: a provider that calls somebody itself.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Who is called.
    pub(crate) provider: Arc<Provider>,
    /// As what its pool knows it; the provider's id where it is in none.
    pub(crate) name: Arc<str>,
    /// The model that is asked instead of what the caller named.
    pub(crate) model: Option<Box<str>>,
    /// Which credential of the provider.
    pub(crate) account: usize,
    /// How long the call may take.
    pub(crate) timeouts: Timeouts,
    /// When failures take it out.
    pub(crate) breaker: BreakerRules,
    /// What is known of provider, credential and model.
    pub(crate) state: Arc<State>,
    /// When it was chosen.
    pub(crate) chosen: Instant,
}

/// What choosing may look at.
pub(crate) struct Ask<'a> {
    /// The request.
    pub(crate) exchange: &'a Exchange,
    /// The model that the caller named.
    pub(crate) model: Option<&'a str>,
    /// The body.
    pub(crate) object: &'a Object<'a>,
}
