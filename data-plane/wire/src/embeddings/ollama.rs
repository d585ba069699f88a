//! Ollama's own `/api/embed`.

use super::language::Unsaid;
use super::{EmbedCall, EmbedCodec, EmbedRequest, EmbedResponse, vector};
use crate::fidelity::Losses;
use crate::format::{Failure, Unsupported};
use crate::json::ObjectWriter;

/// Ollama's own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ollama;

/// Ollama's own format.
pub static OLLAMA: Ollama = Ollama;

impl EmbedCodec for Ollama {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        let texts = request.texts()?;
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        object.text("model", model);
        object.value("input", &texts);
        object.option("dimensions", request.dimensions.as_ref());
        object.option("truncate", request.cuts(losses).as_ref());
        request.report(&[Unsaid::User, Unsaid::Task], losses);
        request.write_extras(&mut object, &["keep_alive", "options"], losses);
        object.close();
        Ok(vec![EmbedCall { body, inputs: texts.len() }])
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        let answer = vector::object(body)?;
        let vectors = answer.first("embeddings");
        let vectors = vectors.and_then(|list| vector::list(&list, |vector| Some(*vector)));
        let model = answer.first("model").and_then(|model| model.text());
        Ok(EmbedResponse {
            vectors: vectors.ok_or_else(vector::invalid)?,
            model: model.unwrap_or_default().into_owned(),
            input_tokens: answer.first("prompt_eval_count").and_then(|count| count.number()),
        })
    }
}
