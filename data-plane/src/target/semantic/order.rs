//! In which order targets are asked.

use std::sync::Arc;

use super::vectors::Scores;

/// The places of the targets of a pool in the order in which a request is put to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// All of them.
    pub(crate) places: Arc<[u16]>,
    /// The first of them is like what is asked.
    pub(crate) is_like: bool,
}

impl Order {
    /// Those that are like the prompt come first, the one that is most like it before the others; of
    /// those that are equal, the one that stands first. Then comes the one that is asked where none is,
    /// then the others, again by how like they are, and at last those of which that is not known.
    pub(super) fn of(scores: Option<&Scores>, thresholds: &[f32], fallback: usize) -> Self {
        let score = |place: usize| scores.and_then(|scores| scores.of(place));
        let is_like = |place: usize| {
            let threshold = thresholds.get(place).copied().unwrap_or(f32::INFINITY);
            score(place).is_some_and(|score| score >= threshold)
        };
        let rank = |place: usize| match (is_like(place), place == fallback) {
            (true, _) => 0_u8,
            (false, true) => 1,
            (false, false) => 2,
        };
        let mut places: Vec<usize> = (0..thresholds.len()).collect();
        // Stable: what is equal stays as it stands.
        places.sort_by(|a, b| {
            let likeness = |place| score(place).unwrap_or(f32::NEG_INFINITY);
            let by_score = likeness(*b).total_cmp(&likeness(*a));
            rank(*a).cmp(&rank(*b)).then(by_score)
        });
        Self {
            is_like: places.first().is_some_and(|first| is_like(*first)),
            places: places.into_iter().filter_map(|place| u16::try_from(place).ok()).collect(),
        }
    }
}

/// What a request asks, for pools that choose by it.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// The last message of its user, as far as it is looked at.
    pub(crate) asked: Option<Box<str>>,
}
