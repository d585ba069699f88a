//! Reads events into deltas.

use super::super::error;
use super::super::types::{GenerateContentResponse, GroundingMetadata, PromptFeedback};
use super::super::usage;
use super::blocks::Blocks;
use crate::canonical::{
    Delta, ErrorKind, Finish, Fold, Native, ProviderError, Response, Start, Usage,
};
use crate::format::{Failure, Format};
use crate::json::Json;
use serde_json::value::RawValue;

/// What events have said so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    started: bool,
    /// Something has ended the answer: nothing more is said.
    over: bool,
    blocks: Vec<Blocks>,
    usage: Option<Usage>,
    searches: u64,
    id: String,
    /// Members that only Gemini knows, said at the end: later events may repeat them.
    extras: Vec<Native>,
}

impl Reading {
    /// Takes an event.
    pub(super) fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) {
        if self.over {
            return;
        }
        match serde_json::from_slice::<GenerateContentResponse<'_>>(data) {
            Ok(event) => self.take(event, out),
            // Errors come in an array where the stream is none of events.
            Err(_) if data.trim_ascii_start().starts_with(b"[{") => {
                self.fail(error::read(200, data), out);
            }
            Err(_) => self.fail(
                ProviderError::new(
                    ErrorKind::Server,
                    "an event of the provider's stream is malformed",
                ),
                out,
            ),
        }
    }

    /// Ends with an error.
    pub(super) fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        if !std::mem::replace(&mut self.over, true) {
            out.push(Delta::Error(error));
        }
    }

    /// Nothing more comes: the answer is complete if every candidate has said why it ended.
    pub(super) fn finish(&mut self, out: &mut Vec<Delta>) {
        let complete = self.blocks.iter().all(|blocks| blocks.finish.is_some());
        if !self.over && complete && !self.blocks.is_empty() {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        self.over = true;
        for (choice, blocks) in (0..).zip(&mut self.blocks) {
            blocks.end(out);
            if let Some(finish) = blocks.finish.take() {
                out.push(Delta::Finish { choice, finish });
            }
        }
        out.extend(self.extras.drain(..).map(Delta::Extra));
        out.extend(self.usage.map(Delta::Usage));
        out.push(Delta::End);
    }

    fn take(&mut self, event: GenerateContentResponse<'_>, out: &mut Vec<Delta>) {
        if let Some(error) = event.error.filter(|error| error.get() != "null") {
            return self.fail(error::read_status(200, error.get()), out);
        }
        if !self.started {
            self.started = true;
            self.id.clone_from(&event.response_id);
            out.push(Delta::Start(Start {
                id: event.response_id.clone(),
                model: event.model_version.clone(),
                ..Start::default()
            }));
        }
        for candidate in event.candidates {
            if let Some(error) = candidate.finish_reason.as_deref().and_then(failed) {
                let message = candidate.finish_message.as_deref();
                let message = message.unwrap_or("the model's answer is malformed");
                let code = candidate.finish_reason.clone();
                let error =
                    ProviderError { status: 502, code, ..ProviderError::new(error, message) };
                return self.fail(error, out);
            }
            if candidate.index == 0 {
                self.extra("groundingMetadata", candidate.grounding_metadata);
                self.extra("urlContextMetadata", candidate.url_context_metadata);
            }
            if let Some(metadata) = candidate.grounding_metadata
                && let Ok(metadata) = serde_json::from_str::<GroundingMetadata>(metadata.get())
            {
                self.searches = self.searches.max(metadata.web_search_queries.len() as u64);
            }
            // More candidates than can be asked for are no answer to this request.
            if candidate.index < 64 {
                let seed = std::mem::take(&mut self.id);
                self.blocks(candidate.index).take(candidate, &seed, out);
                self.id = seed;
            }
        }
        if let Some(feedback) = event.prompt_feedback {
            self.feedback(feedback);
        }
        if let Some(counted) = &event.usage_metadata {
            self.usage = Some(Usage { web_searches: self.searches, ..usage::read(counted) });
        }
    }

    /// A prompt that is blocked is an answer without candidates.
    fn feedback(&mut self, feedback: &RawValue) {
        let read = serde_json::from_str::<PromptFeedback>(feedback.get()).unwrap_or_default();
        if read.block_reason.is_some_and(|reason| !reason.is_empty()) {
            self.extra("promptFeedback", Some(feedback));
            self.blocks(0).finish = Some(Finish::ContentFilter);
        }
    }

    fn extra(&mut self, name: &str, value: Option<&RawValue>) {
        let empty = |value: &&RawValue| matches!(value.get(), "null" | "{}");
        let json = value.filter(|value| !empty(value)).and_then(|value| Json::parse(value.get()));
        let Some(json) = json else { return };
        self.extras.retain(|extra| extra.name != name);
        self.extras.push(Native { format: Format::Gemini, name: name.to_owned(), json });
    }

    fn blocks(&mut self, choice: u32) -> &mut Blocks {
        let index = choice as usize;
        for number in self.blocks.len()..=index {
            self.blocks.push(Blocks::new(u32::try_from(number).unwrap_or(u32::MAX)));
        }
        &mut self.blocks[index]
    }
}

/// Reasons that are failures of the provider: trying again may help.
fn failed(reason: &str) -> Option<ErrorKind> {
    let failure = matches!(
        reason,
        "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE"
    );
    failure.then_some(ErrorKind::Server)
}

/// Reads a whole answer.
pub(in super::super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let invalid = || Failure::Invalid("the provider's answer is no Gemini answer".to_owned());
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Failure::Error(error::read(200, body)));
    }
    let event =
        serde_json::from_slice::<GenerateContentResponse<'_>>(body).map_err(|_| invalid())?;
    let (mut reading, mut deltas, mut fold) = (Reading::default(), Vec::new(), Fold::default());
    reading.take(event, &mut deltas);
    if !reading.over && reading.blocks.is_empty() {
        return Err(Failure::Invalid("the provider's answer has no candidates".to_owned()));
    }
    // It is all there, whether or not it says why it ended.
    if !reading.over {
        reading.end(&mut deltas);
    }
    for delta in deltas {
        fold.delta(delta);
    }
    match fold.finish() {
        Some(Ok(response)) => Ok(response),
        Some(Err(error)) => Err(Failure::Error(error)),
        None => Err(invalid()),
    }
}
