use super::Headers;

/// A frame, its checksums verified.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Its headers; `:message-type` says whether it is an event, an exception or an error.
    pub headers: Headers<'a>,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Why bytes are no frame. Nothing can be read after it: where the next frame begins is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It says that it is longer than a reader takes.
    #[error("a frame of {0} bytes is too large")]
    TooLarge(usize),
    /// Its lengths contradict each other.
    #[error("the lengths of a frame contradict each other")]
    Lengths,
    /// Bytes have changed on the way.
    #[error("the checksum of a frame is wrong")]
    Checksum,
    /// Its headers cannot be read.
    #[error("the headers of a frame cannot be read")]
    Headers,
}

/// Lengths and their checksum.
pub(super) const PRELUDE: usize = 12;
/// What a frame has beside headers and payload.
const OVERHEAD: usize = PRELUDE + 4;

/// How long the frame is that begins here: its prelude, checksum verified.
pub(super) fn length(prelude: [u8; PRELUDE], limit: usize) -> Result<usize, FrameError> {
    let (lengths, checksum) = prelude.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_be_bytes).unwrap_or_default();
    if crc32fast::hash(lengths) != number(checksum) {
        return Err(FrameError::Checksum);
    }
    let (length, headers) = lengths.split_at(4);
    let (length, headers) = (number(length) as usize, number(headers) as usize);
    if length > limit {
        return Err(FrameError::TooLarge(length));
    }
    if length.checked_sub(OVERHEAD).is_none_or(|room| room < headers) {
        return Err(FrameError::Lengths);
    }
    Ok(length)
}

impl<'a> Frame<'a> {
    /// Reads a frame that is all there, its prelude verified by [`length`].
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (rest, checksum) = bytes.split_last_chunk().ok_or(FrameError::Lengths)?;
        if crc32fast::hash(rest) != u32::from_be_bytes(*checksum) {
            return Err(FrameError::Checksum);
        }
        let (prelude, rest) = rest.split_first_chunk::<PRELUDE>().ok_or(FrameError::Lengths)?;
        let [_, _, _, _, a, b, c, d, ..] = *prelude;
        let headers = u32::from_be_bytes([a, b, c, d]) as usize;
        let (headers, payload) = rest.split_at_checked(headers).ok_or(FrameError::Lengths)?;
        Ok(Self { headers: Headers::read(headers).ok_or(FrameError::Headers)?, payload })
    }
}

/// Appends a frame with these headers, all of them texts, and the payload that `payload` appends.
///
/// Names of headers are at most 255 bytes long and texts 65535; what is longer is cut, and so are
/// frames beyond 4 GiB, which no reader takes.
pub fn write_frame(
    out: &mut Vec<u8>,
    headers: &[(&str, &str)],
    payload: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; PRELUDE]);
    for (name, value) in headers {
        let name = cut(name, u8::MAX.into());
        let value = cut(value, u16::MAX.into());
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(name.as_bytes());
        out.push(7);
        out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    let headers = out.len() - start - PRELUDE;
    payload(out);
    let mut prelude = [0; PRELUDE];
    let (lengths, checksum) = prelude.split_at_mut(8);
    let (total, of_headers) = lengths.split_at_mut(4);
    let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes();
    total.copy_from_slice(&size(out.len() - start + 4));
    of_headers.copy_from_slice(&size(headers));
    checksum.copy_from_slice(&crc32fast::hash(lengths).to_be_bytes());
    if let Some(frame) = out.get_mut(start..) {
        if let Some(place) = frame.first_chunk_mut() {
            *place = prelude;
        }
        let checksum = crc32fast::hash(frame).to_be_bytes();
        out.extend_from_slice(&checksum);
    }
}

/// At most so many bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}
