//! Managers of secrets. The id of ours is `<manager>.<id>`, as references find it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::documents::{self, Id};
use super::super::refusal::Refusal;
use super::super::secrets;
use super::super::stamp::Stamp;
use super::super::view::{Found, Members, View, check_id};
use super::{Kind, begun, schema_of, shown};
use crate::configuration::Operation;

const PLURAL: &str = "secret-managers";

/// A KV engine of Vault.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixVault)]
#[serde(deny_unknown_fields)]
struct Vault {
    id: Option<Id>,
    uri: String,
    prefix: String,
    token: String,
    namespace: Option<String>,
}

/// AWS Secrets Manager.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixAws)]
#[serde(deny_unknown_fields)]
struct Aws {
    id: Option<Id>,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
}

/// Google Cloud's Secret Manager.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixGcp)]
#[serde(deny_unknown_fields)]
struct Gcp {
    id: Option<Id>,
    auth_config: GcpAccount,
    /// Certificates are verified in any case: `false` is refused.
    #[serde(default, skip_serializing)]
    ssl_verify: Option<bool>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixGcpAccount)]
#[serde(deny_unknown_fields)]
struct GcpAccount {
    client_email: String,
    private_key: String,
    project_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scope: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries_uri: Option<String>,
}

/// A sort of manager.
struct Sort {
    name: &'static str,
    /// Where its documents have secrets.
    secret: &'static [&'static str],
    schema: fn() -> Value,
    read: fn(Value) -> Result<Map<String, Value>, Refusal>,
}

const SORTS: &[Sort] = &[
    Sort {
        name: "vault",
        secret: &["/token"],
        schema: schema_of::<Vault>,
        read: |document| Ok(documents::written(&documents::read::<Vault>("secret", document)?)),
    },
    Sort {
        name: "aws",
        secret: &["/access_key_id", "/secret_access_key", "/session_token"],
        schema: schema_of::<Aws>,
        read: |document| Ok(documents::written(&documents::read::<Aws>("secret", document)?)),
    },
    Sort {
        name: "gcp",
        secret: &["/auth_config/private_key"],
        schema: schema_of::<Gcp>,
        read: gcp,
    },
];

fn gcp(document: Value) -> Result<Map<String, Value>, Refusal> {
    if document.get("auth_file").is_some() {
        let text = "no files are read: write what is in it as auth_config";
        return Err(Refusal::property("auth_file", text));
    }
    let gcp: Gcp = documents::read("secret", document)?;
    if gcp.ssl_verify == Some(false) {
        return Err(Refusal::property("ssl_verify", "certificates are always verified"));
    }
    Ok(documents::written(&gcp))
}

/// The managers of a sort, or all.
pub(in super::super) struct Secrets {
    sort: Option<&'static Sort>,
}

impl Secrets {
    /// All of them, to be listed.
    pub(super) const ALL: Self = Self { sort: None };

    /// Those of a sort.
    pub(super) fn of(sort: &str) -> Result<Self, Refusal> {
        Ok(Self { sort: Some(sort_named(sort)?) })
    }

    /// The sort of a manager, and its id among those.
    fn placed<'i>(&self, id: &'i str) -> Result<(&'static Sort, &'i str), Refusal> {
        if let Some(sort) = self.sort {
            return Ok((sort, id));
        }
        let (sort, id) = id.split_once('/').ok_or_else(|| Refusal::bad("missing secret type"))?;
        Ok((sort_named(sort)?, id))
    }
}

fn sort_named(name: &str) -> Result<&'static Sort, Refusal> {
    let known = SORTS.iter().find(|known| known.name == name);
    known.ok_or_else(|| Refusal::bad(format!("invalid secret manager: {name}")))
}

/// The id of our document.
fn stored(sort: &Sort, id: &str) -> String {
    format!("{}.{id}", sort.name)
}

impl Kind for Secrets {
    fn collection(&self) -> &'static str {
        "secrets"
    }

    fn singular(&self) -> &'static str {
        "secret"
    }

    fn nothing_to_patch(&self) -> String {
        "no secret id".to_owned()
    }

    fn check_id(&self, id: &str) -> Result<(), Refusal> {
        check_id(self.placed(id)?.1)
    }

    fn key(&self, id: &str) -> String {
        let sort = self.sort.map_or_else(String::new, |sort| format!("{}/", sort.name));
        format!("/apisix/secrets/{sort}{id}")
    }

    fn schema(&self) -> Value {
        self.sort.map_or(Value::Bool(true), |sort| (sort.schema)())
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let (sort, own) = self.placed(id).ok()?;
        let stored = stored(sort, own);
        let entry = view.state.get(PLURAL, &stored)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("{PLURAL}/{stored}"), entry.revision);
        // Theirs have neither names nor labels.
        let unknown = std::mem::take(&mut found.value);
        found.hidden.extend(unknown.into_iter().map(|(name, _)| format!("/{name}")));
        found.value = members.object(sort.name)?.0;
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        let id = |stored: &str| match self.sort {
            None => Some(stored.replacen('.', "/", 1)),
            Some(sort) => Some(stored.strip_prefix(sort.name)?.strip_prefix('.')?.to_owned()),
        };
        view.state.list(PLURAL).filter_map(|entry| id(&entry.id)).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        mut document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let (sort, id) = self.placed(id)?;
        let secret: Vec<String> = sort.secret.iter().map(|at| (*at).to_owned()).collect();
        secrets::check(&mut document, "", &secret, view.references)?;
        let stored = stored(sort, id);
        let mut ours = begun(&stored, None, None, None, stamp)?;
        let mut members = (sort.read)(document)?;
        // It stands in the document itself.
        members.shift_remove("id");
        ours.insert(sort.name.to_owned(), Value::Object(members));
        Ok(vec![Operation::put(PLURAL, &stored, Value::Object(ours))])
    }

    fn delete(&self, _: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        let placed = self.placed(id).into_iter();
        placed.map(|(sort, id)| Operation::delete(PLURAL, &stored(sort, id), force)).collect()
    }
}
