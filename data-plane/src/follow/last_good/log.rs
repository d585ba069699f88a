//! The change sets after a base, one record each.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::Path;

use sanmon_shared::ChangeSet;

use super::base::parse;
use super::files;
use super::record::{self, Fault};

/// A log that is written. Records reach the system, not always the disk: losing the last of them
/// only makes the last good state a little older.
pub(super) struct Log {
    file: File,
}

impl Log {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: files::create(path)? })
    }

    /// Adds a change set and says how long its record is. After an error the log may end torn;
    /// another one has to go on.
    pub(super) fn append(&mut self, set: &ChangeSet) -> io::Result<u64> {
        let json = serde_json::to_vec(&set.for_publication())?;
        let mut bytes = Vec::with_capacity(json.len() + 64);
        let length = record::write(&mut bytes, b'C', &json)?;
        self.file.write_all(&bytes)?;
        Ok(length)
    }
}

/// Reads a log up to its end, or to where it cannot be read.
pub(super) fn read(path: &Path, mut take: impl FnMut(ChangeSet)) -> Result<(), Fault> {
    let mut file = BufReader::new(File::open(path).map_err(Fault::Io)?);
    let mut json = Vec::new();
    while let Some(tag) = record::read(&mut file, &mut json)? {
        if tag != b'C' {
            return Err(Fault::Damaged("unknown record".to_owned()));
        }
        take(parse(&json)?);
    }
    Ok(())
}
