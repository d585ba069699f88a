use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::write_citation;
use crate::canonical::{Audio, CacheControl, Part, Reasoning, Text, ToolCall, ToolResult};
use crate::converse::ids::call_id;
use crate::converse::models::Model;
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};

/// In what a part stands: how its losses are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::converse) enum Side {
    /// In a message of a request.
    Request,
    /// In an answer.
    Response,
}

/// Writes parts as blocks.
pub(in crate::converse) struct Writer<'a> {
    pub(in crate::converse) side: Side,
    /// For which model; `None` in answers.
    pub(in crate::converse) model: Option<Model>,
    pub(in crate::converse) losses: &'a mut Losses,
    /// Names of documents so far: Bedrock wants each once.
    pub(super) documents: Vec<String>,
}

/// How reasoning is written.
enum Thought<'a> {
    Text { text: Cow<'a, str>, signature: Option<&'a str> },
    Redacted(&'a str),
}

impl<'a> Writer<'a> {
    pub(in crate::converse) fn new(
        side: Side,
        model: Option<Model>,
        losses: &'a mut Losses,
    ) -> Self {
        Self { side, model, losses, documents: Vec::new() }
    }

    pub(super) fn field(&self, name: &str) -> String {
        let side = match self.side {
            Side::Request => "messages",
            Side::Response => "response",
        };
        format!("{side}.{name}")
    }

    pub(super) fn dropped(&mut self, name: &str) {
        self.losses.dropped(self.field(name));
    }

    /// Whether anything of this part is written. What is not is noted.
    pub(in crate::converse) fn admits(&mut self, part: &Part) -> bool {
        match part {
            Part::Text(text) => !text.text.trim().is_empty(),
            Part::Reasoning(reasoning) => self.thought(reasoning).is_some(),
            Part::Native(native) if native.format != Format::Converse => {
                self.dropped(&native.name);
                false
            }
            // The caller's to say, in no answer.
            Part::ToolResult(_) if self.side == Side::Response => {
                self.dropped("tool_result");
                false
            }
            Part::Audio(audio) if audio.data.is_empty() && audio.transcript.is_none() => {
                self.dropped("audio");
                false
            }
            _ => true,
        }
    }

    /// Writes a part that is admitted.
    pub(in crate::converse) fn part(
        &mut self,
        list: &mut ListWriter<'_>,
        part: &Part,
    ) -> Result<(), Unsupported> {
        let cache = match part {
            Part::Text(text) => {
                self.text(list, text);
                &text.cache
            }
            Part::Image(image) => {
                self.image(list, image)?;
                &image.cache
            }
            Part::Document(document) => {
                self.document(list, document)?;
                &document.cache
            }
            Part::ToolCall(call) => {
                self.tool_call(list, call);
                &call.cache
            }
            Part::ToolResult(result) => {
                self.tool_result(list, result)?;
                &result.cache
            }
            Part::Audio(audio) => {
                self.audio(list, audio);
                &None
            }
            Part::Reasoning(reasoning) => {
                self.reasoning(list, reasoning);
                &None
            }
            Part::Refusal(refusal) => {
                self.losses.approximated(self.field("refusal"), "as text");
                text_block(list, &refusal.text);
                &None
            }
            Part::Native(native) => {
                let mut block = list.object();
                block.json(&native.name, &native.json);
                block.close();
                &None
            }
        };
        self.cache_point(list, cache.as_ref());
        Ok(())
    }

    /// Writes a part of an answer; what Bedrock has no form for is noted.
    pub(in crate::converse) fn answer_part(&mut self, list: &mut ListWriter<'_>, part: &Part) {
        // Whatever refuses does so before it writes.
        if let Err(refused) = self.part(list, part) {
            let name = refused.field.rsplit('.').next().unwrap_or_default();
            self.losses.dropped_for(self.field(name), "Bedrock has no form for it");
        }
    }

    /// Writes a cache point after what it marks.
    pub(in crate::converse) fn cache_point(
        &mut self,
        list: &mut ListWriter<'_>,
        cache: Option<&CacheControl>,
    ) {
        let Some(cache) = cache else { return };
        if self.model.is_some_and(|model| !model.cache) {
            let field = self.field("cache");
            self.losses.refused_by_model(field, "the model takes no cache points");
            return;
        }
        let mut block = list.object();
        write_cache_point(&mut block, cache);
        block.close();
    }

    fn text(&mut self, list: &mut ListWriter<'_>, text: &Text) {
        if text.signature.is_some() {
            self.dropped("text.signature");
        }
        if text.citations.is_empty() {
            text_block(list, &text.text);
            return;
        }
        let mut block = list.object();
        let mut cited = block.object("citationsContent");
        let mut content = cited.list("content");
        text_block(&mut content, &text.text);
        content.close();
        let mut citations = cited.list("citations");
        for one in &text.citations {
            if one.span.is_some() {
                self.losses.dropped(self.field("citations.span"));
            }
            write_citation(citations.item(), one);
        }
        citations.close();
        cited.close();
        block.close();
    }

    fn audio(&mut self, list: &mut ListWriter<'_>, audio: &Audio) {
        if audio.data.is_empty() {
            self.losses.approximated(self.field("audio"), "as what is said in it");
            text_block(list, audio.transcript.as_deref().unwrap_or_default());
            return;
        }
        if audio.id.is_some() || audio.transcript.is_some() || audio.expires_at.is_some() {
            self.losses.approximated(self.field("audio"), "without its id and transcript");
        }
        let mut block = list.object();
        let mut object = block.object("audio");
        object.text("format", &audio.format);
        let mut source = object.object("source");
        source.text("bytes", &audio.data);
        source.close();
        object.close();
        block.close();
    }

    fn tool_call(&mut self, list: &mut ListWriter<'_>, call: &ToolCall) {
        if call.signature.is_some() {
            self.dropped("tool_call.signature");
        }
        let mut block = list.object();
        let mut object = block.object("toolUse");
        object.text("toolUseId", &self.call_id(&call.id));
        object.text("name", &call.name);
        if !call.custom && is_object(&call.arguments) {
            object.key("input").extend_from_slice(call.arguments.as_bytes());
        } else {
            let field =
                self.field(if call.custom { "tool_call.custom" } else { "tool_call.arguments" });
            self.losses.approximated(field, "as the member `input` of an object");
            let mut input = object.object("input");
            input.text("input", &call.arguments);
            input.close();
        }
        object.close();
        block.close();
    }

    fn call_id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        call_id(id, self.model.is_some_and(|model| model.nine_letter_ids))
    }

    fn tool_result(
        &mut self,
        list: &mut ListWriter<'_>,
        result: &ToolResult,
    ) -> Result<(), Unsupported> {
        let mut block = list.object();
        let mut object = block.object("toolResult");
        object.text("toolUseId", &self.call_id(&result.call_id));
        let mut content = object.list("content");
        for part in &result.content {
            if self.admits(part) {
                self.part(&mut content, part)?;
            }
        }
        content.close();
        if result.is_error {
            if self.model.is_none_or(|model| model.result_status) {
                object.text("status", "error");
            } else {
                let field = self.field("tool_result.is_error");
                self.losses.refused_by_model(field, "the model takes no status of results");
            }
        }
        object.close();
        block.close();
        Ok(())
    }

    fn reasoning(&mut self, list: &mut ListWriter<'_>, reasoning: &Reasoning) {
        let Some(thought) = self.thought(reasoning) else { return };
        let mut block = list.object();
        let mut content = block.object("reasoningContent");
        match thought {
            Thought::Redacted(data) => content.text("redactedContent", data),
            Thought::Text { text, signature } => {
                let mut object = content.object("reasoningText");
                object.text("text", &text);
                object.option("signature", signature);
                object.close();
            }
        }
        content.close();
        block.close();
    }

    /// How reasoning is written, if it is. Claude takes back what it signed and nothing else.
    fn thought<'r>(&mut self, reasoning: &'r Reasoning) -> Option<Thought<'r>> {
        let claude = self.model.is_some_and(|model| model.claude().is_some());
        let signature = reasoning.signature.as_ref();
        let own = signature.filter(|signature| match signature.format {
            Format::Converse => true,
            Format::Anthropic => !reasoning.redacted && (claude || self.side == Side::Response),
            _ => false,
        });
        let own = own.map(|signature| signature.data.as_str());
        if signature.is_some() && own.is_none() {
            self.dropped("reasoning.signature");
        }
        if reasoning.redacted {
            if own.is_none() {
                self.dropped("reasoning");
            }
            return own.map(Thought::Redacted);
        }
        let text = reasoning.shown();
        if own.is_none() && (claude || text.is_empty()) {
            if !text.is_empty() {
                self.dropped("reasoning");
            }
            return None;
        }
        Some(Thought::Text { text, signature: own })
    }
}

/// `{"text": …}`.
pub(super) fn text_block(list: &mut ListWriter<'_>, text: &str) {
    let mut block = list.object();
    block.text("text", text);
    block.close();
}

/// `"cachePoint": …`.
pub(in crate::converse) fn write_cache_point(object: &mut ObjectWriter<'_>, cache: &CacheControl) {
    let mut point = object.object("cachePoint");
    point.text("type", "default");
    point.option("ttl", cache.ttl.as_ref());
    point.close();
}

/// Whether a text is a JSON object.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}
