//! Revisions: the history of a configuration is one line of them, and each is one change set.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::resource::Kind;

/// A document as stored: JSON text, secrets sealed, otherwise as it was written.
pub type Document = Arc<RawValue>;

/// A stored document and where it is from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// What it is one of.
    pub kind: Kind,
    /// Its id, unique within its kind.
    pub id: Arc<str>,
    /// The revision that wrote it last; its `ETag`.
    pub revision: u64,
    /// The document.
    pub document: Document,
}

/// Where a configuration stands. Two planes with equal heads have equal configurations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Names the line of revisions; a store that was emptied begins another one.
    pub lineage: Arc<str>,
    /// 0 before the first commit; then without gaps.
    pub revision: u64,
    /// Over all documents.
    pub digest: Digest,
}

impl Head {
    /// The head of a new, empty line.
    pub fn empty(lineage: &str) -> Self {
        Self { lineage: Arc::from(lineage), revision: 0, digest: Digest::default() }
    }
}

/// The sum modulo 2²⁵⁶ of SHA-256 over (kind, id, stored bytes) of every document: a change costs
/// what it changes, and the order of changes does not show. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Digest([u64; 4]);

impl Digest {
    /// The summand of one document.
    pub fn of(kind: &str, id: &str, document: &RawValue) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [kind, id] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        context.update(document.get().as_bytes());
        let hash = context.finish();
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            *limb = bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        }
        Self(limbs)
    }

    /// The digest with this document in it.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut sum = [0; 4];
        let mut carry = false;
        for i in (0..4).rev() {
            let (a, over_a) = self.0[i].overflowing_add(other.0[i]);
            let (b, over_b) = a.overflowing_add(u64::from(carry));
            sum[i] = b;
            carry = over_a || over_b;
        }
        Self(sum)
    }

    /// The digest with this document out of it.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let mut difference = [0; 4];
        let mut borrow = false;
        for i in (0..4).rev() {
            let (a, under_a) = self.0[i].overflowing_sub(other.0[i]);
            let (b, under_b) = a.overflowing_sub(u64::from(borrow));
            difference[i] = b;
            borrow = under_a || under_b;
        }
        Self(difference)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|limb| write!(f, "{limb:016x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0_u8; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        }
        Ok(Self(limbs))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a revision did to one document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What it is one of.
    pub kind: Kind,
    /// Its id.
    pub id: Arc<str>,
    /// The document before, none where it did not exist. Kept for history, left out on the way to
    /// data planes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Document>,
    /// The document after, none where it was deleted.
    #[serde(default)]
    pub after: Option<Document>,
}

/// One revision: what changed, by whom, and where that leads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Where the configuration stands after it.
    pub head: Head,
    /// When it was committed.
    pub at: Timestamp,
    /// Who committed it: an admin's id, or a process's name.
    pub author: Arc<str>,
    /// Why, in the author's words; empty when nothing was said.
    #[serde(default)]
    pub message: String,
    /// Each document at most once.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// The next revision after `base` with these changes.
    pub fn after(
        base: &Head,
        at: Timestamp,
        author: Arc<str>,
        message: String,
        changes: Vec<Change>,
    ) -> Self {
        let digest = changes.iter().fold(base.digest, |digest, change| {
            let of = |document: &Document| Digest::of(change.kind.as_str(), &change.id, document);
            let without = change.before.as_ref().map_or(digest, |before| digest.minus(of(before)));
            change.after.as_ref().map_or(without, |after| without.plus(of(after)))
        });
        let head = Head { lineage: Arc::clone(&base.lineage), revision: base.revision + 1, digest };
        Self { head, at, author, message, changes }
    }

    /// The same without what was before: what data planes need.
    #[must_use]
    pub fn for_publication(&self) -> Self {
        let mut set = self.clone();
        for change in &mut set.changes {
            change.before = None;
        }
        set
    }
}
