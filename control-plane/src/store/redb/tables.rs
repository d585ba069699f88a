//! What lies in the file, and the transactions over it. Everything here blocks.

use std::sync::Arc;

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase as _, ReadableTable as _,
    TableDefinition, TableError, WriteTransaction,
};
use sanmon_shared::store::Changes;
use sanmon_shared::{ChangeSet, Entry, Head, Kind};
use serde_json::value::RawValue;

use crate::store::history::{CHANGES_BYTES, Retention, follows};

/// `identity`, `head`, `format`.
const META: TableDefinition<&str, &str> = TableDefinition::new("meta");
/// Kind and id; the revision that wrote the document, and the document.
const DOCUMENTS: TableDefinition<(&str, &str), (u64, &str)> = TableDefinition::new("documents");
/// Revision; when it was committed, and its change set.
const HISTORY: TableDefinition<u64, (i64, &[u8])> = TableDefinition::new("history");

/// Of these tables.
const FORMAT: &str = "1";

/// Documents that a load hands over at once.
const LOAD_BATCH: usize = 512;

#[derive(Debug)]
pub(super) enum Error {
    Redb(redb::Error),
    Damaged(String),
}

impl<E: Into<redb::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

fn damaged(what: &str) -> impl Fn(serde_json::Error) -> Error + '_ {
    move |error| Error::Damaged(format!("{what}: {error}"))
}

/// What [`begin`] wrote, and the head; none in a new file.
pub(super) fn identity(database: &Database) -> Result<Option<(String, Head)>, Error> {
    let read = database.begin_read()?;
    let meta = match read.open_table(META) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        meta => meta?,
    };
    match meta.get("format")?.map(|format| format.value().to_owned()) {
        Some(format) if format == FORMAT => {}
        format => {
            let format = format.unwrap_or_default();
            return Err(Error::Damaged(format!("its tables have the unknown format {format:?}")));
        }
    }
    let identity = meta.get("identity")?.map(|identity| identity.value().to_owned());
    let identity = identity.ok_or_else(|| Error::Damaged("it has no identity".to_owned()))?;
    Ok(Some((identity, head_of(&meta)?)))
}

/// Writes the beginning of a lineage.
pub(super) fn begin(database: &Database, identity: &str, head: &Head) -> Result<(), Error> {
    let write = database.begin_write()?;
    {
        let mut meta = write.open_table(META)?;
        meta.insert("format", FORMAT)?;
        meta.insert("identity", identity)?;
        let head = serde_json::to_string(head).map_err(damaged("the head"))?;
        meta.insert("head", head.as_str())?;
        write.open_table(DOCUMENTS)?;
        write.open_table(HISTORY)?;
    }
    Ok(write.commit()?)
}

fn head_of(meta: &impl redb::ReadableTable<&'static str, &'static str>) -> Result<Head, Error> {
    let head = meta.get("head")?.ok_or_else(|| Error::Damaged("it has no head".to_owned()))?;
    serde_json::from_str(head.value()).map_err(damaged("the head"))
}

fn head_in(read: &ReadTransaction) -> Result<Head, Error> {
    head_of(&read.open_table(META)?)
}

/// Where it stands.
pub(super) fn head(database: &Database) -> Result<Head, Error> {
    head_in(&database.begin_read()?)
}

/// Hands over every document as of the returned head, until `take` has enough.
pub(super) fn load(
    database: &Database,
    mut take: impl FnMut(Vec<Entry>) -> bool,
) -> Result<Head, Error> {
    let read = database.begin_read()?;
    let head = head_in(&read)?;
    let documents = read.open_table(DOCUMENTS)?;
    let mut batch = Vec::with_capacity(LOAD_BATCH);
    let mut kind = Kind::named("");
    for row in documents.iter()? {
        let (key, value) = row?;
        let ((plural, id), (revision, document)) = (key.value(), value.value());
        if kind.as_str() != plural {
            kind = Kind::named(plural);
        }
        let document = RawValue::from_string(document.to_owned())
            .map_err(|e| Error::Damaged(format!("{plural}/{id}: {e}")))?;
        let document = Arc::from(document);
        batch.push(Entry { kind: kind.clone(), id: Arc::from(id), revision, document });
        if batch.len() == LOAD_BATCH && !take(std::mem::take(&mut batch)) {
            return Ok(head);
        }
    }
    take(batch);
    Ok(head)
}

/// The change sets after `after`.
pub(super) fn changes(database: &Database, after: &Head, limit: usize) -> Result<Changes, Error> {
    let read = database.begin_read()?;
    let head = head_in(&read)?;
    if after.lineage != head.lineage || after.revision > head.revision {
        return Ok(Changes::Gone);
    }
    let (mut sets, mut bytes) = (Vec::new(), 0);
    for row in read.open_table(HISTORY)?.range(after.revision + 1..)?.take(limit) {
        let (revision, value) = row?;
        let (_, json) = value.value();
        if sets.is_empty() && revision.value() != after.revision + 1 {
            return Ok(Changes::Gone);
        }
        bytes += json.len();
        if bytes > CHANGES_BYTES && !sets.is_empty() {
            break;
        }
        sets.push(Arc::new(serde_json::from_slice(json).map_err(damaged("a change set"))?));
    }
    if sets.is_empty() && limit > 0 && after.revision < head.revision {
        return Ok(Changes::Gone);
    }
    Ok(Changes::Sets(sets))
}

/// Commits `set`, unless the head is another one than it follows: then that head.
pub(super) fn commit(
    database: &Database,
    set: &ChangeSet,
    retention: &Retention,
    cutoff: i64,
) -> Result<Result<(), Head>, Error> {
    let mut write = database.begin_write()?;
    write.set_durability(Durability::Immediate)?;
    let head = head_of(&write.open_table(META)?)?;
    if !follows(set, &head) {
        write.abort()?;
        return Ok(Err(head));
    }
    write_documents(&write, set)?;
    {
        let mut history = write.open_table(HISTORY)?;
        let json = serde_json::to_vec(set).map_err(damaged("the change set"))?;
        history.insert(set.head.revision, (set.at.as_millisecond(), json.as_slice()))?;
        for _ in 0..retention.per_commit {
            let goes = history.first()?.is_some_and(|(revision, value)| {
                retention.releases(set.head.revision, cutoff, revision.value(), value.value().0)
            });
            if !goes {
                break;
            }
            history.pop_first()?;
        }
        let head = serde_json::to_string(&set.head).map_err(damaged("the head"))?;
        write.open_table(META)?.insert("head", head.as_str())?;
    }
    write.commit()?;
    Ok(Ok(()))
}

fn write_documents(write: &WriteTransaction, set: &ChangeSet) -> Result<(), Error> {
    let mut documents = write.open_table(DOCUMENTS)?;
    for change in &set.changes {
        let key = (change.kind.as_str(), &*change.id);
        match &change.after {
            Some(document) => drop(documents.insert(key, (set.head.revision, document.get()))?),
            None => drop(documents.remove(key)?),
        }
    }
    Ok(())
}

/// One change set of the history.
pub(super) fn revision(
    database: &Database,
    revision: u64,
) -> Result<Option<Arc<ChangeSet>>, Error> {
    let history = database.begin_read()?.open_table(HISTORY)?;
    history
        .get(revision)?
        .map(|value| serde_json::from_slice(value.value().1).map(Arc::new))
        .transpose()
        .map_err(damaged("a change set"))
}

/// The oldest and newest revision of the history.
pub(super) fn kept(database: &Database) -> Result<Option<(u64, u64)>, Error> {
    let history = database.begin_read()?.open_table(HISTORY)?;
    let oldest = history.first()?.map(|(revision, _)| revision.value());
    let newest = history.last()?.map(|(revision, _)| revision.value());
    Ok(oldest.zip(newest))
}
