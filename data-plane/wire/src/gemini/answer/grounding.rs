//! What a text relies on. Gemini counts bytes of UTF-8, everyone else characters.

use super::super::types::{CitationMetadata, GroundingMetadata, GroundingSource};
use crate::canonical::Citation;
use crate::json::ObjectWriter;

/// Citations of a grounded text: one for each page that a segment relies on.
pub(super) fn read(metadata: &GroundingMetadata, text: &str) -> Vec<Citation> {
    let mut out = Vec::new();
    for support in &metadata.grounding_supports {
        let segment = &support.segment;
        let span = span(text, segment.start_index, segment.end_index);
        for index in &support.grounding_chunk_indices {
            let chunk = metadata.grounding_chunks.get(*index);
            let source = chunk.and_then(|chunk| {
                chunk.web.as_ref().or(chunk.retrieved_context.as_ref()).or(chunk.maps.as_ref())
            });
            let Some(GroundingSource { uri, title }) = source else { continue };
            out.push(Citation {
                url: uri.clone(),
                title: title.clone(),
                span,
                ..Citation::default()
            });
        }
    }
    out
}

/// Citations of sources that a text repeats.
pub(super) fn read_sources(metadata: &CitationMetadata, text: &str) -> Vec<Citation> {
    let citations = metadata.citations.iter().map(|source| Citation {
        url: source.uri.clone(),
        title: source.title.clone(),
        span: source.end_index.and_then(|end| span(text, source.start_index, end)),
        ..Citation::default()
    });
    citations.collect()
}

/// A range of bytes as one of characters.
fn span(text: &str, start: u64, end: u64) -> Option<(u64, u64)> {
    let characters = |bytes: u64| {
        let before = text.as_bytes().get(..usize::try_from(bytes).ok()?)?;
        // Bytes that begin a character.
        Some(before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count() as u64)
    };
    (start < end).then_some((characters(start)?, characters(end)?))
}

/// A place among characters as one among bytes.
fn byte_of(text: &str, character: u64) -> usize {
    let index = usize::try_from(character).unwrap_or(usize::MAX);
    text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte)
}

/// A citation and where its text stands.
#[derive(Debug)]
pub(super) struct Cited {
    citation: Citation,
    segment: (usize, usize),
}

impl Cited {
    /// Of this text: all of it, where the citation does not say what of it.
    pub(super) fn new(citation: &Citation, text: &str) -> Self {
        let span = citation.span.map(|(from, to)| (byte_of(text, from), byte_of(text, to)));
        let segment = span.unwrap_or((0, text.len()));
        Self { citation: citation.clone(), segment }
    }
}

/// Writes `groundingMetadata` of citations that name a page.
pub(super) fn write(candidate: &mut ObjectWriter<'_>, cited: &[Cited]) {
    let pages = || cited.iter().filter(|one| one.citation.url.is_some());
    if pages().next().is_none() {
        return;
    }
    let mut metadata = candidate.object("groundingMetadata");
    let mut chunks = metadata.list("groundingChunks");
    for one in pages() {
        let mut chunk = chunks.object();
        let mut web = chunk.object("web");
        web.option("uri", one.citation.url.as_deref());
        web.option("title", one.citation.title.as_deref());
        web.close();
        chunk.close();
    }
    chunks.close();
    let mut supports = metadata.list("groundingSupports");
    for (index, one) in pages().enumerate() {
        let (from, to) = one.segment;
        let mut support = supports.object();
        let mut segment = support.object("segment");
        segment.value("startIndex", &from);
        segment.value("endIndex", &to);
        segment.close();
        support.value("groundingChunkIndices", &[index]);
        support.close();
    }
    supports.close();
    metadata.close();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_characters_and_back() {
        let text = "é is é";
        assert_eq!(span(text, 0, 2), Some((0, 1)));
        assert_eq!(span(text, 6, 8), Some((5, 6)));
        assert_eq!(span(text, 6, 9), None);
        assert_eq!((byte_of(text, 1), byte_of(text, 6), byte_of(text, 99)), (2, 8, 8));
    }
}
