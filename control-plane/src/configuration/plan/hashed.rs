//! Which kinds have secrets that callers must know: when one is made up, and what is shown beside
//! it. The only code here that knows kinds by name.

use sanmon_shared::Resource as _;
use sanmon_shared::resources::{Admin, Apikey};
use sanmon_shared::seal::SealError;
use serde_json::Value;

use super::ids::random_text;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret that callers must know.
pub(super) struct HashedMember {
    /// The object that holds it, and its name.
    pub(super) parent: &'static str,
    pub(super) name: &'static str,
    /// Where the answer shows its bearer form.
    pub(super) bearer: Option<&'static str>,
    /// Characters that a given one must have, beyond what the schema says.
    pub(super) shortest: usize,
    /// Whether the document has to have one.
    pub(super) wanted: fn(&Value) -> bool,
    /// How generated ones begin, and how much chance follows.
    generated: (&'static str, usize),
}

impl HashedMember {
    pub(super) fn pointer(&self) -> String {
        format!("{}/{}", self.parent, self.name)
    }

    /// A new one.
    pub(super) fn generate(&self) -> Result<String, SealError> {
        let (prefix, length) = self.generated;
        Ok(format!("{prefix}{}", random_text(LETTERS, length)?))
    }
}

/// A new key for an admin.
pub(crate) fn generate_admin_key() -> Result<String, SealError> {
    KEY.generate()
}

const KEY: HashedMember = HashedMember {
    parent: "",
    name: "key",
    bearer: None,
    shortest: 32,
    wanted: |_| true,
    generated: ("sanmon_admin_", 43),
};

const CLIENT_SECRET: HashedMember = HashedMember {
    parent: "",
    name: "clientSecret",
    bearer: Some("/bearer"),
    shortest: 0,
    wanted: |_| true,
    generated: ("", 64),
};

const NEXT_SECRET: HashedMember = HashedMember {
    parent: "/rotation",
    name: "nextSecret",
    bearer: Some("/rotation/bearer"),
    wanted: |document| document.pointer("/rotation/enabled") == Some(&Value::Bool(true)),
    ..CLIENT_SECRET
};

/// Those of a kind.
pub(super) fn members(plural: &str) -> &'static [HashedMember] {
    const OF_APIKEYS: &[HashedMember] = &[CLIENT_SECRET, NEXT_SECRET];
    const OF_ADMINS: &[HashedMember] = &[KEY];
    match plural {
        Apikey::PLURAL => OF_APIKEYS,
        Admin::PLURAL => OF_ADMINS,
        _ => &[],
    }
}
