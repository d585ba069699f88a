//! Cohere's `/v2/embed`, and its models on Bedrock.

use super::language::Unsaid;
use super::task::{self, EmbedTask};
use super::{EmbedCall, EmbedCodec, EmbedInput, EmbedRequest, EmbedResponse, Truncate, vector};
use crate::canonical::Source;
use crate::fidelity::Losses;
use crate::format::{Failure, Unsupported};
use crate::json::{ObjectWriter, ValueKind};

/// The most texts of one call.
const MOST_TEXTS: usize = 96;

/// Cohere's format, by who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cohere {
    /// Cohere.
    V2,
    /// Bedrock, where the model stands in the address.
    Bedrock,
}

/// Cohere itself.
pub static V2: Cohere = Cohere::V2;

/// Inputs of one call: texts, or one picture.
enum Batch<'a> {
    Texts(Vec<&'a str>),
    Picture(String),
}

impl Cohere {
    fn call(
        self,
        request: &EmbedRequest,
        batch: &Batch<'_>,
        model: &str,
        losses: &mut Losses,
    ) -> EmbedCall {
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        if self == Self::V2 {
            object.text("model", model);
        }
        let inputs = match batch {
            Batch::Texts(texts) => {
                object.value("texts", texts);
                // It has to be said, and documents are what there are most of.
                let task = request.task.unwrap_or(EmbedTask::Document);
                let word = task.word(task::COHERE, losses).unwrap_or("search_document");
                object.text("input_type", word);
                texts.len()
            }
            Batch::Picture(picture) => {
                object.value("images", &[picture]);
                object.text("input_type", "image");
                1
            }
        };
        object.value("embedding_types", &["float"]);
        let third = model.contains("-v3") || model.contains("-v2");
        match request.dimensions {
            Some(_) if third => {
                losses.refused_by_model("dimensions", "vectors of the model have one size");
            }
            dimensions => object.option("output_dimension", dimensions.as_ref()),
        }
        object.option("truncate", request.truncate.map(word));
        request.report(&[Unsaid::User], losses);
        request.write_extras(&mut object, &["max_tokens", "priority"], losses);
        object.close();
        EmbedCall { body, inputs }
    }
}

const fn word(truncate: Truncate) -> &'static str {
    match truncate {
        Truncate::Never => "NONE",
        Truncate::Start => "START",
        Truncate::End => "END",
    }
}

/// Texts that follow each other go together, pictures alone.
fn batches(inputs: &[EmbedInput]) -> Result<Vec<Batch<'_>>, Unsupported> {
    let mut out = Vec::new();
    for input in inputs {
        match input {
            EmbedInput::Text(text) => match out.last_mut() {
                Some(Batch::Texts(texts)) if texts.len() < MOST_TEXTS => texts.push(text.as_str()),
                _ => out.push(Batch::Texts(vec![text])),
            },
            EmbedInput::Image(Source::Data { media_type, data }) => {
                out.push(Batch::Picture(format!("data:{media_type};base64,{data}")));
            }
            EmbedInput::Image(_) => {
                return Err(Unsupported::new("input", "the provider takes pictures as data"));
            }
            EmbedInput::Tokens(_) => {
                return Err(Unsupported::new("input", "the provider takes no tokens"));
            }
        }
    }
    Ok(out)
}

impl EmbedCodec for Cohere {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        let batches = batches(&request.inputs)?;
        Ok(batches.iter().map(|batch| self.call(request, batch, model, losses)).collect())
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        let answer = vector::object(body)?;
        let embeddings = answer.first("embeddings").ok_or_else(vector::invalid)?;
        // Older ones give the vectors alone, newer ones by their type.
        let floats = match embeddings.kind {
            ValueKind::Object => embeddings.object().and_then(|types| types.first("float")),
            _ => Some(embeddings),
        };
        let vectors = floats.and_then(|floats| vector::list(&floats, |vector| Some(*vector)));
        let tokens = vector::below(&answer, &["meta", "billed_units", "input_tokens"]);
        Ok(EmbedResponse {
            vectors: vectors.ok_or_else(vector::invalid)?,
            model: String::new(),
            input_tokens: tokens.and_then(|tokens| tokens.number()),
        })
    }
}
