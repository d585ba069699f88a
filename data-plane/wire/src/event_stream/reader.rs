use super::frame::{PRELUDE, length};
use super::{Frame, FrameError};

/// Cuts a stream of bytes into frames, however the bytes come, and holds back no more than one frame
/// of at most `limit` bytes.
#[derive(Clone, Debug)]
pub struct Reader {
    held: Vec<u8>,
    limit: usize,
}

impl Default for Reader {
    /// Frames of up to 16 MiB, as the format has it.
    fn default() -> Self {
        Self::new(16 * 1024 * 1024)
    }
}

impl Reader {
    /// Frames of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { held: Vec::new(), limit }
    }

    /// Shows `see` each frame that is complete with this piece. After an error nothing can be read any
    /// more.
    pub fn feed(&mut self, piece: &[u8], mut see: impl FnMut(Frame<'_>)) -> Result<(), FrameError> {
        let mut rest = piece;
        // What is held is completed first: the prelude, which says how much is missing, and then that.
        while !self.held.is_empty() {
            let wanted =
                self.held.first_chunk().map_or(Ok(PRELUDE), |&it| length(it, self.limit))?;
            let missing = wanted.saturating_sub(self.held.len());
            let (taken, left) = rest.split_at(missing.min(rest.len()));
            self.held.extend_from_slice(taken);
            rest = left;
            if self.held.len() < wanted {
                return Ok(());
            }
            if wanted > PRELUDE {
                see(Frame::read(&self.held)?);
                self.held.clear();
            }
        }
        while let Some(&prelude) = rest.first_chunk() {
            let Some((frame, left)) = rest.split_at_checked(length(prelude, self.limit)?) else {
                break;
            };
            see(Frame::read(frame)?);
            rest = left;
        }
        self.held.extend_from_slice(rest);
        Ok(())
    }

    /// Whether the stream ended within a frame.
    pub fn is_within_frame(&self) -> bool {
        !self.held.is_empty()
    }
}
