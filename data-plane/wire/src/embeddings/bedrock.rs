//! Embeddings through Bedrock's `InvokeModel`: each family of models has its own body. The model
//! stands in the address.

use super::cohere::Cohere;
use super::language::Unsaid;
use super::{EmbedCall, EmbedCodec, EmbedInput, EmbedRequest, EmbedResponse, Truncate, vector};
use crate::canonical::Source;
use crate::fidelity::Losses;
use crate::format::{Failure, Unsupported};
use crate::json::{Elements, ObjectWriter};

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bedrock {
    /// Amazon's Titan for texts, first version.
    TitanV1,
    /// Amazon's Titan for texts, second version.
    TitanV2,
    /// Amazon's Titan for texts and pictures.
    TitanImage,
    /// Amazon's Nova.
    Nova,
}

/// Titan for texts, first version.
pub static TITAN_V1: Bedrock = Bedrock::TitanV1;
/// Titan for texts, second version.
pub static TITAN_V2: Bedrock = Bedrock::TitanV2;
/// Titan for texts and pictures.
pub static TITAN_IMAGE: Bedrock = Bedrock::TitanImage;
/// Nova.
pub static NOVA: Bedrock = Bedrock::Nova;
/// Cohere's models.
pub static COHERE: Cohere = Cohere::Bedrock;

impl Bedrock {
    /// All of them take one input at a time.
    fn call(
        self,
        request: &EmbedRequest,
        input: &EmbedInput,
        losses: &mut Losses,
    ) -> Result<EmbedCall, Unsupported> {
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        match self {
            Self::TitanV1 => {
                object.text("inputText", text(input)?);
                request.report(&[Unsaid::Dimensions, Unsaid::Truncate], losses);
                request.write_extras(&mut object, &[], losses);
            }
            Self::TitanV2 => {
                object.text("inputText", text(input)?);
                object.option("dimensions", request.dimensions.as_ref());
                request.report(&[Unsaid::Truncate], losses);
                request.write_extras(&mut object, &["normalize"], losses);
            }
            Self::TitanImage => {
                match input {
                    EmbedInput::Image(Source::Data { data, .. }) => object.text("inputImage", data),
                    EmbedInput::Image(_) => {
                        let text = "the provider takes pictures as data";
                        return Err(Unsupported::new("input", text));
                    }
                    input => object.text("inputText", text(input)?),
                }
                if let Some(dimensions) = request.dimensions {
                    let mut config = object.object("embeddingConfig");
                    config.value("outputEmbeddingLength", &dimensions);
                    config.close();
                }
                request.report(&[Unsaid::Truncate], losses);
                request.write_extras(&mut object, &[], losses);
            }
            Self::Nova => {
                object.text("taskType", "SINGLE_EMBEDDING");
                let mut parameters = object.object("singleEmbeddingParams");
                parameters.text("embeddingPurpose", "GENERIC_INDEX");
                parameters.option("embeddingDimension", request.dimensions.as_ref());
                let mut inner = parameters.object("text");
                let mode = match request.truncate {
                    Some(Truncate::Never) => "NONE",
                    Some(Truncate::Start) => "START",
                    Some(Truncate::End) | None => "END",
                };
                inner.text("truncationMode", mode);
                inner.close_with("value", text(input)?);
                parameters.close();
                request.write_extras(&mut object, &[], losses);
            }
        }
        object.close();
        request.report(&[Unsaid::User, Unsaid::Task], losses);
        Ok(EmbedCall { body, inputs: 1 })
    }
}

fn text(input: &EmbedInput) -> Result<&str, Unsupported> {
    match input {
        EmbedInput::Text(text) => Ok(text),
        EmbedInput::Tokens(_) => Err(Unsupported::new("input", "the provider takes no tokens")),
        EmbedInput::Image(_) => Err(Unsupported::new("input", "the provider takes no pictures")),
    }
}

impl EmbedCodec for Bedrock {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        _: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        request.inputs.iter().map(|input| self.call(request, input, losses)).collect()
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        let answer = vector::object(body)?;
        let found = match self {
            Self::Nova => {
                let list = answer.first("embeddings").map(|list| list.raw).unwrap_or_default();
                let first = Elements::of(list).next().and_then(|first| first.object());
                first.and_then(|first| first.first("embedding"))
            }
            _ => answer
                .first("embedding")
                .filter(|embedding| !embedding.is_null())
                .or_else(|| vector::below(&answer, &["embeddingsByType", "float"])),
        };
        let vector = found.and_then(|found| vector::read(&found)).ok_or_else(vector::invalid)?;
        Ok(EmbedResponse {
            vectors: vec![vector],
            model: String::new(),
            input_tokens: answer.first("inputTextTokenCount").and_then(|count| count.number()),
        })
    }
}
