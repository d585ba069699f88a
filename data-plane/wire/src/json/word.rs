//! Eight bytes at a time: short texts are looked through with a few plain instructions, where a vector
//! routine would cost more to call than it saves.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Eight bytes of a text, the first one lowest.
#[derive(Clone, Copy)]
pub(super) struct Word(u64);

/// Which bytes of a word are meant: the high bit of each. Exact up to the first one; what follows it may
/// be wrong.
#[derive(Clone, Copy)]
pub(super) struct Marks(u64);

impl Word {
    /// The bytes that are `byte`.
    #[inline]
    pub(super) const fn is(self, byte: u8) -> Marks {
        let zero = self.0 ^ (ONES * byte as u64);
        Marks(zero.wrapping_sub(ONES) & !zero & HIGHS)
    }

    /// With these bits set in every byte.
    #[inline]
    pub(super) const fn with(self, bits: u8) -> Self {
        Self(self.0 | (ONES * bits as u64))
    }
}

impl Marks {
    /// These and those.
    #[inline]
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The place of the first one; beyond the word where there is none.
    #[inline]
    const fn first(self) -> usize {
        (self.0.trailing_zeros() / 8) as usize
    }
}

/// The place of the first byte that `marks` means.
#[inline]
pub(super) fn first(text: &[u8], marks: impl Fn(Word) -> Marks) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = marks(Word(u64::from_le_bytes(*word)));
        if found.0 != 0 {
            return Some(index * 8 + found.first());
        }
    }
    if rest.is_empty() {
        return None;
    }
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(rest) {
        *to = *from;
    }
    // What is beyond the text is nothing that anybody looks for.
    let at = marks(Word(u64::from_le_bytes(word))).first();
    (at < rest.len()).then(|| text.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_one_is_found_wherever_it_stands(
            text in prop::collection::vec(prop::sample::select(b"ab\"\\{[}]\0\x21\x23\xa2\xff".to_vec()), 0..40),
        ) {
            let expected = |is: fn(&u8) -> bool| text.iter().position(is);
            prop_assert_eq!(first(&text, |word| word.is(b'"')), expected(|byte| *byte == b'"'));
            let folded = |word: Word| word.with(0x20).is(b'{').or(word.is(b'\\'));
            let is = |byte: &u8| matches!(byte, b'{' | b'[' | b'\\');
            prop_assert_eq!(first(&text, folded), expected(is));
        }
    }
}
