use super::elements::{quote, skip_string};

/// Every key of a text, at whatever depth, with what follows its colon up to the end of the text. A
/// look at what a small text holds, without regard to where.
#[derive(Clone, Debug)]
pub struct Keys<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Keys<'a> {
    /// Of a value that is all there.
    pub fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Keys<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        loop {
            let start = self.at + quote(self.text.get(self.at..)?)?;
            let end = skip_string(self.text, start)?;
            self.at = end;
            let after = self.text.get(end..)?.trim_ascii_start();
            if let Some(value) = after.strip_prefix(b":") {
                return Some((self.text.get(start + 1..end - 1)?, value.trim_ascii_start()));
            }
        }
    }
}
