use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::test::TestRequest;
use sanmon_shared::Head;
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
    /// An exchange as a plugin meets it, in an empty configuration, on a route without anything.
    /// Tests set the members that they are about.
    pub(crate) fn for_test(request: TestRequest) -> Self {
        let (request, payload) = request.to_http_parts();
        let snapshot = Arc::new(Snapshot::empty(Head::empty("test")));
        let live = Arc::new(Live::new(Snapshot::clone(&snapshot)));
        let shared = Arc::new(Shared::new(
            live,
            Limits::default(),
            TrustedProxies::default(),
            Clock::manual(0),
        ));
        let worker = Rc::new(Worker::new(&shared));
        let request_id = RequestId::new(0, 0);
        let account = Account::open(
            &worker.telemetry,
            shared.enter().0,
            request.clone(),
            request_id.clone(),
            0,
            Instant::now(),
        );
        Self {
            request,
            rewritten: None,
            forwarded_host: None,
            at: 0,
            payload: Cell::new(payload),
            given_back: Cell::new(None),
            request_id,
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure: false,
            snapshot,
            matched: Matched::for_test(serde_json::json!({"id": "route_test"})),
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
