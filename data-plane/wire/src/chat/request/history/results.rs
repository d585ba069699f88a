//! Results of tools, and the ids by which they and their calls find each other.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::canonical::{Message, Part, ToolResult};
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};

use super::{Writer, joined};
use crate::chat::dialect::{Cache, Calls};

impl Writer<'_> {
    /// Results, a message each; what only people can show comes after them.
    pub(super) fn results(
        &mut self,
        list: &mut ListWriter<'_>,
        message: &Message,
    ) -> Result<(), Unsupported> {
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
    pub(super) fn id<'i>(&self, id: &'i str) -> Cow<'i, str> {
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
