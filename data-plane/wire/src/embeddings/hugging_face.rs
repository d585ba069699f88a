//! Hugging Face's feature extraction: a bare list of vectors.

use super::language::Unsaid;
use super::{EmbedCall, EmbedCodec, EmbedRequest, EmbedResponse, vector};
use crate::fidelity::Losses;
use crate::format::{Failure, Unsupported};
use crate::json::{Elements, ObjectWriter, ValueKind};

/// Hugging Face's feature extraction. The model stands in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HuggingFace;

/// Hugging Face's feature extraction.
pub static HUGGING_FACE: HuggingFace = HuggingFace;

impl EmbedCodec for HuggingFace {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        _: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        let texts = request.texts()?;
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        object.value("inputs", &texts);
        object.option("truncate", request.cuts(losses).as_ref());
        request.report(&[Unsaid::User, Unsaid::Task, Unsaid::Dimensions], losses);
        request.write_extras(&mut object, &["normalize", "prompt_name"], losses);
        object.close();
        Ok(vec![EmbedCall { body, inputs: texts.len() }])
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        if body.trim_ascii_start().first() == Some(&b'{') {
            vector::object(body)?;
            return Err(vector::invalid());
        }
        let body = body.trim_ascii();
        let Some(list) = Elements::first(body).filter(|list| list.kind == ValueKind::Array) else {
            return Err(vector::invalid());
        };
        let first = Elements::of(body).next().ok_or_else(vector::invalid)?;
        let vectors = match first.kind {
            // One text's alone.
            ValueKind::Number => vector::read(&list).map(|vector| vec![vector]),
            _ if Elements::of(first.raw).next().is_some_and(|one| one.kind == ValueKind::Array) => {
                let text = "the model answers with a vector for every token, not for every text";
                return Err(Failure::Invalid(text.to_owned()));
            }
            _ => vector::list(&list, |vector| Some(*vector)),
        };
        let vectors = vectors.ok_or_else(vector::invalid)?;
        Ok(EmbedResponse { vectors, ..EmbedResponse::default() })
    }
}
