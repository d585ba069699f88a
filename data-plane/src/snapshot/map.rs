use std::hash::BuildHasher;

use foldhash::quality::{FixedState, FoldHasher};
use rpds::{HashTrieMapSync, HashTrieSetSync};

/// A persistent map: a clone costs nothing, and a change copies one path.
pub(crate) type Map<K, V> = HashTrieMapSync<K, V, Hashing>;

/// A persistent set.
pub(crate) type Set<K> = HashTrieSetSync<K, Hashing>;

/// How keys are hashed. With a fixed seed: only admins choose what lies in these maps, so nobody
/// gains by making keys collide, and the maps stay small.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashing;

impl BuildHasher for Hashing {
    type Hasher = FoldHasher<'static>;

    fn build_hasher(&self) -> Self::Hasher {
        FixedState::default().build_hasher()
    }
}
