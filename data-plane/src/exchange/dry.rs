use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use sanmon_shared::clock::Clock;
use sanmon_shared::proxies::TrustedProxies;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::{Account, Exchange, RequestId, Shared};
use crate::limit::Claims;
use crate::limits::Limits;
use crate::snapshot::{Live, Matched, Snapshot};
use crate::worker::Worker;

impl Exchange {
    /// The caller of a request that nobody makes.
    pub(crate) const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// An exchange that nobody makes: it has a worker of its own, whose counts and connections nobody
    /// sees.
    pub(crate) fn dry(
        (request, payload): (HttpRequest, Payload),
        snapshot: Arc<Snapshot>,
        matched: Matched,
        clock: &Clock,
    ) -> Self {
        let live = Arc::new(Live::new(Snapshot::clone(&snapshot)));
        let proxies = TrustedProxies::default();
        let shared = Arc::new(Shared::new(live, Limits::default(), proxies, clock.clone()));
        let worker = Rc::new(Worker::new(&shared));
        let request_id = RequestId::new(0, 0);
        let account = Account::open(
            &worker.telemetry,
            shared.enter().0,
            request.clone(),
            request_id.clone(),
            snapshot.head.revision,
            Instant::now(),
        );
        Self {
            request,
            rewritten: None,
            forwarded_host: None,
            at: clock.millis(),
            payload: Cell::new(payload),
            given_back: Cell::new(None),
            request_id,
            client: Self::NOBODY,
            secure: false,
            snapshot,
            matched,
            key: None,
            consumer: None,
            claims: None,
            wiped: SmallVec::new(),
            limits: Claims::default(),
            prompts: SmallVec::new(),
            override_host: false,
            worker,
            account,
        }
    }
}
