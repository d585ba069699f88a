use sanmon_wire::json::{Object, Value, ValueKind, write_string};
use serde_json::{Map, Value as Json};

use crate::error::{Code, GatewayError};
use crate::expression::Path;

/// More places in one template are a mistake.
const MOST: usize = 1_000;

/// The text of a JSON object with places in its strings. What is filled in is escaped as strings are,
/// so that nothing that a caller sends adds messages or says who speaks.
pub(super) struct Template {
    places: Box<[Place]>,
    /// What follows the last place.
    end: Box<str>,
}

/// Some text, and the place after it.
struct Place {
    before: Box<str>,
    path: Path,
}

impl Template {
    pub(super) fn compile(template: Map<String, Json>) -> Result<Self, String> {
        if !template.get("messages").is_some_and(Json::is_array) {
            return Err("its \"messages\" are no list".to_owned());
        }
        let text = Json::Object(template).to_string();
        let mut places = Vec::new();
        let mut rest = text.as_str();
        // Two braces follow each other in strings only: an object begins with a name, or is over.
        while let Some((before, (name, after))) = rest
            .split_once("{{")
            .and_then(|(before, after)| Some((before, after.split_once("}}")?)))
        {
            if places.len() == MOST {
                return Err(format!("it has more than {MOST} places"));
            }
            let plain = !name.contains(['"', '\\', '{', '}']);
            let path = Path::parse(name.trim()).filter(|_| plain);
            let path = path.ok_or_else(|| format!("{{{{{name}}}}} is no name of a member"))?;
            places.push(Place { before: before.into(), path });
            rest = after;
        }
        Ok(Self { places: places.into(), end: rest.into() })
    }

    /// The body for a request with these members.
    pub(super) fn fill(&self, object: &Object<'_>, most: usize) -> Result<Vec<u8>, GatewayError> {
        let mut out = Vec::new();
        for place in &self.places {
            out.extend_from_slice(place.before.as_bytes());
            if let Some(value) = place.path.find(object) {
                write(&value, &mut out);
            }
            if out.len() > most {
                let text = format!("the prompt would be larger than {most} bytes");
                return Err(GatewayError::new(Code::BodyTooLarge, text));
            }
        }
        out.extend_from_slice(self.end.as_bytes());
        Ok(out)
    }
}

/// Writes a value as it stands in a JSON string.
fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    let text = match value.kind {
        ValueKind::Null => return,
        ValueKind::String => value.text().unwrap_or_default(),
        _ => String::from_utf8_lossy(value.raw),
    };
    let mut quoted = Vec::with_capacity(text.len() + 2);
    write_string(&mut quoted, &text);
    out.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default());
}
