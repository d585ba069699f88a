use serde::Deserialize;

use super::{fields, tools};
use crate::canonical::{
    Effort, Message, Native, OutputFormat, Part, ReasoningRequest, Request, Role,
};
use crate::converse::content;
use crate::converse::types::{Kind, Message as WireMessage, Union};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object, string};
use crate::lenient::null_as_default;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default, deserialize_with = "null_as_default")]
    messages: Vec<WireMessage>,
    #[serde(default, deserialize_with = "null_as_default")]
    system: Vec<Union>,
    #[serde(default, deserialize_with = "null_as_default")]
    inference_config: InferenceConfig,
    #[serde(default, deserialize_with = "null_as_default")]
    tool_config: tools::ToolConfig,
    #[serde(default, deserialize_with = "null_as_default")]
    output_config: OutputConfig,
    #[serde(default)]
    additional_model_request_fields: Option<Json>,
    #[serde(default)]
    service_tier: Option<Kind>,
    #[serde(default)]
    request_metadata: Option<Json>,
}

/// What [`Body`] reads; other members are extras.
const KNOWN: &[&str] = &[
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "outputConfig",
    "additionalModelRequestFields",
    "serviceTier",
    "requestMetadata",
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig {
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    top_p: Option<f64>,
    #[serde(default, deserialize_with = "null_as_default")]
    stop_sequences: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputConfig {
    #[serde(default)]
    text_format: Option<TextFormat>,
    #[serde(default)]
    effort: Option<String>,
}

#[derive(Deserialize)]
struct TextFormat {
    #[serde(default)]
    structure: Option<Structure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structure {
    #[serde(default)]
    json_schema: Option<JsonSchema>,
}

/// The schema is a text within the JSON.
#[derive(Deserialize)]
struct JsonSchema {
    schema: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// Reads a request.
pub(in crate::converse) fn decode(body: &[u8], signatures: Format) -> Result<Request, BadRequest> {
    let object = Object::scan(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let read: Body = serde_json::from_slice(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let mut request = Request {
        messages: messages(read.messages, read.system, signatures)?,
        stream_usage: true,
        max_tokens: read.inference_config.max_tokens,
        temperature: read.inference_config.temperature,
        top_p: read.inference_config.top_p,
        stop: read.inference_config.stop_sequences,
        output: read.output_config.text_format.map(output).transpose()?.flatten(),
        service_tier: read.service_tier.and_then(|tier| tier.kind),
        ..Request::default()
    };
    if let Some(effort) = read.output_config.effort.as_deref().and_then(Effort::of) {
        request.reasoning =
            Some(ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() });
    }
    tools::decode(read.tool_config, &mut request);
    let extra =
        |name: &str, json: Json| Native { format: Format::Converse, name: name.to_owned(), json };
    if let Some(given) = read.additional_model_request_fields.filter(|json| !json.is_null()) {
        let rest = fields::decode(given, &mut request);
        request.extras.extend(rest.map(|rest| extra(fields::NAME, rest)));
    }
    if let Some(labels) = read.request_metadata.filter(|json| !json.is_null()) {
        match labels.read::<Labels>() {
            Some(Labels(labels)) => request.metadata = labels,
            None => request.extras.push(extra("requestMetadata", labels)),
        }
    }
    for (name, value) in object.iter() {
        if !KNOWN.contains(&&*name)
            && let Ok(text) = std::str::from_utf8(value.raw)
            && let Some(json) = Json::parse(text).filter(|json| !json.is_null())
        {
            request.extras.push(extra(&name, json));
        }
    }
    Ok(request)
}

/// Labels in the order in which they stand.
struct Labels(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("labels are texts");
        let object = Object::scan(json.text().as_bytes()).map_err(|_| wrong())?;
        let labels = object
            .iter()
            .map(|(name, value)| Some((name.into_owned(), string(value.raw)?.into_owned())));
        labels.collect::<Option<_>>().map(Self).ok_or_else(wrong)
    }
}

/// The conversation: the system texts, then the turns, tool results in messages of their own.
fn messages(
    turns: Vec<WireMessage>,
    system: Vec<Union>,
    signatures: Format,
) -> Result<Vec<Message>, BadRequest> {
    let mut messages = Vec::with_capacity(turns.len() + 1);
    let system = content::parts(system, signatures);
    if !system.is_empty() {
        messages.push(Message::new(Role::System, system));
    }
    for (index, turn) in turns.into_iter().enumerate() {
        let role = match turn.role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            other => {
                let message = format!("{other:?} is no role of Converse");
                return Err(BadRequest::new(format!("messages[{index}].role"), message));
            }
        };
        // What a turn says goes on in one message until a tool's result comes; results that follow each
        // other stand in one, over turns as well.
        let mut open = false;
        for part in content::parts(turn.content, signatures) {
            let result = role == Role::User && matches!(part, Part::ToolResult(_));
            let role = if result { Role::Tool } else { role };
            match messages.last_mut() {
                Some(last) if last.role == role && (result || open) => last.content.push(part),
                _ => messages.push(Message::new(role, vec![part])),
            }
            open = true;
        }
    }
    Ok(messages)
}

fn output(format: TextFormat) -> Result<Option<OutputFormat>, BadRequest> {
    let Some(given) = format.structure.and_then(|structure| structure.json_schema) else {
        return Ok(None);
    };
    let schema = Json::parse(given.schema).ok_or_else(|| {
        let path = "outputConfig.textFormat.structure.jsonSchema.schema";
        BadRequest::new(path, "the schema is no JSON")
    })?;
    Ok(Some(OutputFormat::JsonSchema {
        name: given.name,
        description: given.description,
        schema,
        strict: None,
    }))
}
