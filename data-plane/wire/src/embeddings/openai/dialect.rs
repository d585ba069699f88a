//! Vendors that speak nearly like OpenAI: what they call things, and what they take.

use super::super::language::Unsaid;
use super::super::task::{self, Words};
use super::super::{EmbedCall, EmbedCodec, EmbedInput, EmbedRequest, EmbedResponse, vector};
use crate::canonical::Source;
use crate::chat::read_usage;
use crate::fidelity::Losses;
use crate::format::{Failure, Unsupported};
use crate::json::{Elements, ListWriter, ObjectWriter, write_string, write_value};

/// OpenAI's format, as a vendor has it.
#[derive(Debug)]
pub struct OpenAi {
    /// The name of `dimensions`.
    dimensions: &'static str,
    /// The name of what vectors are for, and its words.
    task: Option<(&'static str, Words)>,
    /// The name of whether long inputs are cut.
    truncate: Option<&'static str>,
    /// It knows `user`.
    user: bool,
    inputs: Inputs,
    /// The most inputs of one call.
    batch: usize,
    /// Members of its own.
    own: &'static [&'static str],
}

/// What can be embedded beside texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inputs {
    Texts,
    /// And tokens.
    Tokens,
    /// And pictures.
    Pictures,
}

/// OpenAI itself.
pub static OPENAI: OpenAi = OpenAi {
    dimensions: "dimensions",
    task: None,
    truncate: None,
    user: true,
    inputs: Inputs::Tokens,
    batch: 2_048,
    own: &[],
};

/// Mistral.
pub static MISTRAL: OpenAi = OpenAi {
    dimensions: "output_dimension",
    user: false,
    inputs: Inputs::Texts,
    batch: usize::MAX,
    own: &["metadata", "output_dtype"],
    ..OPENAI
};

/// Voyage.
pub static VOYAGE: OpenAi = OpenAi {
    dimensions: "output_dimension",
    task: Some(("input_type", task::VOYAGE)),
    truncate: Some("truncation"),
    user: false,
    inputs: Inputs::Texts,
    batch: 1_000,
    own: &["output_dtype"],
};

/// Jina.
pub static JINA: OpenAi = OpenAi {
    dimensions: "dimensions",
    task: Some(("task", task::JINA)),
    truncate: Some("truncate"),
    user: false,
    inputs: Inputs::Pictures,
    batch: usize::MAX,
    own: &["normalized", "late_chunking", "embedding_type"],
};

impl OpenAi {
    fn call(
        &self,
        request: &EmbedRequest,
        inputs: &[EmbedInput],
        model: &str,
        losses: &mut Losses,
    ) -> Result<EmbedCall, Unsupported> {
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        object.text("model", model);
        let mut list = object.list("input");
        inputs.iter().try_for_each(|input| self.input(&mut list, input))?;
        list.close();
        object.option(self.dimensions, request.dimensions.as_ref());
        match (self.task, request.task) {
            (Some((name, words)), Some(task)) => object.option(name, task.word(words, losses)),
            _ => request.report(&[Unsaid::Task], losses),
        }
        match self.truncate {
            Some(name) => object.option(name, request.cuts(losses).as_ref()),
            None => request.report(&[Unsaid::Truncate], losses),
        }
        if self.user {
            object.option("user", request.user.as_deref());
        } else {
            request.report(&[Unsaid::User], losses);
        }
        request.write_extras(&mut object, self.own, losses);
        object.close();
        Ok(EmbedCall { body, inputs: inputs.len() })
    }

    fn input(&self, list: &mut ListWriter<'_>, input: &EmbedInput) -> Result<(), Unsupported> {
        match (input, self.inputs) {
            (EmbedInput::Text(text), _) => write_string(list.item(), text),
            (EmbedInput::Tokens(tokens), Inputs::Tokens) => write_value(list.item(), tokens),
            (EmbedInput::Image(source), Inputs::Pictures) => {
                let text = match source {
                    Source::Url(text) | Source::Data { data: text, .. } => text,
                    Source::Text(_) | Source::File { .. } => {
                        return Err(Unsupported::new(
                            "input",
                            "the provider takes no such picture",
                        ));
                    }
                };
                let mut item = list.object();
                item.text("image", text);
                item.close();
            }
            (EmbedInput::Tokens(_), _) => {
                return Err(Unsupported::new("input", "the provider takes no tokens"));
            }
            (EmbedInput::Image(_), _) => {
                return Err(Unsupported::new("input", "the provider takes no pictures"));
            }
        }
        Ok(())
    }
}

impl EmbedCodec for OpenAi {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        let batches = request.inputs.chunks(self.batch);
        batches.map(|inputs| self.call(request, inputs, model, losses)).collect()
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        let answer = vector::object(body)?;
        let data = answer.first("data").ok_or_else(vector::invalid)?;
        let mut vectors = Vec::new();
        for item in Elements::of(data.raw) {
            let item = item.object().ok_or_else(vector::invalid)?;
            let index = item.first("index").and_then(|index| index.number());
            let embedding = item.first("embedding").and_then(|value| vector::read(&value));
            vectors.push((index, embedding.ok_or_else(vector::invalid)?));
        }
        // Without numbers they are in order.
        vectors.sort_by_key(|(index, _)| *index);
        let usage = answer.first("usage").and_then(|usage| read_usage(usage.raw));
        let model = answer.first("model").and_then(|model| model.text());
        Ok(EmbedResponse {
            vectors: vectors.into_iter().map(|(_, vector)| vector).collect(),
            model: model.unwrap_or_default().into_owned(),
            input_tokens: usage.map(|usage| usage.input),
        })
    }
}
