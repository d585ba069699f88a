//! Which media types bodies have and answers get.

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header;

use super::error::{ApiError, Code};

/// In which form a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `application/json`, the default.
    Json,
    /// `application/yaml`, `application/x-yaml`, `text/yaml`, `text/x-yaml`.
    Yaml,
    /// `application/merge-patch+json`.
    MergePatch,
    /// `application/json-patch+json`.
    JsonPatch,
    /// `application/x-ndjson`, `application/ndjson`, `application/jsonl`: a JSON value per line.
    Lines,
}

/// What the documents of most operations may be.
pub(crate) const DOCUMENT: &[Form] = &[Form::Json, Form::Yaml];
/// What patches may be; plain JSON and YAML are merge patches.
pub(crate) const PATCH: &[Form] = &[Form::MergePatch, Form::JsonPatch, Form::Json, Form::Yaml];
/// What bulk operations take.
pub(crate) const LINES: &[Form] = &[Form::Lines];
/// What imports may be.
pub(crate) const ANY: &[Form] = &[Form::Lines, Form::Json, Form::Yaml];

impl Form {
    /// The media type as we write it.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::MergePatch => "application/merge-patch+json",
            Self::JsonPatch => "application/json-patch+json",
            Self::Lines => "application/x-ndjson",
        }
    }

    fn named(essence: &str) -> Option<Self> {
        Some(match essence {
            "application/json" | "text/json" => Self::Json,
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => Self::Yaml,
            "application/merge-patch+json" => Self::MergePatch,
            "application/json-patch+json" => Self::JsonPatch,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Lines,
            _ => return None,
        })
    }
}

/// The form of the request's body, one of `taken`; their first where nothing is said.
pub(crate) fn sent(request: &HttpRequest, taken: &[Form]) -> Result<Form, ApiError> {
    let refuse = |what: String| {
        let types: Vec<_> = taken.iter().map(|form| form.media_type()).collect();
        let types = types.join(", ");
        let name = if request.method() == actix_web::http::Method::PATCH {
            header::HeaderName::from_static("accept-patch")
        } else {
            header::ACCEPT
        };
        let detail = format!("{what}; the operation takes {types}");
        ApiError::new(Code::UnsupportedMediaType, detail).header(name, &types)
    };
    if let Some(coding) = request.headers().get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(refuse("the body is compressed".to_owned()));
    }
    if !request.headers().contains_key(header::CONTENT_TYPE) {
        return taken.first().copied().ok_or_else(|| refuse("no body is taken".to_owned()));
    }
    let essence = request.content_type().trim().to_ascii_lowercase();
    match Form::named(&essence) {
        Some(form) if taken.contains(&form) => Ok(form),
        _ => Err(refuse(format!("the body is {essence:?}"))),
    }
}

/// The form of the answer, one of `offered` (the first is the default), by `Accept`.
pub(crate) fn wanted(request: &HttpRequest, offered: &[Form]) -> Result<Form, ApiError> {
    let mut best: Option<(Form, u16)> = None;
    let mut said = false;
    for value in request.headers().get_all(header::ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        for range in value.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            said = true;
            let (essence, weight) = weighed(range);
            let Some(form) = matching(&essence, offered) else { continue };
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((form, weight));
            }
        }
    }
    match (best, said) {
        (Some((form, _)), _) => Ok(form),
        (None, false) => Ok(offered.first().copied().unwrap_or(Form::Json)),
        (None, true) => {
            let types: Vec<_> = offered.iter().map(|form| form.media_type()).collect();
            let detail = format!("the answer can be {}", types.join(", "));
            Err(ApiError::new(Code::NotAcceptable, detail))
        }
    }
}

/// A media range without parameters, and its weight in thousandths.
fn weighed(range: &str) -> (String, u16) {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .filter_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")))
        .find_map(|weight| weight.parse::<f32>().ok())
        .unwrap_or(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1000 before"
    )]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    (essence, thousandths)
}

fn matching(essence: &str, offered: &[Form]) -> Option<Form> {
    if essence == "*/*" || essence == "application/*" {
        return offered.first().copied();
    }
    if essence == "text/*" {
        return offered.iter().copied().find(|form| *form == Form::Yaml);
    }
    Form::named(essence).filter(|form| offered.contains(form))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accept(value: &str) -> Result<Form, Code> {
        let request = TestRequest::get().insert_header(("accept", value)).to_http_request();
        wanted(&request, DOCUMENT).map_err(|error| error.code)
    }

    #[test]
    fn the_answer_is_what_the_caller_likes_best() {
        assert_eq!(wanted(&TestRequest::get().to_http_request(), DOCUMENT).unwrap(), Form::Json);
        assert_eq!(accept("*/*"), Ok(Form::Json));
        assert_eq!(accept("text/html, application/yaml;q=0.9, */*;q=0.8"), Ok(Form::Yaml));
        assert_eq!(accept("application/yaml;q=0.2, application/json;q=0.7"), Ok(Form::Json));
        assert_eq!(accept("image/png"), Err(Code::NotAcceptable));
        assert_eq!(accept("application/json;q=0"), Err(Code::NotAcceptable));
    }

    #[test]
    fn the_body_is_what_the_caller_says_and_the_operation_takes() {
        let form = |kind: &str, taken| {
            let request = TestRequest::patch().insert_header(("content-type", kind));
            sent(&request.to_http_request(), taken).map_err(|error| error.code)
        };
        assert_eq!(form("Application/JSON; charset=utf-8", DOCUMENT), Ok(Form::Json));
        assert_eq!(form("text/yaml", DOCUMENT), Ok(Form::Yaml));
        assert_eq!(form("application/json-patch+json", PATCH), Ok(Form::JsonPatch));
        let refused = Err(Code::UnsupportedMediaType);
        assert_eq!(form("application/json-patch+json", DOCUMENT), refused);
        assert_eq!(form("text/plain", LINES), refused);
    }
}
