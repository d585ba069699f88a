//! A whole answer, written for OpenAI's clients.

use crate::canonical::{
    Audio, Choice, Citation, Image, Part, Reasoning, Response, Source, ToolCall,
};
use crate::fidelity::{How, Losses};
use crate::format::{Asked, Format};
use crate::json::{ListWriter, ObjectWriter};

use super::super::request::write_google;
use super::super::{finish, logprobs, reasoning, usage};

/// Writes an answer.
pub(in crate::chat) fn encode(response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    body.text("id", &id(&response.id, asked));
    body.text("object", "chat.completion");
    body.value("created", &response.created.unwrap_or(asked.created));
    let model = if response.model.is_empty() { &asked.model } else { &response.model };
    body.text("model", model);
    let mut list = body.list("choices");
    for choice in &response.choices {
        write_choice(list.object(), choice, losses);
    }
    list.close();
    if let Some(counted) = &response.usage {
        usage::write(&mut body, counted, losses);
    }
    body.option("service_tier", response.service_tier.as_deref());
    body.option("system_fingerprint", response.system_fingerprint.as_deref());
    for extra in &response.extras {
        if extra.format == Format::Chat {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    write_fidelity(&mut body, losses);
    body.close();
    out
}

/// The answer's own id where it is one of this format, else one made of what the gateway gives.
pub(in crate::chat) fn id(own: &str, asked: &Asked) -> String {
    if own.starts_with("chatcmpl") { own.to_owned() } else { format!("chatcmpl-{}", asked.id) }
}

/// Says what could not be said, if anything.
pub(crate) fn write_fidelity(body: &mut ObjectWriter<'_>, losses: &Losses) {
    if losses.is_empty() {
        return;
    }
    let mut object = body.object("x_sanmon_fidelity");
    for (name, how) in [("dropped", How::Dropped), ("approximated", How::Approximated)] {
        let fields: Vec<&str> =
            losses.iter().filter(|loss| loss.how == how).map(|loss| &*loss.field).collect();
        if !fields.is_empty() {
            object.value(name, &fields);
        }
    }
    object.close();
}

/// What a message has in members of their own.
#[derive(Default)]
struct Sorted<'a> {
    text: String,
    /// The citations, and of how many characters the text before theirs is.
    citations: Vec<(&'a Citation, u64, u64)>,
    signature: Option<&'a str>,
    refusal: String,
    reasoning: Vec<&'a Reasoning>,
    calls: Vec<&'a ToolCall>,
    images: Vec<&'a Image>,
    audio: Option<&'a Audio>,
}

fn sort<'a>(choice: &'a Choice, losses: &mut Losses) -> Sorted<'a> {
    let mut sorted = Sorted::default();
    let mut before = 0;
    for part in &choice.content {
        match part {
            Part::Text(text) => {
                let end = before + text.text.chars().count() as u64;
                sorted.text.push_str(&text.text);
                let citations = text.citations.iter().map(|citation| (citation, before, end));
                sorted.citations.extend(citations);
                before = end;
                match &text.signature {
                    Some(signature) if signature.format == Format::Gemini => {
                        sorted.signature = Some(&signature.data);
                    }
                    Some(_) => losses.dropped("response.text.signature"),
                    None => {}
                }
            }
            Part::Refusal(refusal) => sorted.refusal.push_str(&refusal.text),
            Part::Reasoning(reasoning) => sorted.reasoning.push(reasoning),
            Part::ToolCall(call) => sorted.calls.push(call),
            Part::Image(image) => sorted.images.push(image),
            Part::Audio(audio) => {
                if sorted.audio.replace(audio).is_some() {
                    losses.dropped("response.audio");
                }
            }
            Part::Document(_) => losses.dropped("response.document"),
            Part::ToolResult(_) => losses.dropped("response.tool_result"),
            Part::Native(native) => losses.dropped(format!("response.{}", native.name)),
        }
    }
    sorted
}

fn write_choice(mut object: ObjectWriter<'_>, choice: &Choice, losses: &mut Losses) {
    object.value("index", &choice.index);
    let sorted = sort(choice, losses);
    let mut message = object.object("message");
    message.text("role", "assistant");
    let silent = sorted.text.is_empty();
    message.value("content", &Some(&sorted.text).filter(|_| !silent || speaks_not(&sorted)));
    message.value("refusal", &Some(&sorted.refusal).filter(|refusal| !refusal.is_empty()));
    write_reasoning(&mut message, &sorted.reasoning);
    if !sorted.citations.is_empty() {
        let mut written = Vec::new();
        let mut list = ListWriter::open(&mut written);
        for (citation, from, to) in sorted.citations {
            write_citation(&mut list, citation, from, to, losses);
        }
        let any = !list.is_empty();
        list.close();
        if any {
            message.key("annotations").extend_from_slice(&written);
        }
    }
    if let Some(audio) = sorted.audio {
        write_audio(message.object("audio"), audio);
    }
    if !sorted.images.is_empty() {
        let mut list = message.list("images");
        for image in sorted.images {
            write_image(list.object(), image);
        }
        list.close();
    }
    if !sorted.calls.is_empty() {
        let mut list = message.list("tool_calls");
        for call in sorted.calls {
            write_call(list.object(), call, losses);
        }
        list.close();
    }
    if let Some(signature) = sorted.signature {
        write_google(&mut message, signature);
    }
    message.close();
    logprobs::write(&mut object, &choice.logprobs);
    object.text("finish_reason", finish::write(choice.finish.as_ref(), losses));
    finish::write_stop(&mut object, choice.finish.as_ref());
    object.close();
}

/// Whether there is nothing in place of a text: then the text is empty, and not `null`.
fn speaks_not(sorted: &Sorted<'_>) -> bool {
    sorted.calls.is_empty() && sorted.refusal.is_empty() && sorted.audio.is_none()
}

fn write_reasoning(message: &mut ObjectWriter<'_>, blocks: &[&Reasoning]) {
    let shown: Vec<_> =
        blocks.iter().map(|block| block.shown()).filter(|text| !text.is_empty()).collect();
    if !shown.is_empty() {
        message.text("reasoning_content", &shown.join("\n\n"));
    }
    if blocks.iter().any(|block| reasoning::needs_details(block)) {
        let mut list = message.list("reasoning_details");
        for (index, block) in (0..).zip(blocks) {
            reasoning::write_details(&mut list, index, block);
        }
        list.close();
    }
}

/// Writes an annotation; `from` and `to` are where the text stands that relies on it.
pub(in crate::chat) fn write_citation(
    list: &mut ListWriter<'_>,
    citation: &Citation,
    from: u64,
    to: u64,
    losses: &mut Losses,
) {
    if let Some(native) = citation.native.as_ref().filter(|own| own.format == Format::Chat) {
        list.item().extend_from_slice(native.json.text().as_bytes());
        return;
    }
    let Some(url) = &citation.url else {
        losses.dropped("response.citations");
        return;
    };
    let (start, end) = citation.span.map_or((from, to), |(start, end)| (from + start, from + end));
    let mut object = list.object();
    object.text("type", "url_citation");
    let mut page = object.object("url_citation");
    page.value("start_index", &start);
    page.value("end_index", &end);
    page.text("title", citation.title.as_deref().unwrap_or_default());
    page.text("url", url);
    page.option("content", citation.cited.as_deref());
    page.close();
    object.close();
}

fn write_audio(mut object: ObjectWriter<'_>, audio: &Audio) {
    object.text("id", audio.id.as_deref().unwrap_or_default());
    object.text("data", &audio.data);
    object.value("expires_at", &audio.expires_at.unwrap_or_default());
    object.text("transcript", audio.transcript.as_deref().unwrap_or_default());
    object.close();
}

/// Writes a picture that the model made, as OpenRouter has it.
pub(in crate::chat) fn write_image(mut object: ObjectWriter<'_>, image: &Image) {
    object.text("type", "image_url");
    let mut inner = object.object("image_url");
    match &image.source {
        Source::Url(url) => inner.text("url", url),
        Source::Data { media_type, data } => inner.text("url", &Source::data_url(media_type, data)),
        Source::Text(text) => inner.text("url", text),
        Source::File { id, .. } => inner.text("url", id),
    }
    inner.close();
    object.close();
}

fn write_call(mut object: ObjectWriter<'_>, call: &ToolCall, losses: &mut Losses) {
    object.text("id", &call.id);
    let (kind, input) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
    object.text("type", kind);
    let mut inner = object.object(kind);
    inner.text("name", &call.name);
    inner.text(input, &call.arguments);
    inner.close();
    match &call.signature {
        Some(signature) if signature.format == Format::Gemini => {
            write_google(&mut object, &signature.data);
        }
        Some(_) => losses.dropped("response.tool_call.signature"),
        None => {}
    }
    object.close();
}
