/// The value of a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Types 0 and 1, which have no bytes.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Int(i32),
    /// Type 5.
    Long(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7, as all headers of Bedrock are.
    Text(&'a str),
    /// Type 8, in milliseconds of the epoch.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// The headers of a frame, in order.
#[derive(Clone, Debug)]
pub struct Headers<'a>(&'a [u8]);

impl<'a> Headers<'a> {
    /// Checks that all of them can be read; `None` when one cannot.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, _, rest) = header(rest)?;
        }
        Some(Self(bytes))
    }

    /// The text of this name, if it is there and a text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.clone().find_map(|(known, value)| match value {
            Value::Text(text) if known == name => Some(text),
            _ => None,
        })
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value, rest) = header(self.0)?;
        self.0 = rest;
        Some((name, value))
    }
}

/// The first header, and what follows it.
fn header(bytes: &[u8]) -> Option<(&str, Value<'_>, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(length.into())?;
    let (&kind, rest) = rest.split_first()?;
    let (value, rest) = match kind {
        0 | 1 => (Value::Bool(kind == 0), rest),
        2 => number(rest).map(|(bytes, rest)| (Value::Byte(i8::from_be_bytes(bytes)), rest))?,
        3 => number(rest).map(|(bytes, rest)| (Value::Short(i16::from_be_bytes(bytes)), rest))?,
        4 => number(rest).map(|(bytes, rest)| (Value::Int(i32::from_be_bytes(bytes)), rest))?,
        5 => number(rest).map(|(bytes, rest)| (Value::Long(i64::from_be_bytes(bytes)), rest))?,
        6 => sized(rest).map(|(bytes, rest)| (Value::Bytes(bytes), rest))?,
        7 => {
            let (bytes, rest) = sized(rest)?;
            (Value::Text(std::str::from_utf8(bytes).ok()?), rest)
        }
        8 => {
            number(rest).map(|(bytes, rest)| (Value::Timestamp(i64::from_be_bytes(bytes)), rest))?
        }
        9 => number(rest).map(|(bytes, rest)| (Value::Uuid(bytes), rest))?,
        _ => return None,
    };
    Some((std::str::from_utf8(name).ok()?, value, rest))
}

fn number<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((*number, rest))
}

/// Bytes after their length.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(u16::from_be_bytes(length).into())
}
