//! Writes a request.

use super::super::Gemini;
use super::super::models::{Model, model};
use super::{contents, generation, tools};
use crate::canonical::Request;
use crate::fidelity::Losses;
use crate::format::{Format, Target, Unsupported};
use crate::json::ObjectWriter;

/// What the pieces of an encoder share.
pub(super) struct Encoding<'a> {
    pub(super) dialect: Gemini,
    pub(super) request: &'a Request,
    pub(super) target: &'a Target<'a>,
    pub(super) model: Model,
}

/// Writes a body. Model and streaming stand in the address.
pub(in super::super) fn encode(
    dialect: Gemini,
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    if request.previous_response_id.is_some() {
        return Err(Unsupported::new("previous_response_id", "the provider keeps no answers"));
    }
    let encoding = Encoding { dialect, request, target, model: model(target.model) };
    let mut out = Vec::with_capacity(1_024);
    let mut object = ObjectWriter::open(&mut out);
    contents::write(&encoding, &mut object, losses)?;
    tools::write(&encoding, &mut object, losses)?;
    generation::write(&encoding, &mut object, losses);
    labels(&encoding, &mut object, losses);
    for extra in &request.extras {
        if extra.format != Format::Gemini {
            losses.dropped(extra.name.clone());
        } else if !extra.name.contains('.') {
            object.json(&extra.name, &extra.json);
        }
    }
    object.close();
    Ok(out)
}

/// What is about the request and not for the model.
fn labels(encoding: &Encoding<'_>, object: &mut ObjectWriter<'_>, losses: &mut Losses) {
    let request = encoding.request;
    if !request.metadata.is_empty() {
        if encoding.dialect == Gemini::Vertex {
            let mut labels = object.object("labels");
            for (name, value) in &request.metadata {
                labels.text(name, value);
            }
            labels.close();
        } else {
            losses.dropped("metadata");
        }
    }
    match request.service_tier.as_deref() {
        None | Some("auto") => {}
        Some("default") => object.text("serviceTier", "standard"),
        Some(tier @ ("flex" | "priority")) => object.text("serviceTier", tier),
        Some(_) => losses.dropped("service_tier"),
    }
    match (encoding.dialect, request.store) {
        (_, None) | (Gemini::Vertex, Some(false)) => {}
        (Gemini::AiStudio, Some(store)) => object.value("store", &store),
        (Gemini::Vertex, Some(true)) => losses.dropped("store"),
    }
    for (field, there) in [
        ("user", request.user.is_some()),
        ("safety_identifier", request.safety_identifier.is_some()),
        ("prompt_cache_key", request.prompt_cache_key.is_some()),
        ("cache", request.cache.is_some()),
    ] {
        if there {
            losses.dropped(field);
        }
    }
}
