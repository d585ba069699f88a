//! Templates: the text of a JSON array of messages, with `@{…}` where something of the request goes.
//!
//! Whatever is filled in stays a value: in a string it is escaped as strings are, outside of one it is
//! JSON. So nothing that a caller sends adds messages, or says who speaks.

use sanmon_shared::{Problem, resources};
use sanmon_wire::canonical::Message;
use sanmon_wire::chat;
use sanmon_wire::format::Codec as _;
use sanmon_wire::json::{Object, Value, ValueKind, write_string};
use serde_json::Value as Sample;

use crate::error::{Code, GatewayError};
use crate::expression::{Path, Scope, request_json};
use crate::plugin::BuildContext;

/// More places in one template are a mistake.
const MOST: usize = 1_000;

/// A template, compiled.
#[derive(Debug)]
pub struct PromptTemplate {
    places: Box<[Place]>,
    /// What follows the last place.
    end: Box<str>,
}

/// Some text, and the place after it.
#[derive(Debug)]
struct Place {
    before: Box<str>,
    root: Root,
    /// From there on; none for all of it.
    path: Option<Path>,
    in_string: bool,
}

/// What a path begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    /// The body of the request.
    Body,
    /// What is known of the request.
    Request,
    /// Of something that is not there.
    Nothing,
}

impl PromptTemplate {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::PromptTemplate,
        _: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let problem = |text: String| vec![Problem::at("/template", text)];
        let template = Self::parse(&document.template).map_err(problem)?;
        // With something in each place it has to be what it will be with what callers send.
        let mut sample = Vec::new();
        for place in &template.places {
            sample.extend_from_slice(place.before.as_bytes());
            sample.extend_from_slice(if place.in_string { b"x" } else { b"null" });
        }
        sample.extend_from_slice(template.end.as_bytes());
        match serde_json::from_slice(&sample) {
            Ok(Sample::Array(items)) if items.iter().all(may_be_message) => Ok(template),
            Ok(Sample::Null) if !template.places.is_empty() => Ok(template),
            Ok(_) => Err(problem("it is no JSON array of messages".to_owned())),
            Err(error) => Err(problem(format!("it is no JSON array of messages: {error}"))),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut places = Vec::new();
        let mut in_string = false;
        let mut rest = text;
        while let Some((before, (inner, after))) =
            rest.split_once("@{").and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            if places.len() == MOST {
                return Err(format!("it has more than {MOST} places"));
            }
            in_string = ends_in_string(before, in_string);
            let (root, path) = root(inner)?;
            places.push(Place { before: before.into(), root, path, in_string });
            rest = after;
        }
        Ok(Self { places: places.into(), end: rest.into() })
    }

    /// The messages for a request.
    pub fn messages(&self, scope: &Scope<'_>) -> Result<Vec<Message>, GatewayError> {
        let text = self.fill(scope)?;
        let bad = |detail: &str| {
            let text = "the messages that the template makes of this request cannot be read";
            GatewayError::new(Code::BadRequest, format!("{text}: {detail}"))
        };
        if !text.trim_ascii_start().starts_with(b"[") {
            return Err(bad("they are no list"));
        }
        // A request of its own, so that its messages are read like those of any other.
        let mut body = br#"{"messages":"#.to_vec();
        body.extend_from_slice(&text);
        body.push(b'}');
        let request = chat::OPENAI.decode_request(&body).map_err(|error| bad(&error.message))?;
        Ok(request.messages)
    }

    /// Its text, with something in every place.
    fn fill(&self, scope: &Scope<'_>) -> Result<Vec<u8>, GatewayError> {
        let limit = scope.limit();
        let about = if self.places.iter().any(|place| place.root == Root::Request) {
            request_json(scope).to_string()
        } else {
            "{}".to_owned()
        };
        let about = Object::scan(about.as_bytes()).ok();
        let mut out = Vec::new();
        for place in &self.places {
            out.extend_from_slice(place.before.as_bytes());
            let object = match place.root {
                Root::Body => scope.body.as_ref(),
                Root::Request => about.as_ref(),
                Root::Nothing => None,
            };
            match (object, &place.path) {
                (Some(object), Some(path)) => place.write(path.find(object), &mut out),
                (Some(object), None) => place.write_json(object.text(), &mut out),
                (None, _) => out.extend_from_slice(b"null"),
            }
            if out.len() > limit {
                return Err(scope.too_large());
            }
        }
        out.extend_from_slice(self.end.as_bytes());
        Ok(out)
    }
}

impl Place {
    fn write(&self, value: Option<Value<'_>>, out: &mut Vec<u8>) {
        match value {
            Some(value) if value.kind == ValueKind::String => match value.text() {
                Some(text) if self.in_string => escaped(&text, out),
                Some(_) => out.extend_from_slice(value.raw),
                None => out.extend_from_slice(b"null"),
            },
            Some(value) => self.write_json(value.raw, out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn write_json(&self, json: &[u8], out: &mut Vec<u8>) {
        if self.in_string {
            escaped(&String::from_utf8_lossy(json), out);
        } else {
            out.extend_from_slice(json);
        }
    }
}

/// Writes a text as it stands in a JSON string.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let at = out.len();
    write_string(out, text);
    out.remove(at);
    out.pop();
}

/// An object, or what stands for a place where one goes.
fn may_be_message(sample: &Sample) -> bool {
    sample.is_object() || sample.is_null()
}

/// Whether JSON that goes on from `in_string` stands in a string at its end.
fn ends_in_string(json: &str, mut in_string: bool) -> bool {
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            _ => {}
        }
    }
    in_string
}

/// Where a place finds its value.
fn root(text: &str) -> Result<(Root, Option<Path>), String> {
    let path = Path::parse(text.trim()).ok_or_else(|| format!("@{{{text}}} is no plain path"))?;
    let (first, rest) = path.split_first().unwrap_or_default();
    Ok((
        match first {
            "body" => Root::Body,
            "request" => Root::Request,
            _ => Root::Nothing,
        },
        rest,
    ))
}
