use super::elements::quote;
use super::word::{self, Word};
use super::{MAX_DEPTH, Member, Members, ValueKind};

/// Finds the top-level members of an object, fed piece by piece, wherever the pieces are cut.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    /// Bytes of the pieces before this one.
    offset: usize,
    /// The member that is being read.
    open: Member,
    /// The kinds of the innermost brackets: a set bit is an object.
    brackets: u128,
    /// Those further out, where there are more than 128.
    outer: Vec<u128>,
    depth: u32,
    max_depth: u32,
    members: Members,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the object.
    #[default]
    Start,
    /// After `{`.
    FirstKey,
    /// After `,`.
    NextKey,
    /// In a key.
    Key,
    /// In a key, after a backslash.
    KeyEscape,
    /// After a key.
    Colon,
    /// Before a value.
    Value,
    /// In a string.
    String,
    /// In a string, after a backslash.
    StringEscape,
    /// In a number or literal.
    Scalar,
    /// In an object or array.
    Nested,
    /// In a string in there.
    NestedString,
    /// In a string in there, after a backslash.
    NestedEscape,
    /// After a value.
    After,
    /// After the object.
    End,
}

/// Why a text is not an object with members that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ScanError {
    /// What is wrong.
    pub kind: ScanErrorKind,
    /// Where it shows.
    pub offset: usize,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanErrorKind {
    /// It begins with something else.
    #[error("the text is not a JSON object")]
    NotAnObject,
    /// It ends too soon.
    #[error("the JSON object ends too soon")]
    Truncated,
    /// Something follows it.
    #[error("something follows the JSON object")]
    Trailing,
    /// A byte stands where it cannot.
    #[error("the JSON is malformed")]
    Malformed,
    /// Nested deeper than this.
    #[error("the JSON is nested deeper than {0} levels")]
    TooDeep(u32),
    /// More members than [`super::MAX_MEMBERS`].
    #[error("the JSON object has more than {} members", super::MAX_MEMBERS)]
    TooManyMembers,
    /// Larger than offsets can tell.
    #[error("the JSON object is too large")]
    TooLarge,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::with_depth(MAX_DEPTH)
    }
}

impl Scanner {
    /// A scanner that takes texts nested up to `max_depth`; the object itself counts.
    pub fn with_depth(max_depth: u32) -> Self {
        Self {
            state: State::Start,
            offset: 0,
            open: Member::default(),
            brackets: 0,
            outer: Vec::new(),
            depth: 0,
            max_depth,
            members: Members::default(),
        }
    }

    /// Scans a text that is all there.
    pub fn scan(text: &[u8]) -> Result<Members, ScanError> {
        let mut scanner = Self::default();
        scanner.feed(text)?;
        scanner.finish()
    }

    /// Takes the next piece of the text.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        if u32::try_from(self.offset + piece.len()).is_err() {
            return Err(self.error(ScanErrorKind::TooLarge, 0));
        }
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            at = match self.state {
                State::Key => self.in_key(piece, at),
                State::String | State::NestedString => self.in_string(piece, at)?,
                State::Nested => self.in_nested(piece, at)?,
                State::Scalar => self.in_scalar(piece, at)?,
                State::KeyEscape => self.go(State::Key, at),
                State::StringEscape => self.go(State::String, at),
                State::NestedEscape => self.go(State::NestedString, at),
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => at + 1,
                _ => self.between(byte, at)?,
            };
        }
        self.offset += piece.len();
        Ok(())
    }

    /// Whether the object is complete; only white space may follow.
    pub fn is_complete(&self) -> bool {
        self.state == State::End
    }

    /// The members found so far whose values are complete.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The members, once the text is at its end.
    pub fn finish(self) -> Result<Members, ScanError> {
        match self.state {
            State::End => Ok(self.members),
            State::Start => Err(self.error(ScanErrorKind::NotAnObject, 0)),
            _ => Err(self.error(ScanErrorKind::Truncated, 0)),
        }
    }

    fn error(&self, kind: ScanErrorKind, at: usize) -> ScanError {
        ScanError { kind, offset: self.offset + at }
    }

    fn go(&mut self, state: State, at: usize) -> usize {
        self.state = state;
        at + 1
    }

    /// The place of a byte of this piece, in the whole text; `feed` has checked that it fits.
    #[expect(clippy::cast_possible_truncation, reason = "`feed` refuses texts beyond u32")]
    fn place(&self, at: usize) -> u32 {
        (self.offset + at) as u32
    }

    /// One byte that is none of a key, value or white space, or the first of one.
    fn between(&mut self, byte: u8, at: usize) -> Result<usize, ScanError> {
        match (self.state, byte) {
            (State::Start, b'{') => {
                self.depth = 1;
                Ok(self.go(State::FirstKey, at))
            }
            (State::Start, _) => Err(self.error(ScanErrorKind::NotAnObject, at)),
            (State::FirstKey | State::NextKey, b'"') => {
                self.open = Member { key_start: self.place(at), ..Member::default() };
                Ok(self.go(State::Key, at))
            }
            (State::FirstKey | State::After, b'}') => Ok(self.go(State::End, at)),
            (State::Colon, b':') => Ok(self.go(State::Value, at)),
            (State::After, b',') => Ok(self.go(State::NextKey, at)),
            (State::Value, _) => self.begin_value(byte, at),
            (State::End, _) => Err(self.error(ScanErrorKind::Trailing, at)),
            _ => Err(self.error(ScanErrorKind::Malformed, at)),
        }
    }

    fn begin_value(&mut self, byte: u8, at: usize) -> Result<usize, ScanError> {
        self.open.value_start = self.place(at);
        let (kind, state) = match byte {
            b'"' => (ValueKind::String, State::String),
            b'{' => (ValueKind::Object, State::Nested),
            b'[' => (ValueKind::Array, State::Nested),
            b't' | b'f' => (ValueKind::Bool, State::Scalar),
            b'n' => (ValueKind::Null, State::Scalar),
            b'-' | b'0'..=b'9' => (ValueKind::Number, State::Scalar),
            _ => return Err(self.error(ScanErrorKind::Malformed, at)),
        };
        self.open.kind = kind;
        // Nested values count their own bracket when it is met.
        Ok(if state == State::Nested {
            self.state = state;
            at
        } else {
            self.go(state, at)
        })
    }

    /// The value ends before `at`.
    fn end_value(&mut self, at: usize) -> Result<(), ScanError> {
        self.open.value_end = self.place(at);
        self.state = State::After;
        if self.members.push(self.open) {
            Ok(())
        } else {
            Err(self.error(ScanErrorKind::TooManyMembers, at))
        }
    }

    /// Skips to the end of a key, an escape in it, or the end of the piece.
    fn in_key(&mut self, piece: &[u8], at: usize) -> usize {
        let rest = piece.get(at..).unwrap_or_default();
        let ends = |word: Word| word.is(b'"').or(word.is(b'\\'));
        let length = word::first(rest, ends).unwrap_or(rest.len());
        let key = rest.get(..length).unwrap_or_default();
        self.open.odd |= key.iter().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase());
        let at = at + length;
        match piece.get(at) {
            None => at,
            Some(b'"') => {
                self.open.key_end = self.place(at + 1);
                self.go(State::Colon, at)
            }
            Some(_) => {
                self.open.odd = true;
                self.go(State::KeyEscape, at)
            }
        }
    }

    /// Skips to the end of a string, or of the piece. Only quotes are looked for: texts are full of
    /// escapes, most of them line ends.
    fn in_string(&mut self, piece: &[u8], from: usize) -> Result<usize, ScanError> {
        let nested = self.state == State::NestedString;
        let mut at = from;
        loop {
            let rest = piece.get(at..).unwrap_or_default();
            let Some(found) = quote(rest) else {
                if is_escaped(piece, from, piece.len()) {
                    self.state = if nested { State::NestedEscape } else { State::StringEscape };
                }
                return Ok(piece.len());
            };
            at += found;
            if is_escaped(piece, from, at) {
                at += 1;
                continue;
            }
            if nested {
                return Ok(self.go(State::Nested, at));
            }
            self.end_value(at + 1)?;
            return Ok(at + 1);
        }
    }

    fn in_scalar(&mut self, piece: &[u8], at: usize) -> Result<usize, ScanError> {
        let rest = piece.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.'))
            .unwrap_or(rest.len());
        let end = at + length;
        match piece.get(end) {
            None => Ok(end),
            Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}') => {
                self.end_value(end)?;
                Ok(end)
            }
            Some(_) => Err(self.error(ScanErrorKind::Malformed, end)),
        }
    }

    /// Skips what is inside an object or array, up to a string, its end, or the end of the piece.
    fn in_nested(&mut self, piece: &[u8], mut at: usize) -> Result<usize, ScanError> {
        loop {
            let rest = piece.get(at..).unwrap_or_default();
            at += plain(rest);
            let Some(&byte) = piece.get(at) else { return Ok(at) };
            match byte {
                b'"' => return Ok(self.go(State::NestedString, at)),
                b'{' | b'[' => {
                    if self.depth >= self.max_depth {
                        return Err(self.error(ScanErrorKind::TooDeep(self.max_depth), at));
                    }
                    if self.depth > 1 && (self.depth - 1).is_multiple_of(u128::BITS) {
                        self.outer.push(self.brackets);
                    }
                    self.depth += 1;
                    self.brackets = (self.brackets << 1) | u128::from(byte == b'{');
                }
                _ => {
                    if (self.brackets & 1 == 1) != (byte == b'}') {
                        return Err(self.error(ScanErrorKind::Malformed, at));
                    }
                    self.brackets >>= 1;
                    self.depth -= 1;
                    if (self.depth - 1).is_multiple_of(u128::BITS) {
                        self.brackets = self.outer.pop().unwrap_or_default();
                    }
                    if self.depth == 1 {
                        self.end_value(at + 1)?;
                        return Ok(at + 1);
                    }
                }
            }
            at += 1;
        }
    }
}

/// Whether the byte at `at` stands after an odd number of backslashes, of which the first is at `from`
/// or later.
pub(super) fn is_escaped(bytes: &[u8], from: usize, at: usize) -> bool {
    let before = bytes.get(from..at).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Quotes and brackets: `|0x20` folds `[` onto `{` and `]` onto `}`, and nothing else onto them.
const fn is_structure(byte: u8) -> bool {
    byte == b'"' || byte | 0x20 == b'{' || byte | 0x20 == b'}'
}

/// How many bytes come before the first quote or bracket. Most have one nearby, which is found a word at
/// a time; then blocks are looked at as a whole, in a form that compiles to vector instructions: long
/// arrays of numbers are skipped at memory speed.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const NEAR: usize = 16;
    let first = |bytes| {
        let structure = |word: Word| {
            let folded = word.with(0x20);
            word.is(b'"').or(folded.is(b'{')).or(folded.is(b'}'))
        };
        word::first(bytes, structure)
    };
    let (near, far) = bytes.split_at(bytes.len().min(NEAR));
    if let Some(at) = first(near) {
        return at;
    }
    let (blocks, _) = far.as_chunks::<32>();
    let whole = blocks
        .iter()
        .take_while(|block| !block.iter().fold(false, |found, &byte| found | is_structure(byte)))
        .count();
    let at = whole * 32;
    let rest = far.get(at..).unwrap_or_default();
    near.len() + at + first(rest).unwrap_or(rest.len())
}
