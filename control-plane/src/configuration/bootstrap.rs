//! The first admin, made when there is none: somebody has to be let in before anybody can be made.

use sanmon_shared::Resource as _;
use sanmon_shared::resources::Admin;
use serde_json::json;

use super::Configuration;
use super::error::{BootstrapError, WriteError};
use super::operation::{Author, Operation, WriteRequest};
use super::plan::generate_admin_key;

/// Always the same, so that of two control planes that start on one empty store one comes first.
const ID: &str = "admin";

/// Characters of a key that are not guessed.
const SHORTEST: usize = 32;

/// The first admin, whose key is shown this once.
pub struct FirstAdmin {
    /// Its id.
    pub id: String,
    /// Its key, in the clear.
    pub key: String,
    /// Whether the key was made up here rather than given.
    pub generated: bool,
}

impl std::fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstAdmin").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Configuration {
    /// Makes the first admin if there is none; with `key`, or with a new one.
    pub async fn bootstrap_admin(
        &self,
        key: Option<String>,
    ) -> Result<Option<FirstAdmin>, BootstrapError> {
        if key.as_ref().is_some_and(|key| key.chars().count() < SHORTEST) {
            return Err(BootstrapError::ShortKey);
        }
        let state = self.follower.catch_up().await.map_err(WriteError::from)?;
        if state.admins().count() > 0 {
            return Ok(None);
        }
        let generated = key.is_none();
        let key = match key {
            Some(key) => key,
            None => generate_admin_key().map_err(WriteError::from)?,
        };
        let document = json!({"id": ID, "name": "admin", "role": "admin", "key": key});
        let request = WriteRequest::single(Operation::create(Admin::PLURAL, document))
            .message("the first admin");
        match self.write(&Author::new("first start"), request).await {
            Ok(_) => Ok(Some(FirstAdmin { id: ID.to_owned(), key, generated })),
            Err(WriteError::IdTaken { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
