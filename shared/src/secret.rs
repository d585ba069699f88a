//! Secrets in documents: [`Secret`] is what a gateway must tell an upstream and so can be opened,
//! [`HashedSecret`] is what callers prove to know and so need not be.

use std::borrow::Cow;
use std::fmt;

use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::reference::{Elsewhere, Managed, Reference};
use crate::seal::{Seal, SealError};

/// What a read shows in place of a secret begins with this; a tag of its stored form follows, so
/// that the placeholder written back finds its secret wherever in the document it then stands.
const PLACEHOLDER: &str = "********";

/// The placeholder of a stored secret.
pub fn placeholder(stored: &str) -> String {
    let hash = digest(&SHA256, stored.as_bytes());
    let tag: Vec<u8> = hash.as_ref().iter().take(4).copied().collect();
    format!("{PLACEHOLDER}-{}", hex::encode(tag))
}

/// Whether `text` stands for a secret that it does not tell.
pub fn is_placeholder(text: &str) -> bool {
    text.strip_prefix(PLACEHOLDER).is_some_and(|tag| {
        tag.is_empty()
            || tag
                .strip_prefix('-')
                .is_some_and(|t| t.len() == 8 && t.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

/// A secret that an upstream wants to see, as stored: sealed, or a reference to where it is kept.
/// `Debug` and `Display` tell nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

/// Why a secret cannot be told to an upstream. Says nothing of the secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The environment of this process lacks it.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The reference names a vault that there is not.
    #[error("the vault {0:?} is not known; there is \"env\"")]
    Vault(String),
    /// It has the variable, which lacks the member.
    #[error("the environment variable {name} is no JSON object with a member {key:?}")]
    Member {
        /// The variable.
        name: String,
        /// The member.
        key: String,
    },
    /// A manager keeps it, and it cannot be had.
    #[error("{reference} cannot be had: {reason}")]
    Managed {
        /// As written.
        reference: String,
        /// Why not.
        reason: String,
    },
    /// The reference cannot be read.
    #[error(
        "the reference is not of the form $env://NAME, $env://NAME/member, \
         $secret://manager/name/key or ${{vault://env/NAME}}"
    )]
    Reference,
    /// It cannot be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Secret {
    /// A secret as it stands in a document.
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret itself. What it refers to is looked up `elsewhere`.
    pub fn reveal(&self, seal: &Seal, elsewhere: &dyn Elsewhere) -> Result<Revealed, RevealError> {
        if Seal::is_sealed(&self.0) {
            return Ok(Revealed(seal.open(&self.0)?));
        }
        match Reference::read(&self.0)? {
            Some(reference) => reference.resolve(elsewhere).map(Revealed),
            None => Ok(Revealed(self.0.to_string())),
        }
    }

    /// What a manager keeps, where this refers to that.
    pub fn managed(&self) -> Option<Managed> {
        Managed::named_by(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// Tells nothing: documents are stored and shown as JSON, never through this type.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

impl PartialSchema for Secret {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .write_only(true)
            .description(Some(
                "A secret, or a reference to one: in the data plane's environment (`$env://NAME`, \
                 `$env://NAME/member`, `${vault://env/NAME}`), or with a secret manager \
                 (`$secret://main/openai/key`: `key` of `openai` with the manager `main`). \
                 Stored sealed. A read shows a placeholder; writing the placeholder back keeps the \
                 secret.",
            ))
            .into()
    }
}

impl ToSchema for Secret {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Secret")
    }
}

/// An opened secret, for the upstream that it is meant for. `Debug` tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(String);

impl Revealed {
    /// The secret. Whoever asks sends it where it was configured for, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(..)")
    }
}

/// How a hashed secret begins in a document.
const HASHED: &str = "hashed:v1:";

/// A secret that a caller must know: SHA-256 of it, for API keys also of the bearer form, and, where
/// the key opted into that, the sealed secret itself.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedSecret {
    secret: [u8; 32],
    bearer: [u8; 32],
    sealed: Option<Secret>,
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The bearer form of an API key: `otoapk_<id>_<hex HMAC-SHA256(secret, "otoapk_<id>")>`, as
/// Otoroshi makes it. Whoever has it needs no secret beside it.
pub fn bearer(id: &str, secret: &str) -> String {
    let message = format!("otoapk_{id}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{message}_{}", hex::encode(hmac::sign(&key, message.as_bytes())))
}

impl HashedSecret {
    /// Whether this text claims to be a stored hash.
    pub fn is_hashed(text: &str) -> bool {
        text.starts_with(HASHED)
    }

    /// The stored form of `secret` of the thing called `id`; `sealed` is kept beside the hashes.
    pub fn store(id: &str, secret: &str, sealed: Option<&str>) -> String {
        let hashes = format!(
            "{HASHED}{}:{}",
            hex::encode(sha256(secret.as_bytes())),
            hex::encode(sha256(bearer(id, secret).as_bytes())),
        );
        sealed.map_or_else(|| hashes.clone(), |sealed| format!("{hashes}:{sealed}"))
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(HASHED)?.splitn(3, ':');
        let mut hash = || {
            let mut bytes = [0; 32];
            hex::decode_to_slice(parts.next()?, &mut bytes).ok()?;
            Some(bytes)
        };
        let (secret, bearer) = (hash()?, hash()?);
        Some(Self { secret, bearer, sealed: parts.next().map(Secret::stored) })
    }

    /// Whether `secret` is it; takes the same time either way.
    pub fn is_secret(&self, secret: &[u8]) -> bool {
        sha256(secret).ct_eq(&self.secret).into()
    }

    /// Whether `bearer` is its bearer form; takes the same time either way.
    pub fn is_bearer(&self, bearer: &[u8]) -> bool {
        sha256(bearer).ct_eq(&self.bearer).into()
    }

    /// The hash of the secret, by which an admin's key is looked up.
    pub fn hash(&self) -> [u8; 32] {
        self.secret
    }

    /// The secret itself, where the key opted into keeping it.
    pub fn sealed(&self) -> Option<&Secret> {
        self.sealed.as_ref()
    }
}

impl fmt::Debug for HashedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedSecret(..)")
    }
}

impl<'de> Deserialize<'de> for HashedSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not a hashed secret in its stored form"))
    }
}

/// Tells nothing: documents are stored and shown as JSON, never through this type.
impl Serialize for HashedSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

impl PartialSchema for HashedSecret {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .write_only(true)
            .min_length(Some(8))
            .description(Some(
                "A secret that callers must know, generated when absent and then shown once, in \
                 the answer to the write. Stored as a hash. A read shows a placeholder; writing \
                 the placeholder back keeps the secret.",
            ))
            .extensions(Some(ExtensionsBuilder::new().add("x-hash", true).build()))
            .into()
    }
}

impl ToSchema for HashedSecret {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("HashedSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Variables;

    #[test]
    fn secrets_are_opened_or_looked_up() {
        let seal = Seal::generate().unwrap();
        let environment = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-1".to_owned());
        let reveal = |text: &str| Secret::stored(text).reveal(&seal, &Variables(environment));
        assert_eq!(reveal("$env://OPENAI_API_KEY").unwrap().expose(), "sk-1");
        assert_eq!(reveal("Key ${vault://env/openai_api_key}!").unwrap().expose(), "Key sk-1!");
        assert_eq!(reveal("$env://NO").unwrap_err(), RevealError::Unset("NO".to_owned()));
        assert_eq!(reveal("${vault://hv/a/b}").unwrap_err(), RevealError::Vault("hv".to_owned()));
        assert_eq!(reveal("${vault://env/A").unwrap_err(), RevealError::Reference);
        assert_eq!(reveal(&seal.seal("sk-2").unwrap()).unwrap().expose(), "sk-2");
    }

    #[test]
    fn a_hashed_secret_knows_its_secret_and_its_bearer_form() {
        let stored = HashedSecret::store("app", "s3cret-s3cret", None);
        assert!(!stored.contains("s3cret"));
        let hashed = HashedSecret::parse(&stored).unwrap();
        assert!(hashed.is_secret(b"s3cret-s3cret"));
        assert!(!hashed.is_secret(b"s3cret-s3creT"));
        assert!(hashed.is_bearer(bearer("app", "s3cret-s3cret").as_bytes()));
        assert!(!hashed.is_bearer(bearer("other", "s3cret-s3cret").as_bytes()));
        assert!(hashed.sealed().is_none());
        let kept = HashedSecret::parse(&HashedSecret::store("app", "s3cret", Some("sealed:v1:x")));
        assert_eq!(kept.unwrap().sealed().unwrap(), &Secret::stored("sealed:v1:x"));
    }

    #[test]
    fn a_placeholder_is_told_from_a_secret() {
        assert!(is_placeholder(&placeholder("sealed:v1:abc")));
        assert!(is_placeholder("********"));
        assert!(!is_placeholder("********-password"));
        assert!(!is_placeholder("sk-1"));
    }
}
