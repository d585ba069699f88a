//! What makes a store this store: its lineage, what opens its secrets, whom it lets follow.

use std::sync::Arc;

use sanmon_shared::seal::Seal;
use sanmon_shared::store::StoreError;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::token::{self, DataPlaneToken};

/// What the settings say of the identity; it wins over what the store keeps.
#[derive(Clone, Default)]
pub struct Given {
    /// Seals the secrets; then the store keeps only the key's fingerprint.
    pub seal: Option<Seal>,
    /// Lets data planes in.
    pub token: Option<String>,
}

/// Kept in the metadata of every store, written once, at the first start.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Names the line of revisions.
    pub lineage: Arc<str>,
    seal: KeptSeal,
    /// SHA-256 of the data-plane token.
    token: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptSeal {
    /// The key itself.
    Key(String),
    /// The key is given at every start; this tells whether it is the same one.
    Fingerprint(String),
}

impl Identity {
    /// A new one, and the token to be shown to the operator if it was made here.
    pub(crate) fn fresh(given: &Given) -> Result<(Self, Option<String>), StoreError> {
        let seal = match &given.seal {
            Some(seal) => KeptSeal::Fingerprint(seal.fingerprint()),
            None => KeptSeal::Key(
                Seal::generate().map_err(|e| StoreError::Unavailable(e.to_string()))?.to_text(),
            ),
        };
        let made = given.token.is_none().then(token::generate).transpose()?;
        let token = made.as_ref().or(given.token.as_ref()).map_or("", String::as_str);
        let token = DataPlaneToken::of(token).to_hash();
        Ok((Self { lineage: Arc::from(Ulid::generate().to_string()), seal, token }, made))
    }

    /// What opens the secrets, or why the given key does not.
    pub(crate) fn seal(&self, given: &Given) -> Result<Seal, StoreError> {
        let kept = match &self.seal {
            KeptSeal::Key(text) => {
                let kept = Seal::from_text(text)
                    .map_err(|_| StoreError::Damaged("the seal key".to_owned()))?;
                if given.seal.is_none() {
                    return Ok(kept);
                }
                kept.fingerprint()
            }
            KeptSeal::Fingerprint(fingerprint) => fingerprint.clone(),
        };
        match &given.seal {
            Some(seal) if seal.fingerprint() == kept => Ok(seal.clone()),
            Some(_) => Err(StoreError::Refused(format!(
                "its secrets are sealed with another key than the one given (fingerprint {kept})"
            ))),
            None => Err(StoreError::Refused(format!(
                "its secrets are sealed with a key that has to be given (fingerprint {kept})"
            ))),
        }
    }

    /// Whom it lets follow.
    pub(crate) fn token(&self, given: &Given) -> Result<DataPlaneToken, StoreError> {
        match &given.token {
            Some(token) => Ok(DataPlaneToken::of(token)),
            None => DataPlaneToken::from_hash(&self.token),
        }
    }

    /// As stored.
    pub(crate) fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|e| StoreError::Damaged(e.to_string()))
    }

    /// From what was stored.
    pub(crate) fn from_text(text: &str) -> Result<Self, StoreError> {
        // The parser's message could quote the text, and the text may hold a key.
        serde_json::from_str(text).map_err(|_| StoreError::Damaged("its identity".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_seal_key_is_kept_and_another_one_is_refused() {
        let (identity, token) = Identity::fresh(&Given::default()).unwrap();
        let again = Identity::from_text(&identity.to_text().unwrap()).unwrap();
        let kept = again.seal(&Given::default()).unwrap();
        let same = Given { seal: Some(kept.clone()), token: None };
        assert_eq!(again.seal(&same).unwrap().fingerprint(), kept.fingerprint());
        let other = Given { seal: Some(Seal::generate().unwrap()), token: None };
        assert!(matches!(again.seal(&other), Err(StoreError::Refused(_))));
        assert!(again.token(&Given::default()).unwrap().is(&token.unwrap()));
    }

    #[test]
    fn a_given_seal_key_leaves_only_its_fingerprint() {
        let seal = Seal::generate().unwrap();
        let given = Given { seal: Some(seal.clone()), token: Some("t".repeat(32)) };
        let (identity, token) = Identity::fresh(&given).unwrap();
        assert!(token.is_none());
        assert!(!identity.to_text().unwrap().contains(&seal.to_text()));
        assert!(matches!(identity.seal(&Given::default()), Err(StoreError::Refused(_))));
        assert!(identity.token(&given).unwrap().is(&"t".repeat(32)));
    }
}
