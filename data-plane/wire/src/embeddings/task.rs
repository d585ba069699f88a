//! What vectors are for: vendors have different words, and not all have all.

use crate::fidelity::Losses;

/// What vectors are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum EmbedTask {
    Query,
    Document,
    Similarity,
    Classification,
    Clustering,
    QuestionAnswering,
    FactVerification,
    CodeQuery,
    CodeDocument,
}

use EmbedTask::{
    Classification, Clustering, CodeDocument, CodeQuery, Document, FactVerification, Query,
    QuestionAnswering, Similarity,
};

/// A vendor's words. The first that fits is written; all are read.
pub(super) type Words = &'static [(EmbedTask, &'static str)];

pub(super) const COHERE: Words = &[
    (Query, "search_query"),
    (Document, "search_document"),
    (Classification, "classification"),
    (Clustering, "clustering"),
];

pub(super) const VOYAGE: Words = &[(Query, "query"), (Document, "document")];

pub(super) const JINA: Words = &[
    (Query, "retrieval.query"),
    (Document, "retrieval.passage"),
    (Similarity, "text-matching"),
    (Classification, "classification"),
    (Clustering, "separation"),
    (CodeQuery, "code.query"),
    (CodeDocument, "code.passage"),
];

pub(super) const GEMINI: Words = &[
    (Query, "RETRIEVAL_QUERY"),
    (Document, "RETRIEVAL_DOCUMENT"),
    (Similarity, "SEMANTIC_SIMILARITY"),
    (Classification, "CLASSIFICATION"),
    (Clustering, "CLUSTERING"),
    (QuestionAnswering, "QUESTION_ANSWERING"),
    (FactVerification, "FACT_VERIFICATION"),
    (CodeQuery, "CODE_RETRIEVAL_QUERY"),
];

/// Words of vendors to whom nothing is written in their own.
const OTHERS: Words = &[(Document, "passage")];

impl EmbedTask {
    /// What a word means, whoever's it is.
    pub fn of(word: &str) -> Option<Self> {
        let all = [COHERE, VOYAGE, JINA, GEMINI, OTHERS];
        let mut all = all.into_iter().flatten();
        all.find(|(_, known)| known.eq_ignore_ascii_case(word)).map(|(task, _)| *task)
    }

    /// What comes near to it.
    const fn near(self) -> Option<Self> {
        match self {
            QuestionAnswering | FactVerification | CodeQuery => Some(Query),
            CodeDocument => Some(Document),
            Similarity => Some(Clustering),
            Query | Document | Classification | Clustering => None,
        }
    }

    /// A vendor's word for it, or for what comes near to it; reports where it is not the same.
    pub(super) fn word(self, words: Words, losses: &mut Losses) -> Option<&'static str> {
        let find = |wanted| words.iter().find(|(task, _)| *task == wanted).map(|(_, word)| *word);
        if let Some(word) = find(self) {
            return Some(word);
        }
        let near = self.near().and_then(find);
        match near {
            Some(_) => losses.approximated("input_type", "the task that comes nearest"),
            None => losses.dropped_for("input_type", "the vendor knows no such task"),
        }
        near
    }
}
