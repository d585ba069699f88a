//! Messages of a request, written.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::canonical::{
    Audio, CacheControl, Document, Image, Message, Part, Reasoning, Request, Role, Signature,
    Source, Text, ToolCall, ToolResult,
};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{Json, ListWriter, ObjectWriter, write_string};

use super::super::dialect::{Cache, Calls, Chat, Files, History};
use super::super::{models, reasoning};

/// Sets the breakpoint behind a part.
pub(super) fn set_cache(part: &mut Part, cache: CacheControl) {
    if let Some(slot) = cache_of(part) {
        slot.get_or_insert(cache);
    }
}

/// Takes the breakpoint behind a part.
pub(super) fn take_cache(part: &mut Part) -> Option<CacheControl> {
    cache_of(part)?.take()
}

fn cache_of(part: &mut Part) -> Option<&mut Option<CacheControl>> {
    match part {
        Part::Text(Text { cache, .. })
        | Part::Image(Image { cache, .. })
        | Part::Document(Document { cache, .. })
        | Part::ToolCall(ToolCall { cache, .. }) => Some(cache),
        _ => None,
    }
}

/// Writes `cache_control`.
pub(super) fn write_control(object: &mut ObjectWriter<'_>, cache: &CacheControl) {
    let mut control = object.object("cache_control");
    control.text("type", "ephemeral");
    control.option("ttl", cache.ttl.as_deref());
    control.close();
}

/// Writes a conversation.
pub(super) struct Writer<'a> {
    pub(super) chat: &'a Chat,
    pub(super) request: &'a Request,
    pub(super) model: &'a str,
    pub(super) losses: &'a mut Losses,
}

impl Writer<'_> {
    /// Writes every message.
    pub(super) fn messages(&mut self, list: &mut ListWriter<'_>) -> Result<(), Unsupported> {
        for message in &self.request.messages {
            if message.role == Role::Tool {
                self.results(list, message)?;
            } else if message.role == Role::Assistant {
                self.assistant(list.object(), message)?;
            } else {
                self.said(list.object(), message)?;
            }
        }
        Ok(())
    }

    /// A message of a person or operator.
    fn said(&mut self, mut object: ObjectWriter<'_>, message: &Message) -> Result<(), Unsupported> {
        object.text(
            "role",
            match message.role {
                Role::Developer if self.chat.developer => "developer",
                Role::System | Role::Developer => "system",
                _ => "user",
            },
        );
        self.name(&mut object, message);
        let parts: Vec<&Part> = message.content.iter().collect();
        self.content(&mut object, &parts)?;
        object.close();
        Ok(())
    }

    fn name(&mut self, object: &mut ObjectWriter<'_>, message: &Message) {
        match &message.name {
            Some(name) if self.chat.names => object.text("name", name),
            Some(_) => self.losses.dropped("messages.name"),
            None => {}
        }
    }

    /// A text alone as a string, everything else as parts.
    fn content(
        &mut self,
        object: &mut ObjectWriter<'_>,
        parts: &[&Part],
    ) -> Result<(), Unsupported> {
        let texts = || parts.iter().filter_map(|part| text_of(part));
        let plain = texts().count() == parts.len();
        let cached = texts().any(|text| text.cache.is_some());
        if plain && !self.chat.text_parts {
            if cached {
                self.losses.dropped("messages.cache");
            }
            object.text("content", &joined(texts().map(|text| text.text.as_str())));
            return Ok(());
        }
        if plain && !cached && parts.len() <= 1 {
            object.text("content", texts().next().map_or("", |text| &text.text));
            return Ok(());
        }
        let mut list = object.list("content");
        for part in parts {
            self.part(&mut list, part)?;
        }
        list.close();
        Ok(())
    }

    fn part(&mut self, list: &mut ListWriter<'_>, part: &Part) -> Result<(), Unsupported> {
        match part {
            Part::Text(text) => self.text(list, &text.text, text.cache.as_ref()),
            Part::Refusal(refusal) => self.text(list, &refusal.text, None),
            Part::Image(image) => self.image(list, image)?,
            Part::Audio(audio) => self.audio(list, audio)?,
            Part::Document(document) => self.document(list, document)?,
            Part::Reasoning(reasoning) => {
                let mut object = list.object();
                object.text("type", "thinking");
                let mut texts = object.list("thinking");
                let mut text = texts.object();
                text.text("type", "text");
                text.text("text", &reasoning.shown());
                text.close();
                texts.close();
                if let Some(Signature { format: Format::Chat, data }) = &reasoning.signature {
                    object.text("signature", data);
                }
                object.close();
            }
            Part::Native(native) if native.format == Format::Chat => {
                list.item().extend_from_slice(native.json.text().as_bytes());
            }
            Part::Native(native) => self.losses.dropped(format!("messages.{}", native.name)),
            Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
        Ok(())
    }

    fn text(&mut self, list: &mut ListWriter<'_>, text: &str, cache: Option<&CacheControl>) {
        let mut object = list.object();
        object.text("type", "text");
        object.text("text", text);
        self.breakpoint(&mut object, cache);
        object.close();
    }

    /// The breakpoint behind a part.
    fn breakpoint(&mut self, object: &mut ObjectWriter<'_>, cache: Option<&CacheControl>) {
        let Some(cache) = cache else { return };
        match self.chat.cache {
            Cache::Control => write_control(object, cache),
            Cache::Breakpoint if models::breakpoints(self.chat.models, self.model) => {
                let mut point = object.object("prompt_cache_breakpoint");
                point.text("mode", "explicit");
                match cache.ttl.as_deref() {
                    Some(ttl @ ("30m" | "12h")) => point.text("ttl", ttl),
                    Some(_) => {
                        self.losses.approximated("messages.cache.ttl", "the vendor's default");
                    }
                    None => {}
                }
                point.close();
            }
            Cache::Breakpoint => {
                self.losses.approximated("messages.cache", "the vendor caches by itself");
            }
            Cache::None => self.losses.dropped("messages.cache"),
        }
    }

    fn image(&mut self, list: &mut ListWriter<'_>, image: &Image) -> Result<(), Unsupported> {
        if !self.chat.images {
            return Err(Unsupported::new("messages.image", "the provider takes no pictures"));
        }
        let mut object = list.object();
        object.text("type", "image_url");
        let mut inner = object.object("image_url");
        match &image.source {
            Source::Url(url) => inner.text("url", url),
            Source::Data { media_type, data } => {
                write_data_url(&mut inner, "url", media_type, data);
            }
            Source::Text(_) | Source::File { .. } => {
                let message = "the provider takes pictures by their address or their bytes";
                return Err(Unsupported::new("messages.image", message));
            }
        }
        inner.option("detail", image.detail.as_deref());
        inner.close();
        self.breakpoint(&mut object, image.cache.as_ref());
        object.close();
        Ok(())
    }

    fn audio(&mut self, list: &mut ListWriter<'_>, audio: &Audio) -> Result<(), Unsupported> {
        if !self.chat.audio {
            return Err(Unsupported::new("messages.audio", "the provider takes no sound"));
        }
        let mut object = list.object();
        object.text("type", "input_audio");
        let mut inner = object.object("input_audio");
        inner.text("data", &audio.data);
        inner.text("format", &audio.format);
        inner.close();
        object.close();
        Ok(())
    }

    fn document(
        &mut self,
        list: &mut ListWriter<'_>,
        document: &Document,
    ) -> Result<(), Unsupported> {
        if document.context.is_some() {
            self.losses.dropped("messages.document.context");
        }
        if document.cited {
            self.losses.dropped("messages.document.cited");
        }
        if let Source::Text(text) = &document.source {
            self.losses.approximated("messages.document", "as text");
            self.text(list, text, document.cache.as_ref());
            return Ok(());
        }
        let unsupported = |message| Err(Unsupported::new("messages.document", message));
        let mut object = match self.chat.files {
            Files::None => return unsupported("the provider takes no files"),
            Files::Parts | Files::DocumentUrl => list.object(),
        };
        if self.chat.files == Files::DocumentUrl {
            object.text("type", "document_url");
            match &document.source {
                Source::Url(url) => object.text("document_url", url),
                Source::Data { media_type, data } => {
                    write_data_url(&mut object, "document_url", media_type, data);
                }
                _ => return unsupported("the file is kept by another vendor"),
            }
            object.option("document_name", document.name.as_deref());
        } else {
            object.text("type", "file");
            let mut file = object.object("file");
            match &document.source {
                Source::Data { media_type, data } => {
                    write_data_url(&mut file, "file_data", media_type, data);
                    // The vendor wants one.
                    let name = document.name.as_deref().unwrap_or("document.pdf");
                    file.text("filename", name);
                }
                // OpenAI's files are the same in both of its formats.
                Source::File { format: Format::Chat | Format::Responses, id } => {
                    file.text("file_id", id);
                    file.option("filename", document.name.as_deref());
                }
                _ => return unsupported("the provider takes files by their bytes"),
            }
            file.close();
        }
        self.breakpoint(&mut object, document.cache.as_ref());
        object.close();
        Ok(())
    }

    fn assistant(
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

    /// Results, a message each; what only people can show comes after them.
    fn results(&mut self, list: &mut ListWriter<'_>, message: &Message) -> Result<(), Unsupported> {
        let mut shown: Vec<&Part> = Vec::new();
        for part in &message.content {
            if let Part::ToolResult(result) = part {
                self.result(list.object(), result, &mut shown);
            }
        }
        if !shown.is_empty() {
            let note = "in a message of the user after the results";
            self.losses.approximated("messages.tool_result.content", note);
            let mut object = list.object();
            object.text("role", "user");
            self.content(&mut object, &shown)?;
            object.close();
        }
        Ok(())
    }

    fn result<'p>(
        &mut self,
        mut object: ObjectWriter<'_>,
        result: &'p ToolResult,
        shown: &mut Vec<&'p Part>,
    ) {
        object.text("role", "tool");
        object.text("tool_call_id", &self.id(&result.call_id));
        if self.chat.calls == Calls::NineLetters
            && let Some(name) =
                result.name.as_deref().or_else(|| self.request.tool_name(&result.call_id))
        {
            object.text("name", name);
        }
        let mut texts: Vec<Cow<'_, str>> = Vec::new();
        for part in &result.content {
            match part {
                Part::Text(text) => texts.push(text.text.as_str().into()),
                Part::Native(native) if native.format == Format::Chat => {
                    texts.push(native.json.text().into());
                }
                Part::Native(native) => self.losses.dropped(format!("messages.{}", native.name)),
                _ => shown.push(part),
            }
        }
        if texts.is_empty() && !shown.is_empty() {
            texts.push("(see below)".into());
        }
        if result.is_error {
            self.losses.approximated("messages.tool_result.is_error", "as a word before the text");
            match texts.first_mut() {
                Some(text) => *text = format!("Error: {text}").into(),
                None => texts.push("Error".into()),
            }
        }
        let parts = self.chat.text_parts && self.chat.cache != Cache::None;
        if (texts.len() > 1 || result.cache.is_some()) && parts && !texts.is_empty() {
            let mut list = object.list("content");
            let last = texts.len() - 1;
            for (index, text) in texts.iter().enumerate() {
                self.text(&mut list, text, result.cache.as_ref().filter(|_| index == last));
            }
            list.close();
        } else {
            if result.cache.is_some() {
                self.losses.dropped("messages.cache");
            }
            object.text("content", &joined(texts.iter().map(|text| &**text)));
        }
        object.close();
    }

    /// The id of a call in the form that the dialect takes.
    fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
        let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.chat.calls == Calls::AnyId || fits { id.into() } else { nine_letters(id).into() }
    }
}

/// Nine letters and digits that stand for an id: the same ones for the same id.
fn nine_letters(id: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mut rest = hasher.finish();
    let mut letters = String::with_capacity(9);
    for _ in 0..9 {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        letters.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'0')));
        rest /= 62;
    }
    letters
}

/// Gemini's signature, where Google's endpoint has it.
pub(in crate::chat) fn write_google(object: &mut ObjectWriter<'_>, signature: &str) {
    let mut extra = object.object("extra_content");
    let mut google = extra.object("google");
    google.text("thought_signature", signature);
    google.close();
    extra.close();
}

/// Writes bytes as a URL.
fn write_data_url(object: &mut ObjectWriter<'_>, name: &str, media_type: &str, data: &str) {
    write_string(object.key(name), &Source::data_url(media_type, data));
}

fn text_of(part: &Part) -> Option<&Text> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

/// Texts as one, with blank lines between them.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let texts: Vec<&str> = texts.collect();
    match texts.as_slice() {
        [] => "".into(),
        [text] => (*text).into(),
        texts => texts.join("\n\n").into(),
    }
}

/// A message of the operator that says what the dialect has no member for.
pub(super) fn write_instruction(list: &mut ListWriter<'_>, schema: &Json) {
    let mut object = list.object();
    object.text("role", "system");
    let text = format!(
        "Answer with JSON, and nothing else, that fits this JSON Schema:\n{}",
        schema.text()
    );
    object.text("content", &text);
    object.close();
}
