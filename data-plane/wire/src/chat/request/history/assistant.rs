//! What the model said: its words, thoughts and calls.

use std::borrow::Cow;

use crate::canonical::{Audio, Message, Part, Reasoning, Signature, Text, ToolCall};
use crate::format::{Format, Unsupported};
use crate::json::ObjectWriter;

use super::{Writer, joined};
use crate::chat::dialect::History;
use crate::chat::reasoning;

impl Writer<'_> {
    pub(super) fn assistant(
        &mut self,
        mut object: ObjectWriter<'_>,
        message: &Message,
    ) -> Result<(), Unsupported> {
        object.text("role", "assistant");
        self.name(&mut object, message);
        let (mut parts, mut calls, mut thoughts, mut refusals) = (vec![], vec![], vec![], vec![]);
        for part in &message.content {
            match part {
                Part::ToolCall(call) => calls.push(call),
                Part::Reasoning(reasoning) if self.chat.history == History::Parts => {
                    self.unsigned(reasoning);
                    if reasoning.redacted {
                        self.losses.dropped("messages.reasoning");
                    } else {
                        parts.push(part);
                    }
                }
                Part::Reasoning(reasoning) => thoughts.push(reasoning),
                Part::Refusal(refusal) if self.chat.developer => refusals.push(&*refusal.text),
                Part::Audio(audio) => self.spoken(&mut object, audio),
                Part::Native(native)
                    if native.format == Format::Chat && native.name == "message.prefix" =>
                {
                    object.json("prefix", &native.json);
                }
                Part::Text(text) => {
                    if !text.citations.is_empty() {
                        self.losses.dropped("messages.citations");
                    }
                    self.text_signature(&mut object, text);
                    parts.push(part);
                }
                Part::Refusal(_) => {
                    self.losses.approximated("messages.refusal", "as text");
                    parts.push(part);
                }
                _ => parts.push(part),
            }
        }
        if parts.is_empty() {
            object.key("content").extend_from_slice(b"null");
        } else {
            self.content(&mut object, &parts)?;
        }
        if !refusals.is_empty() {
            object.text("refusal", &joined(refusals.into_iter()));
        }
        self.thoughts(&mut object, &thoughts, !calls.is_empty());
        if !calls.is_empty() {
            let mut list = object.list("tool_calls");
            for call in calls {
                self.call(list.object(), call);
            }
            list.close();
        }
        object.close();
        Ok(())
    }

    /// What a model has said aloud: the vendor knows it by its id, others by what was said.
    fn spoken(&mut self, object: &mut ObjectWriter<'_>, audio: &Audio) {
        match &audio.id {
            Some(id) if self.chat.audio => {
                let mut inner = object.object("audio");
                inner.text("id", id);
                inner.close();
            }
            _ => self.losses.dropped("messages.audio"),
        }
    }

    fn text_signature(&mut self, object: &mut ObjectWriter<'_>, text: &Text) {
        if let Some(signature) = &text.signature {
            self.google(object, signature);
        }
    }

    /// Google's signature, for Google.
    fn google(&mut self, object: &mut ObjectWriter<'_>, signature: &Signature) {
        if self.chat.history == History::Google && signature.format == Format::Gemini {
            write_google(object, &signature.data);
        } else {
            self.losses.dropped("messages.reasoning.signature");
        }
    }

    /// Thoughts that are sent without what proves them.
    fn unsigned(&mut self, reasoning: &Reasoning) {
        let own = self.chat.history == History::Parts;
        let foreign = |signature: &Signature| !own || signature.format != Format::Chat;
        if reasoning.signature.as_ref().is_some_and(foreign) {
            self.losses.dropped("messages.reasoning.signature");
        }
    }

    fn thoughts(&mut self, object: &mut ObjectWriter<'_>, thoughts: &[&Reasoning], calls: bool) {
        let text = || {
            let shown: Vec<Cow<'_, str>> = thoughts.iter().map(|one| one.shown()).collect();
            joined(shown.iter().map(|text| &**text).filter(|text| !text.is_empty())).into_owned()
        };
        if thoughts.is_empty() {
            if calls && self.chat.history == History::BesideCalls {
                object.text("reasoning_content", "");
            }
            return;
        }
        match self.chat.history {
            History::Details => {
                let mut list = object.list("reasoning_details");
                for (index, reasoning) in (0..).zip(thoughts) {
                    reasoning::write_details(&mut list, index, reasoning);
                }
                list.close();
                return;
            }
            History::Text(name) if thoughts.iter().any(|one| !one.shown().is_empty()) => {
                object.text(name, &text());
            }
            History::BesideCalls if calls => object.text("reasoning_content", &text()),
            // Told of its thoughts before an answer that is over, it ignores them.
            _ => {
                self.losses.dropped("messages.reasoning");
                return;
            }
        }
        for reasoning in thoughts {
            self.unsigned(reasoning);
        }
    }

    fn call(&mut self, mut object: ObjectWriter<'_>, call: &ToolCall) {
        object.text("id", &self.id(&call.id));
        if call.custom && self.chat.custom_tools {
            object.text("type", "custom");
            let mut custom = object.object("custom");
            custom.text("name", &call.name);
            custom.text("input", &call.arguments);
            custom.close();
        } else {
            object.text("type", "function");
            let mut function = object.object("function");
            function.text("name", &call.name);
            if call.custom {
                self.losses.approximated("messages.tool_call.custom", "as a function's call");
                let mut arguments = Vec::new();
                let mut inner = ObjectWriter::open(&mut arguments);
                inner.text("input", &call.arguments);
                inner.close();
                function.text("arguments", &String::from_utf8_lossy(&arguments));
            } else {
                function.text("arguments", &call.arguments);
            }
            function.close();
        }
        if let Some(signature) = &call.signature {
            self.google(&mut object, signature);
        }
        if call.cache.is_some() {
            self.losses.dropped("messages.cache");
        }
        object.close();
    }
}

/// Gemini's signature, where Google's endpoint has it.
pub(in crate::chat) fn write_google(object: &mut ObjectWriter<'_>, signature: &str) {
    let mut extra = object.object("extra_content");
    let mut google = extra.object("google");
    google.text("thought_signature", signature);
    google.close();
    extra.close();
}
