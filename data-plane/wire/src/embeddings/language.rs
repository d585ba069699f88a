//! What all formats of embeddings meet in.

use super::{EmbedTask, VectorForm};
use crate::canonical::Source;
use crate::fidelity::Losses;
use crate::format::Unsupported;
use crate::json::{Json, ObjectWriter};

/// A request for vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbedRequest {
    /// As the caller named it.
    pub model: String,
    /// A vector is wanted for each.
    pub inputs: Vec<EmbedInput>,
    /// Of how many numbers vectors are.
    pub dimensions: Option<u64>,
    /// How the caller wants vectors written. Providers are asked for floats whatever it is.
    pub form: VectorForm,
    /// The caller's end user.
    pub user: Option<String>,
    /// What vectors are for.
    pub task: Option<EmbedTask>,
    /// What happens to inputs that are too long.
    pub truncate: Option<Truncate>,
    /// Members that only some vendors know.
    pub extras: Vec<(String, Json)>,
}

/// What a vector is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedInput {
    /// A text.
    Text(String),
    /// A text as tokens of the model.
    Tokens(Vec<u64>),
    /// A picture, by its address or here.
    Image(Source),
}

/// What happens to inputs that are too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncate {
    /// They are refused.
    Never,
    /// They lose their beginning.
    Start,
    /// They lose their end.
    End,
}

/// The vectors of an answer, in the order of the inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbedResponse {
    /// Each.
    pub vectors: Vec<Vec<f32>>,
    /// The model that made them, as the provider calls it; may be empty.
    pub model: String,
    /// Tokens of the inputs, where the provider tells.
    pub input_tokens: Option<u64>,
}

impl EmbedInput {
    /// The bytes of a text; of tokens and pictures, of what stands for them. Sizes are what tokens are
    /// guessed from.
    pub fn size(&self) -> u64 {
        let size = match self {
            Self::Text(text) => text.len(),
            Self::Tokens(tokens) => tokens.len() * 4,
            Self::Image(_) => 0,
        };
        size as u64
    }
}

/// What encoders share: they take out of a request what they can say, and report the rest.
impl EmbedRequest {
    /// The inputs, all of which have to be texts.
    pub(super) fn texts<'r>(&'r self) -> Result<Vec<&'r str>, Unsupported> {
        let text = |input: &'r EmbedInput| match input {
            EmbedInput::Text(text) => Ok(text.as_str()),
            EmbedInput::Tokens(_) => Err(Unsupported::new("input", "the provider takes no tokens")),
            EmbedInput::Image(_) => {
                Err(Unsupported::new("input", "the provider takes no pictures"))
            }
        };
        self.inputs.iter().map(text).collect()
    }

    /// Writes the members that are the vendor's own, and reports the others.
    pub(super) fn write_extras(
        &self,
        object: &mut ObjectWriter<'_>,
        own: &[&str],
        losses: &mut Losses,
    ) {
        for (name, json) in &self.extras {
            if own.contains(&name.as_str()) {
                object.json(name, json);
            } else {
                losses.dropped(name.clone());
            }
        }
    }

    /// Reports the members that are here and that the format has no word for.
    pub(super) fn report(&self, unsaid: &[Unsaid], losses: &mut Losses) {
        for member in unsaid {
            let (field, there) = match member {
                Unsaid::Dimensions => ("dimensions", self.dimensions.is_some()),
                Unsaid::User => ("user", self.user.is_some()),
                Unsaid::Task => ("input_type", self.task.is_some()),
                Unsaid::Truncate => ("truncate", self.truncate.is_some()),
            };
            if there {
                losses.dropped(field);
            }
        }
    }

    /// Whether inputs that are too long are cut, for those who know no more than that.
    pub(super) fn cuts(&self, losses: &mut Losses) -> Option<bool> {
        if self.truncate == Some(Truncate::Start) {
            losses.approximated("truncate", "at the end");
        }
        self.truncate.map(|truncate| truncate != Truncate::Never)
    }
}

/// A member that a format has no word for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unsaid {
    Dimensions,
    User,
    Task,
    Truncate,
}
