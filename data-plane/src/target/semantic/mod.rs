//! Targets that are chosen by what is asked: by how like their examples the prompt is.
//!
//! Here is what is compared, and what is kept between requests: the [`Vectors`] of the examples, in a
//! [`Memory`] beside the snapshot. Who makes vectors is called by [`crate::protocol`].

mod hold;
mod memory;
mod order;
mod prompt;
mod rules;
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::resources::EmbeddingModelId;

pub(super) use memory::Key;
pub(crate) use memory::{Flight, Look, Memory};
pub(crate) use order::{Meaning, Order};
pub(crate) use prompt::asked;
pub(crate) use rules::{check_examples, check_threshold, check_total};
pub(crate) use vectors::{Scores, Vectors};

use super::Registry;
use super::pool::MemberConfig;
use crate::provider::Provider;
use crate::snapshot::Snapshot;

/// How targets are chosen by what is asked.
#[derive(Debug)]
pub(crate) struct SemanticConfig {
    /// Who makes vectors.
    pub(crate) embedder: Embedder,
    /// Its model, where that is not its own default.
    pub(crate) model: Option<Box<str>>,
    /// How long choosing may take.
    pub(crate) timeout: Duration,
    /// How like a prompt has to be, for targets that do not say.
    pub(crate) threshold: f32,
    /// Who is asked where nobody is like the prompt: its name; the first when absent.
    pub(crate) fallback: Option<Box<str>>,
    /// Callers are told.
    pub(crate) debugging: bool,
}

/// Who makes vectors.
#[derive(Debug)]
pub(crate) enum Embedder {
    /// A document, looked up in the snapshot of each request.
    Stored(EmbeddingModelId),
    /// One that only this pool has. Its identity is alike for all that make the same vectors.
    Own {
        /// It.
        provider: Arc<Provider>,
        /// What of its config its vectors depend on.
        identity: Box<str>,
    },
}

/// A pool's targets by what they are for.
#[derive(Debug)]
pub(crate) struct Semantic {
    pub(crate) embedder: Embedder,
    pub(crate) model: Option<Box<str>>,
    pub(crate) timeout: Duration,
    pub(crate) debugging: bool,
    /// All examples, those of one target after those of the one before.
    pub(crate) examples: Box<[Box<str>]>,
    /// What is known of them.
    pub(crate) memory: Arc<Memory>,
    /// The place of the target of each example.
    owners: Box<[u16]>,
    /// How like a prompt has to be, by target.
    thresholds: Box<[f32]>,
    /// The place of the target that is asked where none is like the prompt.
    fallback: usize,
    /// In which order targets are asked where nothing is known of the prompt.
    pub(super) usual: Order,
}

impl Semantic {
    /// Compiles it for these targets of the provider with this id. None where there is nothing to choose.
    pub(super) fn build(
        owner: &str,
        config: SemanticConfig,
        members: &[MemberConfig],
        registry: Option<&Registry>,
    ) -> Option<Self> {
        if members.len() < 2 {
            return None;
        }
        let SemanticConfig { embedder, model, timeout, threshold, fallback, debugging } = config;
        let (mut examples, mut owners) = (Vec::new(), Vec::new());
        for (place, member) in (0..).zip(members) {
            for example in &member.examples {
                examples.push(prompt::beginning(example).into());
                owners.push(place);
            }
        }
        let key = memory::key(owner, &embedder, model.as_deref(), &examples);
        let fallback = fallback.as_deref();
        let fallback =
            fallback.and_then(|name| members.iter().position(|member| *member.name == *name));
        let fallback = fallback.unwrap_or_default();
        let thresholds: Box<[f32]> =
            members.iter().map(|member| member.threshold.unwrap_or(threshold)).collect();
        Some(Self {
            embedder,
            model,
            timeout,
            debugging,
            examples: examples.into(),
            memory: registry.map_or_else(Arc::default, |registry| registry.examples(key)),
            owners: owners.into(),
            usual: Order::of(None, &thresholds, fallback),
            thresholds,
            fallback,
        })
    }

    /// Who makes vectors; none where the snapshot does not have it.
    pub(crate) fn embedder<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a Arc<Provider>> {
        match &self.embedder {
            Embedder::Stored(id) => snapshot.embedding_model(id),
            Embedder::Own { provider, .. } => Some(provider),
        }
    }

    /// What tells its vectors from those that it made before its document was changed.
    pub(crate) fn maker(&self, embedder: &Provider) -> u64 {
        match &self.embedder {
            Embedder::Stored(_) => embedder.build,
            // What they depend on is in the key of the memory.
            Embedder::Own { .. } => 0,
        }
    }

    /// The vectors of the examples, as whoever makes them gives them.
    pub(crate) fn vectors(&self, vectors: &[Vec<f32>]) -> Option<Vectors> {
        Vectors::of(vectors, &self.owners)
    }

    /// How like the prompt each target is; none where the prompt cannot be compared with any.
    pub(crate) fn scores(&self, vectors: &Vectors, prompt: &[f32]) -> Option<Scores> {
        vectors.scores(prompt, self.thresholds.len())
    }

    /// The places of the targets in the order in which they are asked.
    pub(crate) fn order(&self, scores: Option<&Scores>) -> Order {
        Order::of(scores, &self.thresholds, self.fallback)
    }
}

#[cfg(test)]
mod tests;
