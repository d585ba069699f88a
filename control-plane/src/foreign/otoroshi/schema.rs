//! `_schema`: what documents of a kind are checked by, with what it refers to.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::kinds::{Holds, Kind};
use super::target::Target;
use crate::admin::parts::{ApiError, Query, Shared};
use crate::configuration::Schemas;

/// `GET /{plural}/_schema`.
pub(super) async fn read(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    query.done()?;
    answer.value(of(target.kind, shared.configuration.schemas()))
}

/// The schema of a kind, complete in itself.
pub(super) fn of(kind: &Kind, schemas: &Schemas) -> Value {
    let schema = match kind.holds {
        Holds::Documents => schemas.schema(kind.plural).and_then(Value::as_object),
        Holds::Fixed(_) => None,
    };
    let Some(schema) = schema else {
        let about = format!("A resource of kind {}", kind.name);
        return json!({"type": "object", "description": about});
    };
    let mut names = BTreeSet::new();
    schema.values().for_each(|value| refer(value, schemas, &mut names));
    name_of(schema.get("$ref"), schemas, &mut names);
    let components: Map<_, _> = schemas
        .components()
        .filter(|(name, _)| names.contains(name.as_str()))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let mut whole = schema.clone();
    whole.insert("components".to_owned(), json!({"schemas": components}));
    Value::Object(whole)
}

/// Collects what `value` refers to, and what that refers to.
fn refer(value: &Value, schemas: &Schemas, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            name_of(members.get("$ref"), schemas, names);
            members.values().for_each(|member| refer(member, schemas, names));
        }
        Value::Array(items) => items.iter().for_each(|item| refer(item, schemas, names)),
        _ => {}
    }
}

fn name_of(reference: Option<&Value>, schemas: &Schemas, names: &mut BTreeSet<String>) {
    let name = reference
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    let Some(name) = name else { return };
    if names.insert(name.to_owned())
        && let Some((_, schema)) = schemas.components().find(|(found, _)| *found == name)
    {
        refer(schema, schemas, names);
    }
}
