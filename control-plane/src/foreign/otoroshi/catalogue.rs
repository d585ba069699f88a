//! What there is, for tools that find their way by it: kinds, plugins, and the version.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::catalogue::{Phase, PluginKindInfo};
use serde_json::{Value, json};

use super::answer::Answer;
use super::kinds::{KINDS, VERSION};
use super::schema;
use crate::admin::parts::{ApiError, Query, Shared};

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// `GET /apis/entities`: every kind, by which command lines know paths.
pub(super) async fn entities(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    let with_schema = query.one("schema")?.is_none_or(|text| text != "false");
    query.done()?;
    let schemas = shared.configuration.schemas();
    let kinds = KINDS.iter().map(|kind| {
        let schema = if with_schema { schema::of(kind, schemas) } else { json!(false) };
        json!({
            "kind": kind.name,
            "plural_name": kind.plural,
            "singular_name": kind.singular,
            "group": kind.group,
            "version": {
                "name": VERSION, "served": true, "deprecated": false, "storage": true,
                "schema": schema,
            },
        })
    });
    let kinds: Vec<_> = kinds.collect();
    answer.value(json!({"version": RELEASE, "resources": kinds}))
}

/// `GET /apis/plugins.json` and `GET /api/plugins/all`.
pub(super) async fn plugins(shared: Data<Shared>) -> HttpResponse {
    let plugins = shared.configuration.catalogue().plugins();
    let plugins: Vec<_> = plugins.iter().map(|info| plugin(info, &shared)).collect();
    HttpResponse::Ok()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .content_type("application/json")
        .body(Value::Array(plugins).to_string())
}

/// `GET /api/version`.
pub(super) async fn version() -> HttpResponse {
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let version = json!({
        "raw": RELEASE,
        "major": number(env!("CARGO_PKG_VERSION_MAJOR")),
        "minor": number(env!("CARGO_PKG_VERSION_MINOR")),
        "patch": number(env!("CARGO_PKG_VERSION_PATCH")),
        "build": null,
        "suffix": null,
        "suffix_version": null,
    });
    HttpResponse::Ok().content_type("application/json").body(version.to_string())
}

/// A plugin, by its name in Otoroshi where it has one.
fn plugin(info: &PluginKindInfo, shared: &Shared) -> Value {
    let id = info.aliases.iter().find(|alias| alias.starts_with("cp:")).unwrap_or(&info.name);
    let schema = shared.configuration.schemas().plugin(info.name).unwrap_or(&info.schema);
    let acts = |phases: &[Phase]| info.phases.iter().any(|phase| phases.contains(phase));
    json!({
        "id": id,
        "name": info.name,
        "description": info.about,
        "default_config": info.examples.first().cloned().unwrap_or_else(|| json!({})),
        "config_schema": schema,
        "config_flow": [],
        "no_js_form": true,
        "plugin_type": "ng",
        "plugin_visibility": "userland",
        "plugin_categories": [],
        "plugin_steps": info.phases.iter().map(|phase| step(*phase)).collect::<Vec<_>>(),
        "plugin_tags": [],
        "plugin_multi_inst": true,
        "plugin_backend_call_delegates": false,
        "on_request": acts(&[Phase::Preflight, Phase::Authorize, Phase::Request]),
        "on_response": acts(&[Phase::Response]),
    })
}

fn step(phase: Phase) -> &'static str {
    match phase {
        Phase::Match => "MatchRoute",
        Phase::Preflight => "PreRoute",
        Phase::Authorize => "ValidateAccess",
        Phase::Request => "TransformRequest",
        Phase::Backend => "CallBackend",
        Phase::Response => "TransformResponse",
    }
}
