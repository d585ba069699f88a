use actix_web::http::header::HeaderValue;

/// The longest id that is taken from a caller.
const LONGEST: usize = 128;

/// The id of a request, ready to be a header: in every answer and log line.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// What the caller calls its request, where that is printable ASCII and not too long.
    pub fn from_caller(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(value.clone()))
    }

    /// An id that no other request of any data plane has: `seed` is random and the worker's own,
    /// `count` its running number.
    pub fn new(seed: u64, count: u64) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; 32];
        let both = (u128::from(seed) << 64) | u128::from(count);
        for (place, digit) in text.iter_mut().enumerate() {
            let nibble = (both >> (124 - 4 * place)) & 0xf;
            *digit = DIGITS.get(usize::try_from(nibble).unwrap_or(0)).copied().unwrap_or(b'0');
        }
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0")))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As a header.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_of_the_caller_is_taken() {
        let from = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            RequestId::from_caller(&value).map(|id| id.as_str().to_owned())
        };
        assert_eq!(from("req-1"), Some("req-1".to_owned()));
        assert_eq!(from(""), None);
        assert_eq!(from("a b"), None);
        let long = HeaderValue::from_bytes(&[b'a'; 129]).unwrap();
        assert!(RequestId::from_caller(&long).is_none());
    }

    #[test]
    fn a_generated_id_is_seed_and_count() {
        let id = RequestId::new(0x0123_4567_89ab_cdef, 10);
        assert_eq!(id.as_str(), "0123456789abcdef000000000000000a");
    }
}
