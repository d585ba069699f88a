//! Thoughts, in the members that vendors have for them.
//!
//! Text stands in `reasoning_content`, which most clients read. What a client has to send back for the
//! next turn (signatures, encrypted thoughts, ids, summaries) stands in `reasoning_details`, in the
//! form of OpenRouter: one entry per text, summary or encrypted thought, those of one block of thoughts
//! with the same `index`, and `format` says whose it is. Signatures of calls stand in
//! `extra_content.google.thought_signature`, as Google's own endpoint has them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::canonical::{Reasoning, Signature};
use crate::format::Format;
use crate::json::{Json, ListWriter, write_value};

use super::read;
use super::types::{Message, ThinkingBlock};

/// An entry of `reasoning_details`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Detail {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u64>,
}

const TEXT: &str = "reasoning.text";
const SUMMARY: &str = "reasoning.summary";
const ENCRYPTED: &str = "reasoning.encrypted";

/// OpenRouter's names of those who sign, and ours of those whom it does not know.
const FORMATS: &[(Format, &str)] = &[
    (Format::Anthropic, "anthropic-claude-v1"),
    (Format::Responses, "openai-responses-v1"),
    (Format::Gemini, "google-gemini-v1"),
    (Format::Converse, "bedrock-converse-v1"),
    (Format::Cohere, "cohere-v2"),
    (Format::Ollama, "ollama-v1"),
    (Format::Completions, "completions-v1"),
];

fn format_of(name: Option<&str>) -> Option<Format> {
    FORMATS.iter().find(|(_, known)| Some(*known) == name).map(|(format, _)| *format)
}

fn name_of(format: Format) -> Option<&'static str> {
    FORMATS.iter().find(|(known, _)| *known == format).map(|(_, name)| *name)
}

impl Detail {
    /// Reads an entry; whoever is unknown signs as this format, with the whole entry.
    pub(super) fn read(raw: &RawValue) -> Option<(Self, Option<Signature>)> {
        let mut detail: Self = serde_json::from_str(raw.get()).ok()?;
        let data = detail.signature.take().or_else(|| detail.data.take());
        let signature = data.filter(|data| !data.is_empty()).map(|data| {
            match format_of(detail.format.as_deref()) {
                Some(format) => Signature { format, data },
                None => Signature { format: Format::Chat, data: raw.get().to_owned() },
            }
        });
        Some((detail, signature))
    }

    /// Adds what the entry says to the block that it is of.
    fn join(self, signature: Option<Signature>, reasoning: &mut Reasoning) {
        if let Some(text) = self.text {
            reasoning.text.push_str(&text);
        }
        reasoning.summary.extend(self.summary);
        if signature.is_some() {
            reasoning.signature = signature;
        }
        if self.id.is_some() {
            reasoning.id = self.id;
        }
    }
}

/// The thoughts of a message.
pub(super) fn of_message(message: &Message<'_>) -> Vec<Reasoning> {
    let mut blocks = of_details(&message.reasoning_details);
    if blocks.is_empty() {
        blocks = message.thinking_blocks.iter().map(of_block).collect();
    }
    let text = shown(message);
    match (text, blocks.as_mut_slice()) {
        (Some(text), []) => blocks.push(Reasoning { text, ..Reasoning::default() }),
        // Signatures whose text stands beside them.
        (Some(text), [block]) if block.text.is_empty() && block.summary.is_empty() => {
            // Encrypted thoughts need no text; what is shown of them is theirs all the same.
            block.text = text;
            block.redacted = false;
        }
        _ => {}
    }
    blocks
}

/// The text of thoughts, which some vendors send twice.
pub(super) fn shown(message: &Message<'_>) -> Option<String> {
    read::text(message.reasoning_content).or_else(|| read::text(message.reasoning))
}

/// Entries, put together by their `index`, or their `id` where they have none.
fn of_details(entries: &[&RawValue]) -> Vec<Reasoning> {
    let mut blocks: Vec<Reasoning> = Vec::new();
    let mut last = None;
    for (detail, signature) in entries.iter().filter_map(|raw| Detail::read(raw)) {
        let key = (detail.index, detail.id.clone());
        let same =
            last.as_ref().is_some_and(|(index, id): &(Option<u64>, Option<String>)| {
                match (index, key.0) {
                    (Some(index), Some(other)) => *index == other,
                    _ => id.is_some() && *id == key.1,
                }
            });
        last = Some(key);
        if !same {
            blocks.push(Reasoning::default());
        }
        if let Some(block) = blocks.last_mut() {
            detail.join(signature, block);
        }
    }
    for block in &mut blocks {
        block.redacted = hides(block);
    }
    blocks
}

/// Whether there is a signature and nothing else: Anthropic's redacted thoughts. Responses' encrypted
/// ones have an id.
fn hides(block: &Reasoning) -> bool {
    block.text.is_empty()
        && block.summary.is_empty()
        && block.id.is_none()
        && block.signature.is_some()
}

fn of_block(block: &ThinkingBlock<'_>) -> Reasoning {
    let redacted = block.kind == "redacted_thinking";
    let data = if redacted { &block.data } else { &block.signature };
    let signature = data.as_deref().filter(|data| !data.is_empty());
    Reasoning {
        text: block.thinking.clone().unwrap_or_default(),
        signature: signature
            .map(|data| Signature { format: Format::Anthropic, data: data.to_owned() }),
        redacted,
        ..Reasoning::default()
    }
}

/// Whether there is more to a block than its text.
pub(super) fn needs_details(reasoning: &Reasoning) -> bool {
    reasoning.signature.is_some() || reasoning.id.is_some() || !reasoning.summary.is_empty()
}

/// Writes the entries of a block.
pub(super) fn write_details(list: &mut ListWriter<'_>, index: u64, reasoning: &Reasoning) {
    let signature = reasoning.signature.as_ref();
    if let Some(Signature { format: Format::Chat, data }) = signature
        && let Some(entry) = Json::parse(data.as_str())
        && data.starts_with('{')
    {
        list.item().extend_from_slice(entry.text().as_bytes());
        return;
    }
    let format = signature.and_then(|signature| name_of(signature.format)).map(str::to_owned);
    let entry = |kind: &str| Detail {
        kind: kind.to_owned(),
        id: reasoning.id.clone(),
        format: format.clone(),
        index: Some(index),
        ..Detail::default()
    };
    for summary in &reasoning.summary {
        let detail = Detail { summary: Some(summary.clone()), ..entry(SUMMARY) };
        write_value(list.item(), &detail);
    }
    let data = signature.map(|signature| signature.data.clone());
    let encrypted = reasoning.redacted
        || signature.is_some_and(|signature| signature.format == Format::Responses);
    if !reasoning.text.is_empty() || (data.is_some() && !encrypted) {
        let signature = data.clone().filter(|_| !encrypted);
        let text = Some(reasoning.text.clone());
        write_value(list.item(), &Detail { text, signature, ..entry(TEXT) });
    }
    if encrypted || (data.is_none() && reasoning.summary.is_empty() && reasoning.text.is_empty()) {
        write_value(list.item(), &Detail { data, ..entry(ENCRYPTED) });
    }
}
