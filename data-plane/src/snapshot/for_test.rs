//! Snapshots of documents, for tests of whatever reads them.

use std::sync::Arc;

use sanmon_shared::reference::Nowhere;
use sanmon_shared::{Change, Head, Kind};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{Matched, Route, Snapshot};
use crate::plugin::BuildContext;

/// Of tests that need neither secrets nor environment.
pub(crate) const CONTEXT: BuildContext<'static> =
    BuildContext { owner: "test", seal: None, elsewhere: &Nowhere, targets: None };

/// A change to `document`, or its deletion.
pub(crate) fn change(plural: &str, id: &str, document: Option<Value>) -> Change {
    let after = document.map(|document| Arc::from(to_raw_value(&document).unwrap()));
    Change { kind: Kind::named(plural), id: id.into(), before: None, after }
}

impl Snapshot {
    /// The configuration that consists of these documents, each of which builds.
    pub(crate) fn for_test(documents: &[(&str, Value)], context: &BuildContext<'_>) -> Arc<Self> {
        let mut edit = Arc::new(Self::empty(Head::empty("test"))).edit();
        for (plural, document) in documents {
            let id = document.get("id").or(document.get("clientId")).and_then(Value::as_str);
            edit.apply(&change(plural, id.unwrap(), Some(document.clone())), 1, context);
        }
        let (snapshot, refusals) = edit.finish(Head::empty("test"));
        assert_eq!(refusals, [], "a document does not build");
        Arc::new(snapshot)
    }
}

impl Matched {
    /// A match of the route in this document, by an empty prefix.
    pub(crate) fn for_test(document: Value) -> Self {
        let route = Route::build(&serde_json::from_value(document).unwrap(), &CONTEXT);
        let route = route.unwrap_or_else(|problems| panic!("{problems:?}"));
        Self {
            route: Arc::new(route),
            prefix: 0,
            preflight: false,
            open: false,
            stripped: 0,
            captures: None,
        }
    }
}
