//! Keys that are found by their secrets alone. Only those of consumers are: a million others cost
//! nothing here.

use std::sync::Arc;

use sanmon_shared::resources::ApikeyId;

use super::{Apikey, Map};

/// The ids of consumers' keys by SHA-256 of their secrets. Who does not know a secret cannot make a
/// hash that begins like its hash, so that looking one up tells nothing.
#[derive(Clone, Default)]
pub(super) struct BySecret(Map<[u8; 32], Arc<[ApikeyId]>>);

impl BySecret {
    /// The keys with a secret of this hash, in the order of their ids; nearly always one.
    pub(super) fn get(&self, hash: &[u8; 32]) -> &[ApikeyId] {
        self.0.get(hash).map_or(&[], |ids| ids)
    }

    /// Notes the secrets of a key.
    pub(super) fn insert(&mut self, key: &Apikey) {
        for hash in hashes(key) {
            let mut ids = self.get(&hash).to_vec();
            let found = ids.binary_search_by(|id| id.as_str().cmp(key.id.as_str()));
            if let Err(at) = found {
                ids.insert(at, key.id.clone());
                self.0.insert_mut(hash, ids.into());
            }
        }
    }

    /// Forgets the secrets of a key.
    pub(super) fn remove(&mut self, key: &Apikey) {
        for hash in hashes(key) {
            let ids = self.get(&hash);
            let left: Arc<[ApikeyId]> = ids.iter().filter(|id| **id != key.id).cloned().collect();
            if left.is_empty() {
                self.0.remove_mut(&hash);
            } else {
                self.0.insert_mut(hash, left);
            }
        }
    }
}

/// Of the secrets of a consumer's key.
fn hashes(key: &Apikey) -> impl Iterator<Item = [u8; 32]> {
    key.consumer().into_iter().flat_map(|_| key.hashes())
}
