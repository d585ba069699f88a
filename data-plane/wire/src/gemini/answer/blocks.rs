//! The blocks of one candidate. Gemini has no beginnings and ends: texts that follow each other are
//! one block, and whatever else comes is whole.

use super::super::media;
use super::super::request::{native_part, signature};
use super::super::types::{
    Candidate, CitationMetadata, GroundingMetadata, LogprobCandidate, LogprobsResult, Part as Wire,
};
use super::grounding;
use crate::canonical::{
    Delta, Finish, Part, Reasoning, Signature, Text, TokenLogprob, ToolCall, TopLogprob,
};
use serde_json::value::RawValue;

/// The state of one candidate.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    choice: u32,
    next: u32,
    open: Option<Open>,
    calls: u32,
    /// What the text relies on, as the last event that spoke of it has it.
    grounding: Option<GroundingMetadata>,
    repeated: Option<CitationMetadata>,
    /// Why it ended, once it has.
    pub(super) finish: Option<Finish>,
}

/// A block that may grow.
#[derive(Debug)]
struct Open {
    block: u32,
    thought: bool,
    /// The text so far: citations count its bytes.
    text: String,
}

impl Blocks {
    pub(super) fn new(choice: u32) -> Self {
        Self { choice, ..Self::default() }
    }

    /// Takes what an event says of this candidate. `seed` makes ids of calls that have none.
    pub(super) fn take(&mut self, candidate: Candidate<'_>, seed: &str, out: &mut Vec<Delta>) {
        for raw in &candidate.content.parts {
            self.part(raw, seed, out);
        }
        if let Some(result) = &candidate.logprobs_result {
            let tokens = logprobs(result);
            if !tokens.is_empty() {
                out.push(Delta::Logprobs { choice: self.choice, tokens });
            }
        }
        let metadata = candidate.grounding_metadata;
        let metadata = metadata.and_then(|metadata| serde_json::from_str(metadata.get()).ok());
        self.grounding = metadata.or(self.grounding.take());
        self.repeated = candidate.citation_metadata.or(self.repeated.take());
        if let Some(reason) = candidate.finish_reason.as_deref().filter(|reason| !reason.is_empty())
        {
            self.end(out);
            self.finish = Some(finish(reason, self.calls > 0));
        }
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        if let Some(open) = self.open.take() {
            out.push(Delta::Close { choice: self.choice, block: open.block });
        }
    }

    fn part(&mut self, raw: &RawValue, seed: &str, out: &mut Vec<Delta>) {
        let Ok(wire) = serde_json::from_str::<Wire>(raw.get()) else { return };
        let own = wire.thought_signature.and_then(signature);
        let part = if let Some(call) = wire.function_call {
            let arguments = call.args.filter(|args| !args.is_null());
            let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| self.make_id(seed));
            self.calls += 1;
            let (name, arguments) =
                (call.name, arguments.as_ref().map_or("{}", |args| args.text()));
            let part = ToolCall {
                id,
                name,
                arguments: String::new(),
                custom: false,
                signature: own,
                cache: None,
            };
            return self.whole(Part::ToolCall(part), Some(arguments.to_owned()), out);
        } else if let Some(blob) = wire.inline_data {
            media::inline(blob, None)
        } else if let Some(file) = wire.file_data {
            media::file(file, None)
        } else if let Some(text) = wire.text {
            return self.text(text, wire.thought, own, out);
        } else if own.is_some() {
            return self.text(String::new(), wire.thought, own, out);
        } else {
            None
        };
        if let Some(part) = part.or_else(|| native_part(raw)) {
            self.whole(part, None, out);
        }
    }

    fn text(
        &mut self,
        text: String,
        thought: bool,
        signature: Option<Signature>,
        out: &mut Vec<Delta>,
    ) {
        if text.is_empty() && signature.is_none() {
            return;
        }
        let choice = self.choice;
        // A signed text is a part of its own; a signature alone belongs to what came before it.
        let goes_on = self.open.as_ref().is_some_and(|open| {
            open.thought == thought && (thought || signature.is_none() || text.is_empty())
        });
        if !goes_on {
            self.close(out);
            let part = if thought {
                Part::Reasoning(Reasoning::default())
            } else {
                Part::Text(Text::default())
            };
            out.push(Delta::Open { choice, block: self.next, part });
            self.open = Some(Open { block: self.next, thought, text: String::new() });
            self.next += 1;
        }
        let Some(open) = &mut self.open else { return };
        let block = open.block;
        if !text.is_empty() {
            if !thought {
                open.text.push_str(&text);
            }
            out.push(Delta::Grow { choice, block, text });
        }
        if let Some(signature) = signature {
            out.push(Delta::Sign { choice, block, signature });
            self.close(out);
        }
    }

    /// A part that comes whole; what it grows by, for those that grow.
    fn whole(&mut self, part: Part, text: Option<String>, out: &mut Vec<Delta>) {
        self.close(out);
        let (choice, block) = (self.choice, self.next);
        self.next += 1;
        out.push(Delta::Open { choice, block, part });
        out.extend(text.map(|text| Delta::Grow { choice, block, text }));
        out.push(Delta::Close { choice, block });
    }

    /// An id for a call without one: letters, digits and `_`, within what others take.
    fn make_id(&self, seed: &str) -> String {
        let letters = seed.chars().filter(char::is_ascii_alphanumeric).take(24);
        let letters = letters.collect::<String>();
        format!("call_{letters}_{}{}", self.choice, self.calls)
    }

    /// Closes what is open for good. Citations come with the last event: they are about the text that
    /// is open by then.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) {
        if let Some(open) = self.open.as_ref().filter(|open| !open.thought) {
            let (choice, block) = (self.choice, open.block);
            let grounded =
                self.grounding.take().map(|metadata| grounding::read(&metadata, &open.text));
            let repeated = self.repeated.take();
            let repeated = repeated.map(|metadata| grounding::read_sources(&metadata, &open.text));
            let citations = grounded.into_iter().chain(repeated).flatten();
            out.extend(citations.map(|citation| Delta::Cite { choice, block, citation }));
        }
        self.close(out);
    }
}

fn logprobs(result: &LogprobsResult) -> Vec<TokenLogprob> {
    let top = |one: &LogprobCandidate| TopLogprob {
        token: one.token.clone(),
        logprob: one.log_probability,
        bytes: None,
    };
    let mut tops = result.top_candidates.iter();
    let chosen = result.chosen_candidates.iter();
    chosen
        .map(|one| TokenLogprob {
            token: one.token.clone(),
            logprob: one.log_probability,
            bytes: None,
            top: tops
                .next()
                .map_or_else(Vec::new, |list| list.candidates.iter().map(top).collect()),
        })
        .collect()
}

/// Why it ended. There is no reason for calls.
fn finish(reason: &str, calls: bool) -> Finish {
    match reason {
        "STOP" if calls => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" | "CONTINUATION" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "LANGUAGE" => Finish::ContentFilter,
        other => Finish::Other(other.to_owned()),
    }
}
