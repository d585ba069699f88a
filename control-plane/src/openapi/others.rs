//! The paths that are not of one kind.

use serde_json::{Map, Value, json};

use super::insert;
use super::operation::{Operation, list, schema};
use crate::admin::BASE;

/// Adds them.
pub(super) fn add(paths: &mut Map<String, Value>, tags: &mut Vec<Value>) {
    for (name, about) in [
        ("transactions", "Writes over many kinds that become one revision, or none."),
        ("revisions", "The history of the configuration."),
        ("data-planes", "Who serves the configuration, and how far they are."),
        ("catalogue", "Which plugins and providers there are."),
        ("explain", "What would become of a request, without calling anyone."),
        ("transfer", "Everything out, and in again."),
        ("operations", "Probes, metrics and this document. They need no key."),
    ] {
        tags.push(json!({"name": name, "description": about}));
    }
    let mut at = |path: &str, method: &str, operation: Operation| {
        insert(paths, path, method, operation.build());
    };
    let api = |path: &str| format!("{BASE}{path}");
    at(&api("/transactions"), "post", transaction());
    at(&api("/revisions"), "get", revisions());
    at(&api("/revisions/{revision}"), "get", revision());
    at(&api("/revisions/{from}/diff/{to}"), "get", diff());
    at(&api("/revisions/{revision}/rollback"), "post", rollback());
    at(&api("/data-planes"), "get", data_planes());
    at(&api("/providers/{id}/health"), "get", provider_health());
    at(&api("/apikeys/{id}/quotas"), "get", quotas());
    at(&api("/apikeys/{id}/quotas"), "delete", reset_quotas());
    at(&api("/plugin-kinds"), "get", plugin_kinds());
    at(&api("/plugin-kinds/{name}"), "get", plugin_kind());
    at(&api("/provider-kinds"), "get", provider_kinds());
    at(&api("/explain"), "post", explain());
    at(&api("/export"), "get", export());
    at(&api("/import"), "post", import());
    at("/apis/openapi.json", "get", openapi());
    at("/livez", "get", probe("livez", "Whether the process serves"));
    at(
        "/readyz",
        "get",
        probe("readyz", "Whether it can be asked: the store answers").errors(&[503]),
    );
    at("/metrics", "get", metrics());
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn transaction() -> Operation {
    let example = json!({
        "message": "a provider and its route",
        "operations": [
            {"action": "put", "kind": "providers", "id": "provider_mock",
             "document": {"name": "mock", "provider": "mock"}},
            {"action": "create", "kind": "routes", "document": {
                "name": "mock",
                "plugins": [{
                    "plugin": "openai-chat-completions",
                    "config": {"refs": ["provider_mock"]},
                }],
            }},
        ],
    });
    Operation::write("runTransaction", "transactions", "Write many documents, all or none")
        .about(
            "The operations are done in their order and become one revision. References are \
             checked against the end result. Pointers of problems begin with \
             `/operations/<index>/`.",
        )
        .document(&schema("Transaction"), &example)
        .answer(200, "Done, or the plan of a dry run", &schema("WriteResult"), None)
        .errors(&[412])
}

fn revisions() -> Operation {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 100});
    Operation::keyed("listRevisions", "revisions", "List revisions, newest first")
        .query("before", "Only those before this one", &number())
        .query("limit", "How many at most", &limit)
        .answer(200, "A page, documents left out", &schema("RevisionPage"), None)
}

fn revision() -> Operation {
    Operation::keyed("getRevision", "revisions", "Read a revision with what it changed")
        .path("revision", "Its number", &number())
        .answer(200, "The revision, secrets masked", &schema("RevisionView"), None)
        .errors(&[404, 410])
}

fn diff() -> Operation {
    Operation::keyed("diffRevisions", "revisions", "How one revision differs from another")
        .path("from", "From this one; 0 is the empty configuration", &number())
        .path("to", "To this one, which may be older", &number())
        .answer(200, "Each document that differs, secrets masked", &schema("DiffView"), None)
        .errors(&[404, 410])
}

fn rollback() -> Operation {
    Operation::write("rollbackTo", "revisions", "Make the configuration what it was")
        .about("A new revision whose documents are those of the given one, secrets included.")
        .path("revision", "Its number", &number())
        .answer(200, "Done, or the plan of a dry run", &schema("WriteResult"), None)
        .errors(&[410])
}

fn data_planes() -> Operation {
    let planes = list(&schema("DataPlaneView"));
    Operation::keyed("listDataPlanes", "data-planes", "Who serves the configuration")
        .about("Data planes that were not heard of for ten minutes are forgotten.")
        .answer(200, "Every data plane that reported lately", &planes, None)
}

fn provider_health() -> Operation {
    let view = schema("ProviderHealthView");
    Operation::keyed("getProviderHealth", "data-planes", "How a provider is on each data plane")
        .about(
            "Breakers, credentials that their provider wants to be left alone, what probes find, \
             attempts and failures, for each credential and model.",
        )
        .path("id", "The provider's", &json!({"type": "string"}))
        .answer(200, "What each data plane that reported lately says", &view, None)
        .errors(&[404])
}

fn quotas() -> Operation {
    Operation::keyed("getApikeyQuotas", "apikeys", "How far the quotas of an apikey are used")
        .about(
            "What was used is the sum over all that count: the store that data planes have in common, \
             the data plane of this process, and each data plane elsewhere that counts on its own, as \
             it reported last, of the keys that were used last.",
        )
        .path("id", "The apikey's", &json!({"type": "string"}))
        .answer(200, "Each quota of the key, and who counts", &schema("QuotasView"), None)
        .errors(&[404])
}

fn reset_quotas() -> Operation {
    let view = schema("QuotasView");
    Operation::keyed("resetApikeyQuotas", "apikeys", "Make the quotas of an apikey whole again")
        .about("No revision: what was used is no configuration.")
        .path("id", "The apikey's", &json!({"type": "string"}))
        .answer(200, "They are", &view, None)
        .answer(202, "They will be, where `reset_pending` says so: within seconds", &view, None)
        .errors(&[403, 404])
}

fn plugin_kinds() -> Operation {
    Operation::keyed("listPluginKinds", "catalogue", "Which plugins there are").answer(
        200,
        "Every kind of plugin",
        &list(&schema("PluginKindInfo")),
        None,
    )
}

fn plugin_kind() -> Operation {
    Operation::keyed("getPluginKind", "catalogue", "Read a kind of plugin")
        .path("name", "Its name or alias", &json!({"type": "string", "minLength": 1}))
        .answer(200, "Phases, config schema, examples, aliases", &schema("PluginKindInfo"), None)
        .errors(&[404])
}

fn provider_kinds() -> Operation {
    Operation::keyed("listProviderKinds", "catalogue", "Which kinds of providers there are").answer(
        200,
        "Every kind of provider",
        &list(&schema("ProviderKindInfo")),
        None,
    )
}

fn explain() -> Operation {
    let example = json!({
        "method": "POST",
        "host": "api.example.com",
        "path": "/v1/chat/completions",
        "headers": {"content-type": "application/json"},
        "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]},
    });
    Operation::keyed("explainRequest", "explain", "Explain a request")
        .about(
            "Which route it would take and why others are not the one, which key it shows, which \
             plugins it would pass, who would be asked in which order and how, and what would be \
             lost on the way. Nobody is called, nothing is counted, and no secret is shown.",
        )
        .document(&schema("ExplainRequest"), &example)
        .answer(200, "What would become of it", &schema("Explanation"), None)
}

fn export() -> Operation {
    let lines =
        json!({"type": "string", "description": "A head, then `kind` and `document` per line."});
    let content = json!({
        "application/json": {"schema": schema("Export")},
        "application/yaml": {"schema": schema("Export")},
        "application/x-ndjson": {"schema": lines},
    });
    Operation::keyed("exportAll", "transfer", "Everything, secrets sealed")
        .about("Only for admins who may write: the hashes of keys are in it.")
        .raw(200, "Every document", Some(content), &[])
        .errors(&[403])
}

fn import() -> Operation {
    let mode = json!({"type": "string", "enum": ["merge", "replace"], "default": "merge"});
    let body = json!({
        "type": "object",
        "required": ["resources"],
        "properties": {
            "format": {"const": "sanmon.export/v1"},
            "resources": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "object"}},
            },
        },
    });
    let document = json!({"name": "mock", "provider": "mock", "id": "provider_mock"});
    let example =
        json!({"format": "sanmon.export/v1", "resources": {"providers": [document.clone()]}});
    let lines = json!({"type": "string", "description": "`kind` and `document` per line"});
    let line = format!("{}\n", json!({"kind": "providers", "document": document}));
    Operation::write("importAll", "transfer", "Take what an export gave")
        .query("mode", "What happens to documents that are not in it", &mode)
        .body(&[
            ("application/json", body.clone(), example.clone()),
            ("application/yaml", body, example),
            ("application/x-ndjson", lines, json!(line)),
        ])
        .answer(200, "Done, or the plan of a dry run", &schema("WriteResult"), None)
}

fn openapi() -> Operation {
    let content = json!({"application/json": {"schema": {"type": "object"}}});
    Operation::open("getOpenApi", "operations", "This document").raw(
        200,
        "This document",
        Some(content),
        &[],
    )
}

fn probe(name: &str, about: &str) -> Operation {
    let content = json!({"text/plain": {"schema": {"type": "string"}}});
    Operation::open(name, "operations", about).raw(200, "Yes", Some(content), &[])
}

fn metrics() -> Operation {
    let content = json!({"application/openmetrics-text": {"schema": {"type": "string"}}});
    Operation::open("metrics", "operations", "Metrics, as Prometheus reads them").raw(
        200,
        "Metrics",
        Some(content),
        &[],
    )
}
