//! What a client gets.

use super::super::{EmbedResponse, VectorForm, vector};
use crate::json::ObjectWriter;

/// Writes an answer; `input_tokens` are those of all inputs, as counted or guessed.
pub fn encode_response(
    response: &EmbedResponse,
    form: VectorForm,
    model: &str,
    input_tokens: u64,
) -> Vec<u8> {
    let numbers = response.vectors.iter().map(Vec::len).sum::<usize>();
    let mut out = Vec::with_capacity(numbers * 12 + response.vectors.len() * 64 + 128);
    let mut object = ObjectWriter::open(&mut out);
    object.text("object", "list");
    let mut data = object.list("data");
    for (index, numbers) in response.vectors.iter().enumerate() {
        let mut item = data.object();
        item.text("object", "embedding");
        item.value("index", &index);
        vector::write(item.key("embedding"), numbers, form);
        item.close();
    }
    data.close();
    object.text("model", if response.model.is_empty() { model } else { &response.model });
    let mut usage = object.object("usage");
    usage.value("prompt_tokens", &input_tokens);
    usage.value("total_tokens", &input_tokens);
    usage.close();
    object.close();
    out
}
