//! What operations share: schemas, parameters, error answers, security schemes.

use std::collections::BTreeMap;

use sanmon_shared::catalogue::{PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use sanmon_shared::explain::{ExplainRequest, Explanation};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::admin::Code;
use crate::admin::views::{
    BulkLine, BulkSummary, DataPlaneView, DocumentResult, ProblemDocument, ProviderHealthView,
    QuotasView, Transaction, WriteResult,
};
use crate::configuration::{DiffView, Export, RevisionPage, RevisionView, Schemas};

/// Those by which documents are checked, those of answers, and those of plugin configs.
pub(super) fn schemas(schemas: &Schemas, catalogue: &dyn PluginCatalogue) -> Map<String, Value> {
    let mut all: Map<String, Value> =
        schemas.components().map(|(name, schema)| (name.to_owned(), schema.clone())).collect();
    add::<ProblemDocument<'static>>(&mut all);
    add::<WriteResult>(&mut all);
    add::<DocumentResult>(&mut all);
    add::<Transaction>(&mut all);
    add::<BulkLine>(&mut all);
    add::<BulkSummary>(&mut all);
    add::<RevisionPage>(&mut all);
    add::<RevisionView>(&mut all);
    add::<DiffView>(&mut all);
    add::<DataPlaneView>(&mut all);
    add::<ProviderHealthView>(&mut all);
    add::<QuotasView>(&mut all);
    add::<PluginKindInfo>(&mut all);
    add::<ProviderKindInfo>(&mut all);
    add::<ExplainRequest>(&mut all);
    add::<Explanation>(&mut all);
    add::<Export>(&mut all);
    all.insert("JsonPatch".to_owned(), json_patch());
    let mut configs = Map::new();
    for plugin in catalogue.plugins() {
        let name = config_name(plugin.name);
        let mut schema = schemas.plugin(plugin.name).unwrap_or(&plugin.schema).clone();
        rebase(&mut schema, &name);
        configs.insert(plugin.name.to_owned(), json!(format!("#/components/schemas/{name}")));
        all.insert(name, schema);
    }
    if let Some(config) = all.get_mut("PluginConfig").and_then(Value::as_object_mut) {
        config.insert("x-plugin-configs".to_owned(), Value::Object(configs));
    }
    all
}

fn add<T: ToSchema>(all: &mut Map<String, Value>) {
    let mut found = Vec::new();
    T::schemas(&mut found);
    found.push((T::name().into_owned(), T::schema()));
    for (name, schema) in found {
        if !all.contains_key(&name) {
            all.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
    }
}

fn json_patch() -> Value {
    json!({
        "type": "array",
        "description": "Operations by RFC 6902.",
        "items": {
            "type": "object",
            "required": ["op", "path"],
            "properties": {
                "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
                "path": {"type": "string", "example": "/enabled"},
                "from": {"type": "string"},
                "value": {},
            },
        },
    })
}

/// `openai-chat-completions` → `OpenaiChatCompletionsConfig`.
fn config_name(plugin: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    format!("{}PluginConfig", plugin.split(['-', '.', '_']).map(word).collect::<String>())
}

/// A plugin's schema refers into itself; within the document it stands elsewhere.
fn rebase(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match member {
                    Value::String(target) if key == "$ref" && target.starts_with('#') => {
                        *target = target.replacen('#', &format!("#/components/schemas/{name}"), 1);
                    }
                    _ => rebase(member, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, name)),
        _ => {}
    }
}

/// The parameters that several operations take. Swagger UI sends their examples unless they are
/// taken out again, so examples stand in the descriptions.
pub(super) fn parameters() -> Value {
    let query = |name: &str, about: &str, schema: Value| json!({"name": name, "in": "query", "description": about, "schema": schema});
    let header = |name: &str, about: &str| json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}});
    let boolean = || json!({"type": "boolean"});
    json!({
        "dry_run": query("dry_run", "Only the plan: everything is checked, nothing is stored", boolean()),
        "wait": query("wait",
            "`applied`: answer when every live data plane runs the write",
            json!({"type": "string", "enum": ["applied"]})),
        "timeout": query("timeout",
            "With `wait`: for how long at most, as `5s`; at most, and where absent, a minute",
            json!({"type": "string", "pattern": "^[0-9]{1,6}(ms|s|m)?$"})),
        "message": query("message", "Why, for the history",
            json!({"type": "string", "maxLength": 1000})),
        "message_header": header("X-Sanmon-Message", "The same as `message`"),
        "if_match": header("If-Match", "Only if the document is at this revision, or exists (`*`)"),
        "if_none_match": header("If-None-Match",
            "Only if the document is not at this revision, or does not exist (`*`)"),
        "limit": query("limit", "How many at most",
            json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})),
        "after": query("after", "Where the page before ended, from its `Link` header",
            json!({"type": "string"})),
        "sort": query("sort",
            "Members to sort by, with `-` from the largest, as `-enabled,name`; then by id",
            json!({"type": "string"})),
        "fields": query("fields", "Only these members, as `id,frontend.domains`",
            json!({"type": "string"})),
        "filter": {
            "name": "filter", "in": "query", "style": "form", "explode": true,
            "description": "`filter.<member>=<value>`, as often as wanted: the member has the \
                            value, as `filter.enabled=true`. Dots lead into members, lists are \
                            searched. The same member twice: one of the values.",
            "schema": {
                "type": "object",
                "propertyNames": {"pattern": "^filter\\.[A-Za-z_]+(\\.[A-Za-z_]+)*$"},
                "additionalProperties": {"type": "string"},
            },
            "example": {},
        },
    })
}

/// The name of the error answer with this status.
pub(super) fn error_name(status: u16) -> String {
    format!("Error{status}")
}

/// An error answer for each status in the table of codes.
pub(super) fn responses() -> Value {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    let response = |(status, codes): (u16, Vec<Code>)| {
        let listed: Vec<_> =
            codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
        let example = codes.first().map(|code| {
            json!({
                "type": format!("urn:sanmon:problem:{}", code.as_str()),
                "title": code.title(),
                "status": status,
                "code": code.as_str(),
                "detail": code.title(),
                "request_id": "01jd3x7c7v5xk9h7j7d6ymw2cr",
            })
        });
        let mut response = json!({
            "description": listed.join("; "),
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/ProblemDetails"},
                "example": example,
            }},
        });
        if let (Some((name, about)), Some(response)) =
            (error_header(status), response.as_object_mut())
        {
            let header = json!({"description": about, "schema": {"type": "string"}});
            response.insert("headers".to_owned(), json!({name: header}));
        }
        (error_name(status), response)
    };
    by_status.into_iter().map(response).collect::<Map<_, _>>().into()
}

fn error_header(status: u16) -> Option<(&'static str, &'static str)> {
    match status {
        401 => Some(("WWW-Authenticate", "How to show a key")),
        405 => Some(("Allow", "The methods of the path")),
        412 => Some(("ETag", "The revision at which the document is")),
        415 => Some(("Accept", "What the operation takes; of `PATCH`, in `Accept-Patch`")),
        429 | 503 => Some(("Retry-After", "Seconds after which trying again may help")),
        _ => None,
    }
}

/// Any one of these.
pub(super) fn security() -> Value {
    json!([
        {"bearer": []},
        {"apiKey": []},
        {"basic": []},
        {"otoroshiClientId": [], "otoroshiClientSecret": []},
    ])
}

/// How a key is shown.
pub(super) fn security_schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "An admin's key"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY", "description": "An admin's key"},
        "basic": {"type": "http", "scheme": "basic", "description": "An admin's id and key"},
        "otoroshiClientId": {"type": "apiKey", "in": "header", "name": "Otoroshi-Client-Id",
            "description": "An admin's id"},
        "otoroshiClientSecret": {"type": "apiKey", "in": "header", "name": "Otoroshi-Client-Secret",
            "description": "Its key"},
    })
}
