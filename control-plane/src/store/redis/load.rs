//! Documents and change sets as they lie in Redis.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use sanmon_shared::store::{EntrySink, StoreError};
use sanmon_shared::{ChangeSet, Entry, Kind};
use serde_json::value::RawValue;

use super::connection::{Connection, Keys};

/// Documents that Redis is asked for at once: enough to outweigh the round trip, and a moment's
/// work for Redis.
const BATCH: usize = 2_000;

/// How long one batch may take.
const BATCH_PATIENCE: Duration = Duration::from_secs(30);

type Batch = (u64, Vec<String>);

/// The field of a document in the hash of documents. No plural has a slash.
pub(super) fn field(kind: &Kind, id: &str) -> String {
    format!("{kind}/{id}")
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} is not understood"))
}

fn entry(field: &str, value: &str, kind: &mut Kind) -> Result<Entry, StoreError> {
    let (plural, id) = field.split_once('/').ok_or_else(|| damaged(field))?;
    let (revision, document) = value.split_once(' ').ok_or_else(|| damaged(field))?;
    if kind.as_str() != plural {
        *kind = Kind::named(plural);
    }
    let document = RawValue::from_string(document.to_owned()).map_err(|_| damaged(field))?;
    Ok(Entry {
        kind: kind.clone(),
        id: Arc::from(id),
        revision: revision.parse().map_err(|_| damaged(field))?,
        document: Arc::from(document),
    })
}

/// Gives every document to `sink`; one may come twice. The next batch is on its way while one is
/// taken.
pub(super) async fn load(
    connection: &Connection,
    keys: &Keys,
    sink: EntrySink<'_>,
) -> Result<(), StoreError> {
    let batch = |cursor: u64| async move {
        let mut scan = redis::cmd("HSCAN");
        scan.arg(&keys.documents).arg(cursor).arg("COUNT").arg(BATCH);
        connection.query::<Batch>(&scan, BATCH_PATIENCE).await
    };
    let mut kind = Kind::named("");
    let mut take = |rows: Vec<String>| -> Result<(), StoreError> {
        for row in rows.chunks_exact(2) {
            if let [field, value] = row {
                sink(entry(field, value, &mut kind)?);
            }
        }
        Ok(())
    };
    let (mut cursor, mut rows) = batch(0).await?;
    while cursor != 0 {
        let mut next = Box::pin(batch(cursor));
        // Polled once, it is sent.
        let early = poll!(&mut next);
        take(std::mem::take(&mut rows))?;
        (cursor, rows) = match early {
            Poll::Ready(batch) => batch?,
            Poll::Pending => next.await?,
        };
    }
    take(rows)
}

/// A change set of the history: when and by which commit, a line feed, then JSON.
pub(super) fn set_of(text: &str) -> Result<Arc<ChangeSet>, StoreError> {
    let (_, json) = text.split_once('\n').ok_or_else(|| damaged("a change set"))?;
    serde_json::from_str(json).map(Arc::new).map_err(|_| damaged("a change set"))
}
