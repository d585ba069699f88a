use std::borrow::Cow;

/// What an event says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its `event`, if it has one.
    pub name: Option<&'a [u8]>,
    /// Its `data`, several lines joined by LF; `None` when there is no such line.
    pub data: Option<Cow<'a, [u8]>>,
}

impl<'a> Event<'a> {
    /// Reads the lines of one event. Comments and fields that mean nothing here are skipped, and so
    /// is a byte order mark.
    pub fn read(bytes: &'a [u8]) -> Self {
        if let Some(data) = only_line(bytes) {
            return Self { name: None, data: Some(Cow::Borrowed(data)) };
        }
        let mut event = Self::default();
        for (name, value) in fields(bytes) {
            match name {
                b"event" => event.name = Some(value),
                b"data" => match &mut event.data {
                    None => event.data = Some(Cow::Borrowed(value)),
                    Some(data) => {
                        let data = data.to_mut();
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                },
                _ => {}
            }
        }
        event
    }
}

/// The data of an event that has one line of it and nothing else, as most have.
fn only_line(bytes: &[u8]) -> Option<&[u8]> {
    let value = bytes.strip_prefix(b"data:")?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let end = memchr::memchr2(b'\n', b'\r', value).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    rest.iter().all(|byte| matches!(byte, b'\n' | b'\r')).then_some(value)
}

/// The fields of an event, in order, comments left out.
pub fn fields(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()).filter_map(
        |line| {
            let Some(colon) = memchr::memchr(b':', line) else { return Some((line, &[] as &[u8])) };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            (!name.is_empty()).then(|| (name, value.strip_prefix(b" ").unwrap_or(value)))
        },
    )
}
