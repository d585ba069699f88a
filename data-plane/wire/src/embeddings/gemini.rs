//! Google's formats: AI Studio's `batchEmbedContents`, and on Vertex `predict` and, for the newest
//! models, `embedContent`.

use super::language::Unsaid;
use super::{EmbedCall, EmbedCodec, EmbedRequest, EmbedResponse, task, vector};
use crate::canonical::ProviderError;
use crate::fidelity::Losses;
use crate::format::{Codec as _, Failure, Unsupported};
use crate::json::{Elements, ObjectWriter};

/// Google's formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gemini {
    /// AI Studio's `batchEmbedContents`.
    Batch,
    /// Vertex's `predict`.
    Predict,
    /// Vertex's `embedContent`.
    Content,
}

/// AI Studio's `batchEmbedContents`.
pub static BATCH: Gemini = Gemini::Batch;
/// Vertex's `predict`.
pub static PREDICT: Gemini = Gemini::Predict;
/// Vertex's `embedContent`, which takes one text.
pub static CONTENT: Gemini = Gemini::Content;

impl Gemini {
    /// The most texts of one call. `gemini-embedding-001` takes one on Vertex, older models many.
    fn batch(self, model: &str) -> usize {
        match self {
            Self::Batch => 100,
            Self::Predict if !model.contains("gemini") => 250,
            Self::Predict | Self::Content => 1,
        }
    }

    fn call(
        self,
        request: &EmbedRequest,
        texts: &[&str],
        model: &str,
        losses: &mut Losses,
    ) -> EmbedCall {
        let task = request.task.and_then(|task| task.word(task::GEMINI, losses));
        let mut body = Vec::with_capacity(256);
        let mut object = ObjectWriter::open(&mut body);
        match self {
            Self::Batch => {
                let mut requests = object.list("requests");
                for text in texts {
                    let mut one = requests.object();
                    one.text("model", &format!("models/{}", model.trim_start_matches("models/")));
                    content(&mut one, text);
                    one.option("taskType", task);
                    one.option("outputDimensionality", request.dimensions.as_ref());
                    request.write_extras(&mut one, &["title"], losses);
                    one.close();
                }
                requests.close();
                request.report(&[Unsaid::Truncate], losses);
            }
            Self::Predict => {
                let mut instances = object.list("instances");
                for text in texts {
                    let mut one = instances.object();
                    one.text("content", text);
                    one.option("task_type", task);
                    request.write_extras(&mut one, &["title"], losses);
                    one.close();
                }
                instances.close();
                let cuts = request.cuts(losses);
                if request.dimensions.is_some() || cuts.is_some() {
                    let mut parameters = object.object("parameters");
                    parameters.option("outputDimensionality", request.dimensions.as_ref());
                    parameters.option("autoTruncate", cuts.as_ref());
                    parameters.close();
                }
            }
            Self::Content => {
                content(&mut object, texts.first().copied().unwrap_or_default());
                let cuts = request.cuts(losses);
                let mut config = object.object("embedContentConfig");
                config.option("taskType", task);
                config.option("outputDimensionality", request.dimensions.as_ref());
                config.option("autoTruncate", cuts.as_ref());
                request.write_extras(&mut config, &["title"], losses);
                config.close();
            }
        }
        object.close();
        request.report(&[Unsaid::User], losses);
        EmbedCall { body, inputs: texts.len() }
    }
}

fn content(object: &mut ObjectWriter<'_>, text: &str) {
    let mut content = object.object("content");
    let mut parts = content.list("parts");
    parts.object().close_with("text", text);
    parts.close();
    content.close();
}

impl EmbedCodec for Gemini {
    fn encode_request(
        &self,
        request: &EmbedRequest,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported> {
        let texts = request.texts()?;
        let batches = texts.chunks(self.batch(model));
        Ok(batches.map(|texts| self.call(request, texts, model, losses)).collect())
    }

    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure> {
        let answer = vector::object(body).map_err(|failure| match failure {
            Failure::Error(_) => Failure::Error(self.decode_error(200, body)),
            invalid @ Failure::Invalid(_) => invalid,
        })?;
        let values = |item: &crate::json::Value<'_>, path: &[&str]| {
            vector::read(&vector::below(&item.object()?, path)?)
        };
        let list = |name: &str, path: &[&str]| {
            let items = Elements::of(answer.first(name)?.raw);
            items.map(|item| values(&item, path)).collect::<Option<Vec<_>>>()
        };
        let vectors = match self {
            Self::Batch => list("embeddings", &["values"]),
            Self::Predict => list("predictions", &["embeddings", "values"]),
            Self::Content => {
                let one = vector::below(&answer, &["embedding", "values"]);
                one.and_then(|one| Some(vec![vector::read(&one)?]))
            }
        };
        let counted = vector::below(&answer, &["usageMetadata", "promptTokenCount"]);
        let tokens = counted.and_then(|count| count.number()).or_else(|| {
            let predictions = Elements::of(answer.first("predictions")?.raw);
            let counts = predictions.map(|prediction| {
                let path = ["embeddings", "statistics", "token_count"];
                vector::below(&prediction.object()?, &path)?.number()
            });
            counts.sum::<Option<u64>>()
        });
        Ok(EmbedResponse {
            vectors: vectors.ok_or_else(vector::invalid)?,
            model: String::new(),
            input_tokens: tokens,
        })
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        crate::gemini::AI_STUDIO.decode_error(status, body)
    }
}
