//! Which plugins there are, and what documents and configs have to look like.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer;
use super::kinds::Collection;
use super::plugins::{self, KEY_AUTH, Listed};
use super::refusal::Refusal;
use super::request::Call;
use crate::configuration::Configuration;

/// `plugins/list`, `plugins/reload`, `plugins/{name}` and `plugins?all=true`.
pub(super) fn plugins(
    call: &Call,
    path: &[String],
    configuration: &Configuration,
) -> Result<HttpResponse, Refusal> {
    if path == ["reload"] {
        // What is written is served at once; there is nothing to be done.
        return match call.method {
            Method::PUT => Ok(HttpResponse::Ok().content_type("text/plain").body("done")),
            _ => Err(Refusal::method(call.method.as_str(), "plugins reload")),
        };
    }
    let there = || plugins::listed(configuration).filter(|_| is_http(call));
    subsystem(call)?;
    if call.method != Method::GET {
        return Err(Refusal::not_found("not found"));
    }
    let body = match path {
        [] if call.flag("all") => {
            let described = |listed: &Listed| {
                let schema = plugins::schema(configuration, listed);
                let about = json!({
                    "priority": listed.priority, "version": 0.1, "schema": schema,
                });
                (listed.name.to_owned(), about)
            };
            Value::Object(there().map(described).collect::<Map<_, _>>())
        }
        [] => there().map(|listed| listed.name).collect(),
        [list] if list == "list" => there().map(|listed| listed.name).collect(),
        [name] => plugin(call, name, configuration)?,
        _ => return Err(Refusal::not_found("not found")),
    };
    Ok(answer::json(StatusCode::OK, &body))
}

/// `schema/{kind}` and `schema/plugins/{name}`.
pub(super) fn schema(
    call: &Call,
    path: &[String],
    configuration: &Configuration,
) -> Result<HttpResponse, Refusal> {
    if call.method != Method::GET {
        return Err(Refusal::not_found("not found"));
    }
    let unknown = |name: &str| Refusal::bad(format!("not found schema: {name}"));
    let schema = match path {
        [plugins, name] if plugins == "plugins" => plugin(call, name, configuration)?,
        [name] if name == "credential" => Collection::credentials("").schema(),
        [name] => Collection::of(name).ok_or_else(|| unknown(name))?.schema(),
        _ => return Err(unknown(&path.join("/"))),
    };
    Ok(answer::json(StatusCode::OK, &schema))
}

/// The schema of a plugin's config, on the side of routes or of consumers.
fn plugin(call: &Call, name: &str, configuration: &Configuration) -> Result<Value, Refusal> {
    subsystem(call)?;
    let listed =
        plugins::named(configuration, name).filter(|_| is_http(call)).ok_or_else(|| {
            let subsystem = call.parameter("subsystem").unwrap_or("http");
            Refusal::not_found(format!("plugin not found in subsystem {subsystem}"))
        })?;
    if name == KEY_AUTH && call.parameter("schema_type") == Some("consumer") {
        return Ok(json!({
            "type": "object",
            "properties": {"key": {"type": "string", "minLength": 8, "writeOnly": true}},
            "required": ["key"],
        }));
    }
    Ok(plugins::schema(configuration, listed))
}

fn subsystem(call: &Call) -> Result<(), Refusal> {
    match call.parameter("subsystem") {
        None | Some("http" | "stream") => Ok(()),
        Some(other) => Err(Refusal::bad(format!("unsupported subsystem: {other}"))),
    }
}

fn is_http(call: &Call) -> bool {
    call.parameter("subsystem") != Some("stream")
}
