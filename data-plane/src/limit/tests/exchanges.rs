//! Requests with limits, as plugins leave them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::test::TestRequest;
use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::{CounterStore, Quota, Span};
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::task::Tasks;

use crate::exchange::{Account, Exchange, RequestId, Shared, Tokens};
use crate::limit::{Limiter, Measure, Rule, Size, Subject};
use crate::limits::Limits;
use crate::snapshot::{Live, Snapshot};
use crate::telemetry::Metrics;
use crate::worker::Worker;

/// What the workers of a data plane share.
pub(super) fn plane(clock: Clock) -> Shared {
    let live = Arc::new(Live::new(Snapshot::empty(Head::empty("test"))));
    Shared::new(live, Limits::default(), TrustedProxies::default(), clock)
}

/// The same, counting together with others.
pub(super) fn sharing(store: Arc<dyn CounterStore>, tasks: &Tasks) -> Arc<Shared> {
    let mut shared = plane(Clock::manual(0));
    let metrics: &Arc<Metrics> = &shared.metrics;
    let limiter = Limiter::sharing(Clock::manual(0), metrics, store, tasks);
    shared.limiter = Arc::new(limiter);
    Arc::new(shared)
}

/// A request at a worker of this data plane, with an account of its own.
pub(super) fn exchange(shared: &Arc<Shared>) -> Exchange {
    let mut exchange = Exchange::for_test(TestRequest::default());
    exchange.worker = Rc::new(Worker::new(shared));
    exchange.at = shared.clock.millis();
    exchange.account = Account::open(
        &exchange.worker.telemetry,
        shared.enter().0,
        exchange.request.clone(),
        RequestId::new(0, 0),
        0,
        tokio::time::Instant::now(),
    );
    exchange
}

/// The same, subject to these rules.
pub(super) fn limited(shared: &Arc<Shared>, rules: &[(Arc<Rule>, Quota)]) -> Exchange {
    let mut exchange = exchange(shared);
    for (rule, quota) in rules {
        exchange.limits.add(rule, *quota);
    }
    exchange
}

pub(super) fn rule(id: &str, measure: Measure) -> Rule {
    Rule::new(id, measure, Subject::default())
}

pub(super) fn hourly(limit: u64) -> Quota {
    Quota { limit, span: Span::Window(Duration::from_hours(1)) }
}

/// A request of a model at the provider `p`.
pub(super) fn size(input_tokens: u64, max_output: Option<u64>) -> Size<'static> {
    Size { model: "m", provider: "p", input_tokens, max_output }
}

/// The exchange ends, having used so much.
#[expect(clippy::needless_pass_by_value, reason = "dropping it ends it")]
pub(super) fn ends(exchange: Exchange, provider: &str, input: u64, output: u64) {
    exchange.account.set_provider(provider.into());
    exchange.account.set_tokens(Tokens { input, output, ..Tokens::default() });
}
