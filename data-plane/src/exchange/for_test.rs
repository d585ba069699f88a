use std::sync::Arc;

use actix_web::test::TestRequest;
use sanmon_shared::Head;
use sanmon_shared::clock::Clock;

use super::Exchange;
use crate::snapshot::{Matched, Snapshot};

impl Exchange {
    /// An exchange as a plugin meets it, in an empty configuration, on a route without anything.
    /// Tests set the members that they are about.
    pub(crate) fn for_test(request: TestRequest) -> Self {
        let snapshot = Arc::new(Snapshot::empty(Head::empty("test")));
        let matched = Matched::for_test(serde_json::json!({"id": "route_test"}));
        Self::dry(request.to_http_parts(), snapshot, matched, &Clock::manual(0))
    }
}
