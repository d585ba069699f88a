//! Log-probabilities, read and written.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::canonical::{TokenLogprob, TopLogprob};
use crate::json::{Object, ObjectWriter, Value};

use super::types;

/// Reads them: OpenAI's, or the lists of the legacy format that some vendors give.
pub(super) fn read(raw: Option<&RawValue>) -> Vec<TokenLogprob> {
    let Some(raw) = raw else { return Vec::new() };
    let Ok(read) = serde_json::from_str::<types::Logprobs<'_>>(raw.get()) else {
        return Vec::new();
    };
    if read.content.is_empty() && read.refusal.is_empty() {
        let lists = read.tokens.into_iter().zip(read.token_logprobs);
        let mut tops = read.top_logprobs.into_iter();
        // The first token of an echo has none.
        let token = |(token, logprob): (String, Option<f64>)| TokenLogprob {
            token,
            logprob: logprob.unwrap_or(0.0),
            bytes: None,
            top: tops.next().flatten().map(likely).unwrap_or_default(),
        };
        return lists.map(token).collect();
    }
    read.content.into_iter().chain(read.refusal).map(token).collect()
}

/// An object of tokens and their log-probabilities.
fn likely(raw: &RawValue) -> Vec<TopLogprob> {
    let Ok(object) = Object::scan(raw.get().as_bytes()) else { return Vec::new() };
    let top = |(token, value): (Cow<'_, str>, Value<'_>)| TopLogprob {
        token: token.into_owned(),
        logprob: serde_json::from_slice(value.raw).unwrap_or_default(),
        bytes: None,
    };
    object.iter().map(top).collect()
}

fn token(read: types::TokenLogprob) -> TokenLogprob {
    let top = |top: types::TokenLogprob| TopLogprob {
        bytes: bytes_of(&top.token, top.bytes),
        token: top.token,
        logprob: top.logprob,
    };
    TokenLogprob {
        bytes: bytes_of(&read.token, read.bytes),
        token: read.token,
        logprob: read.logprob,
        top: read.top_logprobs.into_iter().map(top).collect(),
    }
}

/// The bytes, where they are not the token's.
fn bytes_of(token: &str, bytes: Option<Vec<u8>>) -> Option<Vec<u8>> {
    bytes.filter(|bytes| bytes.as_slice() != token.as_bytes())
}

/// Writes the member `logprobs` of a choice.
pub(super) fn write(choice: &mut ObjectWriter<'_>, tokens: &[TokenLogprob]) {
    if tokens.is_empty() {
        choice.key("logprobs").extend_from_slice(b"null");
        return;
    }
    let mut object = choice.object("logprobs");
    let mut list = object.list("content");
    for token in tokens {
        let mut entry = list.object();
        write_token(&mut entry, &token.token, token.logprob, token.bytes.as_deref());
        let mut top = entry.list("top_logprobs");
        for likely in &token.top {
            let mut entry = top.object();
            write_token(&mut entry, &likely.token, likely.logprob, likely.bytes.as_deref());
            entry.close();
        }
        top.close();
        entry.close();
    }
    list.close();
    object.key("refusal").extend_from_slice(b"null");
    object.close();
}

fn write_token(entry: &mut ObjectWriter<'_>, token: &str, logprob: f64, bytes: Option<&[u8]>) {
    entry.text("token", token);
    entry.value("logprob", &logprob);
    entry.value("bytes", bytes.unwrap_or(token.as_bytes()));
}
