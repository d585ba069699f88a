//! The dialects that providers speak, as their references document them and by hand, so that the
//! gateway's codecs are not only tested against themselves. A dialect reads a request into what was
//! [`Heard`] and writes a [`Script`].

mod anthropic;
mod chat;
mod cohere;
mod converse;
mod frame;
mod gemini;
mod heard;
mod lists;
mod ollama;
mod responses;

use serde_json::{Value, json};

pub use heard::Heard;

use super::script::{End, Fault, Say, Script, call, weather};
use super::{Reply, Request};

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini.
    Gemini,
    /// Bedrock Converse.
    Converse,
    /// Cohere v2.
    Cohere,
    /// Ollama.
    Ollama,
}

/// What a dialect's module does.
struct Speaker {
    /// Reads a request.
    heard: fn(&Value) -> Heard,
    /// A whole answer.
    whole: fn(&Script, &str) -> Value,
    /// A streamed answer, framed, piece by piece.
    stream: fn(&Script, &str) -> Vec<Vec<u8>>,
    /// An error with its status.
    error: fn(u16) -> Value,
    /// An error in the middle of a stream, framed.
    late: fn() -> Vec<u8>,
    /// The content type of streams.
    stream_type: &'static str,
}

const SSE: &str = "text/event-stream";

impl Dialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[
        Self::Chat,
        Self::Responses,
        Self::Anthropic,
        Self::Gemini,
        Self::Converse,
        Self::Cohere,
        Self::Ollama,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Converse => "converse",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
        }
    }

    const fn speaker(self) -> &'static Speaker {
        match self {
            Self::Chat => &chat::SPEAKER,
            Self::Responses => &responses::SPEAKER,
            Self::Anthropic => &anthropic::SPEAKER,
            Self::Gemini => &gemini::SPEAKER,
            Self::Converse => &converse::SPEAKER,
            Self::Cohere => &cohere::SPEAKER,
            Self::Ollama => &ollama::SPEAKER,
        }
    }

    /// In which dialect a request is made, by its path.
    pub fn of(request: &Request) -> Option<Self> {
        let path = request.path.split('?').next().unwrap_or_default();
        Some(match path {
            _ if path.ends_with("/chat/completions") => Self::Chat,
            _ if path.ends_with("/v1/responses") => Self::Responses,
            _ if path.ends_with("/v1/messages") => Self::Anthropic,
            _ if path.ends_with("enerateContent") => Self::Gemini,
            _ if path.ends_with("/converse") || path.ends_with("/converse-stream") => {
                Self::Converse
            }
            "/v2/chat" => Self::Cohere,
            "/api/chat" => Self::Ollama,
            _ => return None,
        })
    }

    /// The model that is asked.
    pub fn model(self, request: &Request) -> String {
        let path = request.path.split('?').next().unwrap_or_default();
        let after = |mark: &str| path.split_once(mark).map_or("", |(_, rest)| rest).to_owned();
        match self {
            Self::Gemini => {
                let name = after("/models/");
                name.rsplit_once(':').map_or(name.clone(), |(model, _)| model.to_owned())
            }
            Self::Converse => {
                let name = after("/model/");
                let name =
                    name.rsplit_once('/').map_or(name.clone(), |(model, _)| model.to_owned());
                name.replace("%3A", ":").replace("%3a", ":")
            }
            _ => request.json()["model"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Whether a stream is asked for.
    pub fn streams(self, request: &Request) -> bool {
        match self {
            Self::Gemini => request.path.contains(":streamGenerateContent"),
            Self::Converse => request.path.ends_with("/converse-stream"),
            // Ollama streams unless told otherwise.
            Self::Ollama => request.json()["stream"] != Value::Bool(false),
            _ => request.json()["stream"] == Value::Bool(true),
        }
    }

    /// What a request says.
    pub fn heard(self, request: &Request) -> Heard {
        (self.speaker().heard)(&request.json())
    }

    /// The head of a streamed answer, and the pieces in which it is made.
    pub fn pieces(self, request: &Request, script: &Script) -> (Reply, Vec<Vec<u8>>) {
        let speaker = self.speaker();
        let headers = [("content-type", speaker.stream_type), ("transfer-encoding", "chunked")];
        let pieces = (speaker.stream)(script, &self.model(request));
        (Reply::empty().head(200, &headers), pieces)
    }

    /// The answer to a request, as scripted.
    pub fn reply(self, request: &Request, script: &Script) -> Reply {
        let speaker = self.speaker();
        let model = self.model(request);
        if let Some(Fault::Status(status)) = script.fault {
            return Reply::json(status, &(speaker.error)(status));
        }
        if self.streams(request) {
            let (head, pieces) = self.pieces(request, script);
            return streamed(speaker, script, head, pieces);
        }
        let whole = (speaker.whole)(script, &model);
        match script.fault {
            Some(Fault::Late) => Reply::json(200, &(speaker.error)(500)),
            Some(Fault::Cut | Fault::Closed) => {
                let text = whole.to_string();
                let length = text.len().to_string();
                let headers = [("content-type", "application/json"), ("content-length", &*length)];
                let half = text.as_bytes()[..text.len() / 2].to_vec();
                Reply::empty().head(200, &headers).bytes(half).close()
            }
            Some(Fault::Status(_)) | None => Reply::json(200, &whole),
        }
    }
}

fn streamed(speaker: &Speaker, script: &Script, head: Reply, mut pieces: Vec<Vec<u8>>) -> Reply {
    if script.fault.is_some() {
        // Something is said before it goes wrong, and no terminal event.
        pieces.truncate((pieces.len() / 2).max(1));
    }
    if script.fault == Some(Fault::Late) {
        pieces.push((speaker.late)());
    }
    let reply = pieces.iter().fold(head, super::reply::Reply::chunk);
    if script.fault == Some(Fault::Closed) { reply.close() } else { reply.end_chunks() }
}

/// Does what the model's name says, in the dialect that the request is made in:
///
/// - `text`: says something; `heard`: says what it was told, as JSON
/// - `tool`, `parallel`: calls one or two tools, and tells the results back when they are there
/// - `think`, `think-tool`: thinks first
/// - `agent`: reads the file that the prompt names, with whatever tool a coding agent has for it
/// - `length`, `filter`: ends so
/// - `fail-<status>`, `late`, `cut`, `closed`: goes wrong so
pub fn act(request: &Request) -> Option<Reply> {
    if request.path.contains("/v1/responses/") {
        return Some(responses::kept(request));
    }
    if request.method == "GET" {
        return lists::reply(request);
    }
    if request.path.ends_with("/v1/messages/count_tokens") {
        return Some(Reply::json(200, &json!({"input_tokens": 11})));
    }
    let dialect = Dialect::of(request)?;
    let heard = dialect.heard(request);
    Some(dialect.reply(request, &script(&dialect.model(request), &heard)))
}

/// What the model of this name says to that.
pub fn script(model: &str, heard: &Heard) -> Script {
    let text = "the sea is blue today";
    let calls = |calls: Vec<Say>| match heard.results() {
        results if results.is_empty() => Script::of(calls),
        results => Script::text(format!("the tools said: {}", results.join(", "))),
    };
    let thought = || Say::Reasoning("seas are usually blue".to_owned());
    // Some callers have a prefix of their own.
    let name = model.rsplit('/').next().unwrap_or_default();
    match name.split('-').collect::<Vec<_>>()[..] {
        ["heard"] => Script::text(heard.json()),
        ["tool"] => calls(vec![weather("call_1", "Nantes")]),
        ["parallel"] => calls(vec![weather("call_1", "Nantes"), weather("call_2", "Kyoto")]),
        ["think"] => Script::of(vec![thought(), Say::Text(text.to_owned())]),
        ["think", "tool"] => calls(vec![thought(), weather("call_1", "Nantes")]),
        ["agent"] => calls(vec![agent(heard)]),
        ["length"] => Script::text(text).ended(End::Length),
        ["filter"] => Script::text(text).ended(End::Filter),
        ["fail", status] => Script::text("").failing(Fault::Status(status.parse().unwrap())),
        ["late"] => Script::text(text).failing(Fault::Late),
        ["cut"] => Script::text(text).failing(Fault::Cut),
        ["closed"] => Script::text(text).failing(Fault::Closed),
        _ => Script::text(text),
    }
}

/// The call by which a coding agent reads the file `…/note.txt` of its prompt.
fn agent(heard: &Heard) -> Say {
    let words = heard.lines.iter().flat_map(|line| line.split_whitespace());
    let mut paths = words.filter(|word| word.starts_with('/') && word.ends_with("/note.txt"));
    let path = paths.next().unwrap_or("/note.txt");
    let has = |tool: &str| heard.tools.iter().any(|name| name == tool);
    let cat = format!("cat {path}");
    for (tool, arguments) in [
        ("Read", json!({"file_path": path})),
        ("exec_command", json!({"cmd": cat})),
        ("shell_command", json!({"command": cat})),
        ("shell", json!({"command": ["cat", path]})),
    ] {
        if has(tool) {
            return call("call_agent", tool, arguments);
        }
    }
    Say::Text(format!("no tool of {:?} reads files", heard.tools))
}

/// An event with a name and JSON, framed as server-sent events are.
fn named_event(name: &str, data: &Value) -> Vec<u8> {
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}

/// An event of JSON alone.
fn data_event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}
