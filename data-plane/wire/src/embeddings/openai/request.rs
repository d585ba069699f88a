//! What a client asks for.

use super::super::{EmbedInput, EmbedRequest, EmbedTask, Truncate, VectorForm};
use crate::canonical::Source;
use crate::format::BadRequest;
use crate::json::{Elements, Json, Object, Value, ValueKind};

/// Members that mean something to every vendor, whatever it calls them.
const MEMBERS: &[&str] = &[
    "model",
    "input",
    "dimensions",
    "encoding_format",
    "user",
    "input_type",
    "task",
    "task_type",
    "taskType",
    "truncate",
    "truncation",
    "autoTruncate",
];

/// Whether requests have a word for a member, so that a provider gets it in its own.
pub fn is_member(name: &str) -> bool {
    MEMBERS.contains(&name)
}

/// Reads a body.
pub fn decode_request(body: &[u8]) -> Result<EmbedRequest, BadRequest> {
    let object = Object::scan(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let request = members(&object)?;
    if request.inputs.is_empty() {
        return Err(BadRequest::new("input", "there is nothing to embed"));
    }
    if request.inputs.iter().any(|input| input == &EmbedInput::Text(String::new())) {
        return Err(BadRequest::new("input", "an empty text has no vector"));
    }
    Ok(request)
}

impl EmbedRequest {
    /// Fills in what a provider's options say in the words of clients: what the request lacks, or all
    /// of it where the options `win`.
    pub fn fill(&mut self, options: &Object<'_>, win: bool) -> Result<(), BadRequest> {
        fn fill<T>(own: &mut Option<T>, option: Option<T>, win: bool) {
            if option.is_some() && (win || own.is_none()) {
                *own = option;
            }
        }
        let options = members(options)?;
        fill(&mut self.dimensions, options.dimensions, win);
        fill(&mut self.user, options.user, win);
        fill(&mut self.task, options.task, win);
        fill(&mut self.truncate, options.truncate, win);
        Ok(())
    }
}

fn members(object: &Object<'_>) -> Result<EmbedRequest, BadRequest> {
    let mut request = EmbedRequest::default();
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let text = || value.text().ok_or_else(|| BadRequest::new(&*name, "a string is expected"));
        match &*name {
            "model" => request.model = text()?.into_owned(),
            "input" => request.inputs = inputs(&value)?,
            "dimensions" => {
                let number = value.number();
                let number =
                    number.ok_or_else(|| BadRequest::new(&*name, "a whole number is expected"))?;
                request.dimensions = Some(number);
            }
            "encoding_format" => {
                request.form = match &*text()? {
                    "float" => VectorForm::Floats,
                    "base64" => VectorForm::Base64,
                    _ => {
                        return Err(BadRequest::new(&*name, "\"float\" or \"base64\" is expected"));
                    }
                }
            }
            "user" => request.user = Some(text()?.into_owned()),
            // Each vendor has its own name for it.
            "input_type" | "task" | "task_type" | "taskType" => match EmbedTask::of(&text()?) {
                Some(task) => request.task = Some(task),
                None => return Err(BadRequest::new(&*name, "there is no such task")),
            },
            "truncate" | "truncation" | "autoTruncate" => {
                request.truncate = Some(truncate(&value).ok_or_else(|| {
                    BadRequest::new(
                        &*name,
                        "true, false, \"NONE\", \"START\" or \"END\" is expected",
                    )
                })?);
            }
            _ => {
                let text = String::from_utf8_lossy(value.raw).into_owned();
                let json = Json::parse(text);
                let json = json.ok_or_else(|| BadRequest::new(&*name, "this is no JSON"))?;
                request.extras.push((name.into_owned(), json));
            }
        }
    }
    Ok(request)
}

fn truncate(value: &Value<'_>) -> Option<Truncate> {
    if let Some(cut) = value.bool() {
        return Some(if cut { Truncate::End } else { Truncate::Never });
    }
    match value.text()?.to_ascii_uppercase().as_str() {
        "NONE" => Some(Truncate::Never),
        "START" | "LEFT" => Some(Truncate::Start),
        "END" | "RIGHT" => Some(Truncate::End),
        _ => None,
    }
}

/// A text, several, tokens, or several of them; vendors with pictures take objects.
fn inputs(value: &Value<'_>) -> Result<Vec<EmbedInput>, BadRequest> {
    let wrong = || BadRequest::new("input", "a string, a list of strings, or tokens are expected");
    match value.kind {
        ValueKind::String | ValueKind::Object => Ok(vec![input(value).ok_or_else(wrong)?]),
        ValueKind::Array => {
            let first = Elements::of(value.raw).next();
            if first.is_some_and(|first| first.kind == ValueKind::Number) {
                return Ok(vec![input(value).ok_or_else(wrong)?]);
            }
            Elements::of(value.raw).map(|one| input(&one).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

fn input(value: &Value<'_>) -> Option<EmbedInput> {
    match value.kind {
        ValueKind::String => Some(EmbedInput::Text(value.text()?.into_owned())),
        ValueKind::Array => {
            let tokens = Elements::of(value.raw).map(|token| token.number());
            Some(EmbedInput::Tokens(tokens.collect::<Option<Vec<u64>>>()?))
        }
        ValueKind::Object => {
            let object = value.object()?;
            if let Some(text) = object.first("text").and_then(|text| text.text()) {
                return Some(EmbedInput::Text(text.into_owned()));
            }
            let image = object.first("image").or_else(|| object.first("image_url"))?;
            let inner = image.object().and_then(|image| image.first("url"));
            picture(&inner.unwrap_or(image).text()?)
        }
        _ => None,
    }
}

/// An address, a data URL, or bare base64.
fn picture(text: &str) -> Option<EmbedInput> {
    if let Some(data) = text.strip_prefix("data:") {
        let (media_type, data) = data.split_once(";base64,")?;
        let (media_type, data) = (media_type.to_owned(), data.to_owned());
        return Some(EmbedInput::Image(Source::Data { media_type, data }));
    }
    if text.contains("://") {
        return Some(EmbedInput::Image(Source::Url(text.to_owned())));
    }
    // By the first bytes of each format.
    let known = [("/9j/", "image/jpeg"), ("R0lG", "image/gif"), ("UklG", "image/webp")];
    let found = known.iter().find(|(first, _)| text.starts_with(first));
    let media_type = found.map_or("image/png", |(_, media_type)| media_type).to_owned();
    Some(EmbedInput::Image(Source::Data { media_type, data: text.to_owned() }))
}
