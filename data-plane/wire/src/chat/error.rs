//! Errors, in the envelopes that vendors have, and in OpenAI's own.

use crate::canonical::{ErrorKind, ProviderError};
use crate::json::{Elements, Object, ObjectWriter, Value};

/// What vendors' codes and types say more exactly than a status does.
const WORDS: &[(&str, ErrorKind)] = &[
    ("context_length_exceeded", ErrorKind::ContextLength),
    ("content_policy_violation", ErrorKind::ContentFilter),
    ("content_filter", ErrorKind::ContentFilter),
    ("moderation_blocked", ErrorKind::ContentFilter),
    ("insufficient_quota", ErrorKind::Billing),
    ("credit_balance_exhausted", ErrorKind::Billing),
    ("billing_hard_limit_reached", ErrorKind::Billing),
    ("billing_not_active", ErrorKind::Billing),
    ("invalid_api_key", ErrorKind::Authentication),
    ("authentication_error", ErrorKind::Authentication),
    ("permission_error", ErrorKind::Permission),
    ("model_not_found", ErrorKind::NotFound),
    ("not_found_error", ErrorKind::NotFound),
    ("rate_limit_exceeded", ErrorKind::RateLimit),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("server_is_overloaded", ErrorKind::Overloaded),
    ("slow_down", ErrorKind::Overloaded),
    ("overloaded_error", ErrorKind::Overloaded),
    ("service_unavailable_error", ErrorKind::Overloaded),
    ("timeout", ErrorKind::Timeout),
    ("server_error", ErrorKind::Server),
    ("internal_server_error", ErrorKind::Server),
    ("invalid_request_error", ErrorKind::InvalidRequest),
];

/// What messages say of a conversation that is too long, where no code says it.
const TOO_LONG: &[&str] =
    &["maximum context length", "context window", "context length", "too many tokens"];

/// More of a message is for nobody.
const LONGEST: usize = 2_000;

/// Reads an error body, or an event's data, that came with this status; 200 where an error came in
/// spite of a success.
pub(crate) fn read(status: u16, body: &[u8]) -> ProviderError {
    let mut said = told(body);
    said.status = Some(status).filter(|status| *status >= 400).or(said.status);
    let lower = said.message.to_ascii_lowercase();
    let kind = kind_of(&said, &lower);
    ProviderError {
        kind,
        status: said.status.unwrap_or_else(|| kind.status()),
        retry_after: retry_after(&lower),
        message: said.message,
        code: said.code.or(said.kind),
        param: said.param,
    }
}

/// The message of an error body, and the HTTP status that it names, as far as it says so: for logs, and
/// for errors that come with the status of a success.
pub fn upstream_error(body: &[u8]) -> (Option<String>, Option<u16>) {
    let said = told(body);
    (Some(said.message).filter(|message| !message.is_empty()), said.status)
}

/// What an error says of itself.
#[derive(Default)]
struct Said {
    message: String,
    code: Option<String>,
    /// Its type, or Google's word for the status.
    kind: Option<String>,
    param: Option<String>,
    /// The answer's own status, or the one that the body names.
    status: Option<u16>,
}

/// Whatever the envelope is.
fn told(body: &[u8]) -> Said {
    let body = body.trim_ascii();
    // Google's endpoint gives a list of one.
    let body = Elements::of(body).next().map_or(body, |first| first.raw);
    let Ok(object) = Object::scan(body) else {
        let text = String::from_utf8_lossy(body);
        // A page of HTML is no message.
        let message = if text.starts_with('<') { String::new() } else { short(&text) };
        return Said { message, ..Said::default() };
    };
    let first = |name: &str| object.first(name).filter(|value| !value.is_null());
    let inner = first("error").and_then(|error| error.object());
    let list = first("errors").and_then(|errors| Elements::of(errors.raw).next()?.object());
    let error = inner.as_ref().or(list.as_ref()).unwrap_or(&object);
    let member = |name: &str| error.first(name).filter(|value| !value.is_null());
    let message = member("message")
        .or_else(|| first("error"))
        .or_else(|| first("detail"))
        .or_else(|| first("message"))
        .map(|value| text_of(&value))
        .unwrap_or_default();
    let word = |name: &str| {
        let text = member(name).or_else(|| first(name))?.text()?;
        (!text.is_empty()).then(|| text.into_owned())
    };
    let number = |name: &str| {
        let value = member(name).or_else(|| first(name))?;
        let number = value.number().or_else(|| value.text()?.parse().ok())?;
        u16::try_from(number).ok().filter(|number| (400..600).contains(number))
    };
    Said {
        message: short(&message),
        code: word("code").filter(|code| code.parse::<u64>().is_err()),
        kind: word("type").or_else(|| word("status")),
        param: word("param"),
        status: number("code").or_else(|| number("status")).or_else(|| number("status_code")),
    }
}

/// What a message says: a text, or the texts of a list of complaints.
fn text_of(value: &Value<'_>) -> String {
    if let Some(text) = value.text() {
        return text.into_owned();
    }
    if let Some(detail) = value.object().and_then(|object| object.first("detail")) {
        return text_of(&detail);
    }
    let complaints = Elements::of(value.raw).filter_map(|complaint| {
        let complaint = complaint.object()?;
        let message = complaint.first("msg").or_else(|| complaint.first("message"))?.text()?;
        let place = complaint.first("loc").map(|place| {
            let steps = Elements::of(place.raw);
            let steps = steps.map(|step| {
                step.text().map_or_else(
                    || String::from_utf8_lossy(step.raw).into_owned(),
                    std::borrow::Cow::into_owned,
                )
            });
            steps.collect::<Vec<_>>().join(".")
        });
        Some(match place {
            Some(place) => format!("{place}: {message}"),
            None => message.into_owned(),
        })
    });
    let text = complaints.collect::<Vec<_>>().join("; ");
    if text.is_empty() { String::from_utf8_lossy(value.raw).into_owned() } else { text }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// `message` in lower case.
fn kind_of(said: &Said, message: &str) -> ErrorKind {
    let of_word = |word: &Option<String>| {
        let word = word.as_deref()?;
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
    };
    if let Some(kind) = of_word(&said.code) {
        return kind;
    }
    let of_status = said.status.map(ErrorKind::of_status);
    if matches!(of_status, None | Some(ErrorKind::InvalidRequest))
        && TOO_LONG.iter().any(|text| message.contains(text))
    {
        return ErrorKind::ContextLength;
    }
    match of_status {
        // The type says more than these do, and less than others: that of a 401 is
        // `invalid_request_error` as well.
        Some(ErrorKind::InvalidRequest | ErrorKind::Server | ErrorKind::RateLimit) | None => {
            of_word(&said.kind).or(of_status).unwrap_or(ErrorKind::Server)
        }
        Some(kind) => kind,
    }
}

/// Milliseconds, of `please try again in 6m0.5s`.
fn retry_after(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once("try again in ")?;
    let (mut total, mut number, mut any) = (0.0, String::new(), false);
    let mut letters = rest.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '0'..='9' => number.push(letter),
            '.' if letters.peek().is_some_and(char::is_ascii_digit) => number.push(letter),
            'h' | 'm' | 's' => {
                let milliseconds = letter == 'm' && letters.next_if_eq(&'s').is_some();
                let unit = match letter {
                    _ if milliseconds => 1.0,
                    'h' => 3_600_000.0,
                    'm' => 60_000.0,
                    _ => 1_000.0,
                };
                total += number.parse::<f64>().ok()? * unit;
                number.clear();
                any = true;
            }
            _ => break,
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "casts to whole numbers saturate, and no part of it is negative"
    )]
    (any && number.is_empty()).then_some(total.ceil() as u64)
}

/// Writes an error as OpenAI's clients read it.
pub(crate) fn write(error: &ProviderError) -> Vec<u8> {
    let (kind, code) = match error.kind {
        ErrorKind::InvalidRequest => ("invalid_request_error", None),
        ErrorKind::ContextLength => ("invalid_request_error", Some("context_length_exceeded")),
        ErrorKind::ContentFilter => ("invalid_request_error", Some("content_policy_violation")),
        ErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::Billing => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Permission => ("permission_error", None),
        ErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::TooLarge => ("invalid_request_error", Some("request_too_large")),
        ErrorKind::RateLimit => ("rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::Overloaded => ("service_unavailable_error", Some("server_is_overloaded")),
        ErrorKind::Timeout => ("server_error", Some("timeout")),
        ErrorKind::Server => ("server_error", None),
    };
    // What this format's clients act upon comes first; what only the vendor means, where there is no
    // such word.
    write_error(&error.message, kind, error.param.as_deref(), code.or(error.code.as_deref()))
}

/// An error in OpenAI's envelope; all four members are always there.
pub fn write_error(message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 128);
    let mut object = ObjectWriter::open(&mut out);
    let mut inner = object.object("error");
    inner.text("message", message);
    inner.text("type", kind);
    inner.value("param", &param);
    inner.value("code", &code);
    inner.close();
    object.close();
    out
}
