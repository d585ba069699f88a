//! JSON objects by their top-level members: found without building or validating the rest, and
//! changed by offset without touching the rest.
//!
//! [`Scanner`] is fed as bytes arrive and remembers where members stand; [`Object`] looks them up;
//! [`Edits`] makes the changed text in one pass. What is inside a value is skipped: whether it is
//! valid JSON is for whoever reads it.

mod edit;
mod elements;
mod keys;
mod members;
mod object;
mod raw;
mod scan;
mod text;
mod word;
mod write;

pub use edit::Edits;
pub use elements::Elements;
pub use keys::Keys;
pub use members::{Member, Members};
pub use object::{MemberError, Object, Value};
pub use raw::Json;
pub use scan::{ScanError, ScanErrorKind, Scanner};
pub use text::{is_utf8, number, string, write_string};
pub use write::{ListWriter, ObjectWriter, write_value};

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueKind {
    /// `"…"`.
    String,
    /// `-1.5e3`.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    #[default]
    Null,
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
}

/// Nesting beyond this is refused unless a scanner is told otherwise; the object itself counts.
pub const MAX_DEPTH: u32 = 128;

/// More top-level members than this are refused.
pub const MAX_MEMBERS: usize = 1024;

#[cfg(test)]
mod tests;
