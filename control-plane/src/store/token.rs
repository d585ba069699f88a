//! The token by which data planes show the control plane that they belong to it.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use sanmon_shared::secret::sha256;
use sanmon_shared::store::StoreError;
use subtle::ConstantTimeEq as _;

/// The file of the data folder that holds a token made at first start, for its owner only.
pub const TOKEN_FILE: &str = "data-plane-token";

/// Checks tokens of data planes. Holds a hash, never the token.
#[derive(Clone)]
pub struct DataPlaneToken {
    hash: [u8; 32],
}

impl DataPlaneToken {
    /// Lets `token` in, and nothing else.
    pub fn of(token: &str) -> Self {
        Self { hash: sha256(token.as_bytes()) }
    }

    /// From the text that a store keeps.
    pub(crate) fn from_hash(text: &str) -> Result<Self, StoreError> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash)
            .map_err(|_| StoreError::Damaged("the hash of the data-plane token".to_owned()))?;
        Ok(Self { hash })
    }

    /// The text that a store keeps.
    pub(crate) fn to_hash(&self) -> String {
        hex::encode(self.hash)
    }

    /// Whether this is the token; takes the same time either way.
    pub fn is(&self, token: &str) -> bool {
        sha256(token.as_bytes()).ct_eq(&self.hash).into()
    }
}

impl std::fmt::Debug for DataPlaneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataPlaneToken(..)")
    }
}

/// A new token: 32 random bytes.
pub(crate) fn generate() -> Result<String, StoreError> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Unavailable("no randomness".to_owned()))?;
    Ok(format!("sdp_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Writes `token` into the data folder, readable by its owner only.
pub(crate) fn write(folder: &Path, token: &str) -> io::Result<()> {
    let next = folder.join(format!("{TOKEN_FILE}.new"));
    // A file left over from a start that was killed may have other permissions.
    let _ = std::fs::remove_file(&next);
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    file.write_all(token.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(next, folder.join(TOKEN_FILE))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_kept_for_its_owner_only() {
        let token = generate().unwrap();
        let check = DataPlaneToken::from_hash(&DataPlaneToken::of(&token).to_hash()).unwrap();
        assert!(check.is(&token));
        assert!(!check.is("sdp_other"));
        assert!(!format!("{check:?}").contains(&check.to_hash()));

        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &token).unwrap();
        let path = folder.path().join(TOKEN_FILE);
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), token);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
