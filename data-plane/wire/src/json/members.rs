use std::ops::Range;

use super::{MAX_MEMBERS, ValueKind};

/// Where a member stands, as offsets into the text that was scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub(super) key_start: u32,
    pub(super) key_end: u32,
    pub(super) value_start: u32,
    pub(super) value_end: u32,
    pub(super) kind: ValueKind,
    /// The key has escapes, capital letters, or letters beyond ASCII: another reader may take it for another one.
    pub(super) odd: bool,
}

impl Member {
    /// The key, its quotes included.
    pub fn key(&self) -> Range<usize> {
        self.key_start as usize..self.key_end as usize
    }

    /// The value, its quotes or brackets included.
    pub fn value(&self) -> Range<usize> {
        self.value_start as usize..self.value_end as usize
    }

    /// What the value is.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }
}

/// Requests have a dozen members; more than these go to the heap.
const INLINE: usize = 16;

/// The members of an object, in the order of the text.
#[derive(Clone, Debug)]
pub struct Members {
    inline: [Member; INLINE],
    count: usize,
    spilled: Vec<Member>,
}

impl Default for Members {
    fn default() -> Self {
        Self { inline: [Member::default(); INLINE], count: 0, spilled: Vec::new() }
    }
}

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count + self.spilled.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.inline.iter().take(self.count).chain(&self.spilled)
    }

    /// One, by its place.
    pub fn get(&self, index: usize) -> Option<&Member> {
        if index < self.count {
            self.inline.get(index)
        } else {
            self.spilled.get(index.checked_sub(INLINE)?)
        }
    }

    /// Whether there was room for it.
    pub(super) fn push(&mut self, member: Member) -> bool {
        if let Some(slot) = self.inline.get_mut(self.count) {
            *slot = member;
            self.count += 1;
            return true;
        }
        if self.len() >= MAX_MEMBERS {
            return false;
        }
        self.spilled.push(member);
        true
    }
}
