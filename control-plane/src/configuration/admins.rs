//! Who may call the admin API: looked up by key, in time that does not depend on how many there are
//! and tells nothing of how much of a key is right.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use rpds::HashTrieMapSync;
use sanmon_shared::resources::{Admin, Role};
use sanmon_shared::secret::{HashedSecret, sha256};

/// Whom a key proves somebody to be.
#[derive(Clone, Debug)]
pub struct AdminIdentity {
    /// The admin's id; the author of what it writes.
    pub id: Arc<str>,
    /// Shown to people.
    pub name: Arc<str>,
    /// What it may do.
    pub role: Role,
}

/// Why a key opens nothing. For the log: an answer does not tell these apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody has this key.
    #[error("the key is unknown")]
    Unknown,
    /// The admin is disabled.
    #[error("the admin is disabled")]
    Disabled,
    /// The admin was valid until some time before now.
    #[error("the admin is no longer valid")]
    Expired,
}

/// Every admin of a state. Cheap to clone.
#[derive(Clone, Default)]
pub struct Admins {
    by_id: HashTrieMapSync<Arc<str>, Arc<Admin>>,
    by_hash: HashTrieMapSync<[u8; 32], Arc<Admin>>,
}

impl Admins {
    /// Who has this key, now.
    pub fn by_key(&self, key: &[u8], now: Timestamp) -> Result<AdminIdentity, Denied> {
        // The look-up is by a hash, of which a caller cannot choose the bytes.
        admit(self.by_hash.get(&sha256(key)).map(Arc::as_ref), key, now)
    }

    /// Whether the one with this id has this key, now.
    pub fn by_id(&self, id: &str, key: &[u8], now: Timestamp) -> Result<AdminIdentity, Denied> {
        admit(self.by_id.get(id).map(Arc::as_ref), key, now)
    }

    /// How many there are, enabled or not.
    pub fn count(&self) -> usize {
        self.by_id.size()
    }

    /// Whether somebody may still write at `now`.
    pub fn can_write(&self, now: Timestamp) -> bool {
        self.by_id.values().any(|admin| admin.role == Role::Admin && usable(admin, now).is_ok())
    }

    /// Whether another one has the key of this one.
    pub(super) fn shares_key(&self, id: &str) -> bool {
        let Some(admin) = self.by_id.get(id) else { return false };
        let hash = admin.key.hash();
        self.by_id.size() != self.by_hash.size()
            && self.by_id.values().any(|other| other.id.as_str() != id && other.key.hash() == hash)
    }

    pub(super) fn insert(&mut self, admin: Admin) {
        self.remove(admin.id.as_str());
        let admin = Arc::new(admin);
        self.by_id.insert_mut(admin.id.text(), Arc::clone(&admin));
        self.by_hash.insert_mut(admin.key.hash(), admin);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(admin) = self.by_id.get(id).cloned() else { return };
        self.by_id.remove_mut(id);
        let holder = self.by_hash.get(&admin.key.hash());
        if holder.is_some_and(|holder| holder.id.as_str() == id) {
            self.by_hash.remove_mut(&admin.key.hash());
        }
    }
}

/// Compared with where there is nobody to compare with.
static DECOY: LazyLock<Option<HashedSecret>> =
    LazyLock::new(|| HashedSecret::parse(&HashedSecret::store("", "", None)));

fn admit(admin: Option<&Admin>, key: &[u8], now: Timestamp) -> Result<AdminIdentity, Denied> {
    // Against an id that nobody has, the same work is done.
    let right = admin.map(|admin| &admin.key).or(DECOY.as_ref()).is_some_and(|k| k.is_secret(key));
    let admin = admin.filter(|_| right).ok_or(Denied::Unknown)?;
    usable(admin, now)?;
    Ok(AdminIdentity {
        id: admin.id.text(),
        name: Arc::from(admin.name.as_str()),
        role: admin.role,
    })
}

fn usable(admin: &Admin, now: Timestamp) -> Result<(), Denied> {
    if !admin.enabled {
        return Err(Denied::Disabled);
    }
    if admin.valid_until.is_some_and(|until| until <= now) {
        return Err(Denied::Expired);
    }
    Ok(())
}
