//! Sealing: how secrets lie in stores, histories, exports and on the way to data planes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// How a sealed secret begins.
const PREFIX: &str = "sealed:v1:";

/// The key that seals the secrets of one lineage (ChaCha20-Poly1305).
///
/// It lies beside the documents in the store, or comes from `SANMON_SEAL_KEY`: then whoever can
/// read the store, an export or a backup reads no secret.
#[derive(Clone)]
pub struct Seal {
    key: [u8; 32],
}

/// Why a secret could not be sealed or opened. Says nothing of the secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed with another key, or cut, or changed.
    #[error("the secret was sealed with another key or is damaged; write it again")]
    Foreign,
    /// The text is not a key.
    #[error("a seal key is 32 bytes as 64 hexadecimal digits")]
    Key,
    /// The system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random,
}

impl Seal {
    /// A new key from the operating system.
    pub fn generate() -> Result<Self, SealError> {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| SealError::Random)?;
        Ok(Self { key })
    }

    /// The key with this text: 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self, SealError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| SealError::Key)?;
        Ok(Self { key })
    }

    /// The key as text, for the store that keeps it and for nobody else.
    pub fn to_text(&self) -> String {
        hex::encode(self.key)
    }

    /// Names the key without telling it: the same for equal keys.
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &[b"sanmon seal ".as_slice(), &self.key].concat());
        hex::encode(hash.as_ref().iter().take(8).copied().collect::<Vec<u8>>())
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.key)
            .map(LessSafeKey::new)
            .map_err(|_| SealError::Key)
    }

    /// Whether this text claims to be sealed.
    pub fn is_sealed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// `sealed:v1:…`, another one each time.
    pub fn seal(&self, secret: &str) -> Result<String, SealError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::Random)?;
        let mut sealed = secret.as_bytes().to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
            .map_err(|_| SealError::Key)?;
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        Ok(format!("{PREFIX}{}", BASE64.encode(bytes)))
    }

    /// What [`Seal::seal`] was given.
    pub fn open(&self, sealed: &str) -> Result<String, SealError> {
        let text = sealed.strip_prefix(PREFIX).ok_or(SealError::Foreign)?;
        let mut bytes = BASE64.decode(text).map_err(|_| SealError::Foreign)?;
        let (nonce, secret) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(SealError::Foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Foreign)?;
        let open = self
            .cipher()?
            .open_in_place(nonce, Aad::empty(), secret)
            .map_err(|_| SealError::Foreign)?;
        String::from_utf8(open.to_vec()).map_err(|_| SealError::Foreign)
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seal({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_only() {
        let seal = Seal::generate().unwrap();
        let sealed = seal.seal("sk-canary").unwrap();
        assert!(!sealed.contains("canary"));
        assert_ne!(sealed, seal.seal("sk-canary").unwrap());
        let same = Seal::from_text(&seal.to_text()).unwrap();
        assert_eq!(same.open(&sealed).unwrap(), "sk-canary");
        assert_eq!(Seal::generate().unwrap().open(&sealed), Err(SealError::Foreign));
        assert_eq!(seal.open("sealed:v1:AAAA"), Err(SealError::Foreign));
    }

    #[test]
    fn debug_does_not_tell_the_key() {
        let seal = Seal::generate().unwrap();
        assert!(!format!("{seal:?}").contains(&seal.to_text()));
    }
}
