//! The resource that an answer is: the same whole, and in the events that begin and end a stream.

use std::io::Write;

use super::echo::DEFAULTS;
use super::error::failed_code;
use super::usage::Counted;
use crate::canonical::{Finish, Native, ProviderError};
use crate::fidelity::Losses;
use crate::format::{Asked, Format};
use crate::json::write_string;

/// What an answer is about, from its beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: i64,
}

/// Everything else of it, as far as it is known.
#[derive(Default)]
pub(super) struct State<'a> {
    pub(super) status: &'static str,
    pub(super) error: Option<&'a ProviderError>,
    pub(super) incomplete: Option<&'static str>,
    pub(super) usage: Option<Counted>,
    pub(super) service_tier: Option<&'a str>,
    pub(super) extras: &'a [Native],
}

/// The provider's id where it is one of this format, else one of the gateway.
pub(super) fn id(provider: &str, asked: &Asked) -> String {
    if provider.starts_with("resp_") { provider.to_owned() } else { format!("resp_{}", asked.id) }
}

impl Head {
    /// By what the provider says of it, else by what was asked.
    pub(super) fn new(id: &str, model: &str, created: Option<i64>, asked: &Asked) -> Self {
        Self {
            id: self::id(id, asked),
            model: if model.is_empty() { asked.model.clone() } else { model.to_owned() },
            created: created.unwrap_or(asked.created),
        }
    }
}

/// Writes the resource; `items` are its output, written and in order.
pub(super) fn write(
    out: &mut Vec<u8>,
    head: &Head,
    state: &State<'_>,
    asked: &Asked,
    items: &[Vec<u8>],
) {
    out.extend_from_slice(b"{\"id\":");
    write_string(out, &head.id);
    // Writing into memory does not fail.
    let _ = write!(out, ",\"object\":\"response\",\"created_at\":{}", head.created);
    out.extend_from_slice(b",\"completed_at\":");
    match state.status {
        "completed" => {
            let _ = write!(out, "{}", asked.created.max(head.created));
        }
        _ => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"status\":");
    write_string(out, state.status);
    out.extend_from_slice(b",\"error\":");
    match state.error {
        Some(error) => {
            out.extend_from_slice(b"{\"code\":");
            write_string(out, failed_code(error.kind));
            out.extend_from_slice(b",\"message\":");
            write_string(out, &error.message);
            out.push(b'}');
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"incomplete_details\":");
    match state.incomplete {
        Some(reason) => {
            out.extend_from_slice(b"{\"reason\":");
            write_string(out, reason);
            out.push(b'}');
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"model\":");
    write_string(out, &head.model);
    out.extend_from_slice(b",\"output\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(b"],\"usage\":");
    match &state.usage {
        Some(usage) => {
            let _ = serde_json::to_writer(&mut *out, usage);
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"service_tier\":");
    write_string(out, state.service_tier.unwrap_or("default"));
    let echo = asked.echo.as_ref().map_or(DEFAULTS, |echo| echo.text());
    let echo = echo.strip_prefix('{').and_then(|echo| echo.strip_suffix('}')).unwrap_or_default();
    if !echo.is_empty() {
        out.push(b',');
        out.extend_from_slice(echo.as_bytes());
    }
    for extra in state.extras.iter().filter(|extra| extra.format == Format::Responses) {
        out.push(b',');
        write_string(out, &extra.name);
        out.push(b':');
        out.extend_from_slice(extra.json.text().as_bytes());
    }
    out.push(b'}');
}

/// An answer's status by why it ended, and what is said of an incomplete one.
pub(super) fn ending(
    finish: Option<&Finish>,
    losses: &mut Losses,
) -> (&'static str, Option<&'static str>) {
    match finish {
        None | Some(Finish::Stop | Finish::ToolCalls) => ("completed", None),
        Some(Finish::Length) => ("incomplete", Some("max_output_tokens")),
        Some(Finish::ContentFilter) => ("incomplete", Some("content_filter")),
        Some(Finish::ContextWindow) => {
            losses.approximated("response.finish", "as the bound of output tokens");
            ("incomplete", Some("max_output_tokens"))
        }
        Some(Finish::Refusal) => {
            losses.approximated("response.finish", "as a filter's");
            ("incomplete", Some("content_filter"))
        }
        Some(Finish::StopSequence(_) | Finish::Pause | Finish::Other(_)) => {
            losses.approximated("response.finish", "as completed");
            ("completed", None)
        }
    }
}

/// Reports members that only another format knows.
pub(super) fn report_extra(extra: &Native, losses: &mut Losses) {
    if extra.format != Format::Responses {
        losses.dropped(format!("response.{}", extra.name));
    }
}
