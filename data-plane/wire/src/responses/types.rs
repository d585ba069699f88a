//! Items and their parts as they are read: flat, every member as it stands in the text, so that one
//! of an unknown type can be kept whole.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient::null_as_default;

/// A member that is read when its meaning is known.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// Of `input` or `output`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadItem<'a> {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) r#type: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) role: String,
    #[serde(borrow)]
    pub(super) id: Raw<'a>,
    #[serde(borrow)]
    pub(super) phase: Raw<'a>,
    #[serde(borrow)]
    pub(super) content: Raw<'a>,
    #[serde(borrow)]
    pub(super) call_id: Raw<'a>,
    #[serde(borrow)]
    pub(super) name: Raw<'a>,
    #[serde(borrow)]
    pub(super) arguments: Raw<'a>,
    #[serde(borrow)]
    pub(super) input: Raw<'a>,
    #[serde(borrow)]
    pub(super) output: Raw<'a>,
    #[serde(borrow)]
    pub(super) summary: Raw<'a>,
    #[serde(borrow)]
    pub(super) encrypted_content: Raw<'a>,
}

/// Of a message, an output of a tool, or reasoning.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadPart<'a> {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) r#type: String,
    #[serde(borrow)]
    pub(super) text: Raw<'a>,
    #[serde(borrow)]
    pub(super) refusal: Raw<'a>,
    #[serde(borrow)]
    pub(super) annotations: Raw<'a>,
    #[serde(borrow)]
    pub(super) logprobs: Raw<'a>,
    #[serde(borrow)]
    pub(super) image_url: Raw<'a>,
    #[serde(borrow)]
    pub(super) detail: Raw<'a>,
    #[serde(borrow)]
    pub(super) file_id: Raw<'a>,
    #[serde(borrow)]
    pub(super) file_data: Raw<'a>,
    #[serde(borrow)]
    pub(super) file_url: Raw<'a>,
    #[serde(borrow)]
    pub(super) filename: Raw<'a>,
    #[serde(borrow)]
    pub(super) input_audio: Raw<'a>,
}

/// What a text relies on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadAnnotation {
    pub(super) r#type: Option<String>,
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    pub(super) start_index: Option<u64>,
    pub(super) end_index: Option<u64>,
}

/// A token, and what else was likely.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadLogprob {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) token: String,
    pub(super) logprob: f64,
    pub(super) bytes: Option<Vec<u8>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) top_logprobs: Vec<ReadLogprob>,
}

/// The text of a string; of anything else, its JSON. `null` is absent.
pub(super) fn text(raw: Raw<'_>) -> Option<String> {
    let raw = raw?.get();
    match serde_json::from_str::<Option<String>>(raw) {
        Ok(text) => text,
        Err(_) => Some(raw.to_owned()),
    }
}

/// The same where an empty text is as good as none.
pub(super) fn some_text(raw: Raw<'_>) -> Option<String> {
    text(raw).filter(|text| !text.is_empty())
}

/// The elements of a list, one alone where several could be, none of `null`.
pub(super) fn list(raw: Raw<'_>) -> Option<Vec<&RawValue>> {
    let Some(raw) = raw else { return Some(Vec::new()) };
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).ok(),
        Some(b'{') => Some(vec![raw]),
        Some(b'n') => Some(Vec::new()),
        _ => None,
    }
}
