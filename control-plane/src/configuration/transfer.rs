//! Everything out, and in again. An export keeps secrets sealed and hashed, as the store does.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;

use jiff::Timestamp;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::{Document, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Configuration;
use super::error::{ReadError, WriteError};
use super::operation::{Author, Operation, Written};
use super::plan::Trust;
use super::schemas::Schemas;
use super::state::State;
use super::write::{Intent, Occasion};

/// Names the form of an export.
pub const FORMAT: &str = "sanmon.export/v1";

/// Every document, as stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Export {
    /// [`FORMAT`].
    #[schema(example = "sanmon.export/v1")]
    pub format: &'static str,
    /// Of which line of revisions.
    pub lineage: String,
    /// At which revision.
    pub revision: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub exported_at: Timestamp,
    /// By kinds, in the order of their ids.
    #[schema(value_type = BTreeMap<String, Vec<Object>>)]
    pub resources: BTreeMap<String, Vec<Document>>,
}

/// What an import does with documents that it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// They stay.
    #[default]
    Merge,
    /// They are deleted: the configuration becomes what is imported.
    Replace,
}

impl Configuration {
    /// Everything, as stored: secrets sealed and hashed.
    pub async fn export(&self) -> Result<Export, ReadError> {
        let state = self.follower.catch_up().await?;
        let documents = |plural: &str| -> Vec<Document> {
            state.list(plural).map(|entry| Arc::clone(&entry.document)).collect()
        };
        let kinds = self.schemas().kinds();
        Ok(Export {
            format: FORMAT,
            lineage: state.head().lineage.to_string(),
            revision: state.head().revision,
            exported_at: self.clock.now(),
            resources: kinds.map(|kind| (kind.plural.to_owned(), documents(kind.plural))).collect(),
        })
    }

    /// Takes what [`Configuration::export`] gave. Pointers go into `export`, as
    /// `/resources/<plural>/<index>/…`.
    pub async fn import(
        &self,
        author: &Author,
        export: Value,
        mode: ImportMode,
        message: String,
        dry_run: bool,
    ) -> Result<Written, WriteError> {
        let puts = operations(self.schemas(), export).map_err(WriteError::Invalid)?;
        let occasion = Occasion { author, message, dry_run };
        let intent = |state: Arc<State>| {
            let mut operations = puts.clone();
            if mode == ImportMode::Replace {
                operations.extend(deletions(self.schemas(), &state, &puts));
            }
            ready(Ok(Intent::Operations(operations.into(), Trust::Export)))
        };
        self.commit(&occasion, intent).await
    }
}

/// What puts every document of an export in.
fn operations(schemas: &Schemas, export: Value) -> Result<Vec<Operation>, Vec<Problem>> {
    let mut problems = Vec::new();
    let Value::Object(mut export) = export else {
        return Err(vec![Problem::at("", "an object is expected here")]);
    };
    if export.get("format").is_some_and(|format| format.as_str() != Some(FORMAT)) {
        problems.push(Problem::at("/format", format!("\"{FORMAT}\" is expected here")));
    }
    let Some(Value::Object(resources)) = export.remove("resources") else {
        problems.push(Problem::at("/resources", "an object of lists by kinds is expected here"));
        return Err(problems);
    };
    let mut operations = Vec::new();
    let mut seen = BTreeSet::new();
    for (plural, documents) in resources {
        let at = join_pointer("/resources", &plural);
        let Some(info) = schemas.kind(&plural) else {
            problems.push(Problem::at(at, "there is no such kind"));
            continue;
        };
        let Value::Array(documents) = documents else {
            problems.push(Problem::at(at, "a list is expected here"));
            continue;
        };
        for (index, document) in documents.into_iter().enumerate() {
            let at = format!("{at}/{index}");
            let id = document.get(info.id_field).and_then(Value::as_str).unwrap_or_default();
            let operation = match id {
                "" => Operation::create(&plural, document),
                id if seen.insert((info.plural, id.to_owned())) => {
                    let id = id.to_owned();
                    Operation::put(&plural, &id, document)
                }
                _ => {
                    let at = join_pointer(&at, info.id_field);
                    problems.push(Problem::at(at, "an earlier document has this id"));
                    continue;
                }
            };
            operations.push(operation.at(at));
        }
    }
    if problems.is_empty() { Ok(operations) } else { Err(problems) }
}

/// What deletes the documents that `puts` does not name.
fn deletions<'a>(
    schemas: &'a Schemas,
    state: &'a State,
    puts: &[Operation],
) -> impl Iterator<Item = Operation> + use<'a> {
    let named: BTreeSet<(String, String)> =
        puts.iter().filter_map(|put| Some((put.plural.clone(), put.id.clone()?))).collect();
    schemas.kinds().flat_map(|kind| state.list(kind.plural)).filter_map(move |entry| {
        let (plural, id) = (entry.kind.as_str(), entry.id.as_ref());
        let unnamed = !named.contains(&(plural.to_owned(), id.to_owned()));
        unnamed.then(|| Operation::delete(plural, id, true))
    })
}
