//! Vectors, and how like each other they are.
//!
//! Scoring costs a multiplication and an addition per number of every example, eight at a time: with
//! the most that there can be (2,048 examples of 3,072 numbers) some milliseconds, with ten targets of ten
//! examples some hundredths of one.

use smallvec::SmallVec;

/// Numbers of a vector; longer ones are not taken.
const LONGEST: usize = 8_192;

/// The vectors of examples, all of the length 1 and of equally many numbers.
#[derive(Debug)]
pub(crate) struct Vectors {
    /// One after the other.
    numbers: Box<[f32]>,
    /// How many belong to each.
    dimensions: usize,
    /// The place of the target of each.
    owners: Box<[u16]>,
}

/// How like a prompt targets are, by their places: the best of their examples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scores(SmallVec<[Option<f32>; 8]>);

impl Scores {
    /// Of the target at this place; none where none of its examples could be compared.
    pub(crate) fn of(&self, place: usize) -> Option<f32> {
        self.0.get(place).copied().flatten()
    }
}

impl Vectors {
    /// Of examples in their order, whose targets are `owners`. Those that cannot be compared with the
    /// others are left out; none where all are.
    pub(super) fn of(vectors: &[Vec<f32>], owners: &[u16]) -> Option<Self> {
        let good = || {
            let all = vectors.iter().zip(owners);
            all.filter_map(|(vector, owner)| Some((vector, *owner, scale(vector)?)))
        };
        let dimensions = good().next().map(|(vector, _, _)| vector.len())?;
        let (mut numbers, mut kept) = (Vec::new(), Vec::new());
        for (vector, owner, scale) in good().filter(|(vector, _, _)| vector.len() == dimensions) {
            numbers.extend(vector.iter().map(|number| number * scale));
            kept.push(owner);
        }
        Some(Self { numbers: numbers.into(), dimensions, owners: kept.into() })
    }

    /// How like `prompt` each of so many targets is.
    pub(super) fn scores(&self, prompt: &[f32], targets: usize) -> Option<Scores> {
        let scale = scale(prompt).filter(|_| prompt.len() == self.dimensions)?;
        let mut scores: SmallVec<[Option<f32>; 8]> = SmallVec::from_elem(None, targets);
        for (example, owner) in self.numbers.chunks_exact(self.dimensions).zip(&self.owners) {
            let cosine = dot(example, prompt) * scale;
            if let Some(score) = scores.get_mut(usize::from(*owner)) {
                *score = Some(score.map_or(cosine, |best: f32| best.max(cosine)));
            }
        }
        Some(Scores(scores))
    }
}

/// By what a vector is multiplied to have the length 1; none where that cannot be done.
fn scale(vector: &[f32]) -> Option<f32> {
    if vector.is_empty() || vector.len() > LONGEST {
        return None;
    }
    let scale = 1.0 / dot(vector, vector).sqrt();
    // Of a vector without length, or with something in it that is no number.
    (scale.is_finite() && scale > 0.0).then_some(scale)
}

/// The sum of the products. Sums are kept apart by eight, so that no addition waits for the one before.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_as_like_as_the_best_of_its_examples() {
        let examples = [vec![3.0, 0.0], vec![0.0, 5.0], vec![-1.0, 0.0]];
        let vectors = Vectors::of(&examples, &[0, 0, 1]).unwrap();
        let scores = vectors.scores(&[0.0, 0.1], 3).unwrap();
        assert!((scores.of(0).unwrap() - 1.0).abs() < 1e-6);
        assert!(scores.of(1).unwrap().abs() < 1e-6);
        assert_eq!((scores.of(2), scores.of(9)), (None, None));
    }

    #[test]
    fn what_cannot_be_compared_is_left_out() {
        let odd = [vec![], vec![0.0; 2], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]];
        assert!(Vectors::of(&odd, &[0, 1, 2, 3]).is_none());
        assert!(Vectors::of(&[vec![1.0; LONGEST + 1]], &[0]).is_none());
        let mut some = odd.to_vec();
        some.extend([vec![0.0, 1.0], vec![1.0, 0.0, 0.0]]);
        let vectors = Vectors::of(&some, &[0, 1, 2, 3, 4, 5]).unwrap();
        let scores = vectors.scores(&[0.0, 2.0], 6).unwrap();
        let known: Vec<usize> = (0..6).filter(|place| scores.of(*place).is_some()).collect();
        assert_eq!(known, [4]);
        for prompt in [&[][..], &[1.0], &[1.0, 0.0, 0.0], &[f32::NAN, 1.0], &[0.0, 0.0]] {
            assert_eq!(vectors.scores(prompt, 6), None, "{prompt:?}");
        }
    }

    #[test]
    fn sums_are_those_of_all_numbers() {
        for length in [1, 7, 8, 9, 16, 1_536] {
            let a: Vec<f32> = (0_u16..length).map(|n| f32::from(n) * 0.001).collect();
            let b: Vec<f32> = a.iter().map(|n| 1.0 - n).collect();
            let exact: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&a, &b)) - exact).abs() < 1e-2, "{length}");
        }
    }
}
