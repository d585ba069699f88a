//! A whole configuration in a file: the seal, every document, and last the head with the count,
//! without which the file is not whole.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use sanmon_shared::seal::Seal;
use sanmon_shared::{Entry, Head};
use serde::{Deserialize, Serialize};

use super::files;
use super::record::{self, Fault};

#[derive(Serialize, Deserialize)]
struct Begin {
    format: u32,
    /// The seal's key; or, where that comes from outside, [`NAMED`] and its fingerprint.
    seal: String,
}

/// Begins what names a key without telling it.
const NAMED: &str = "fingerprint:";

/// How a seal is kept: not at all where `given` has it already.
fn kept(seal: &Seal, given: Option<&Seal>) -> String {
    if given.is_some_and(|given| given.fingerprint() == seal.fingerprint()) {
        format!("{NAMED}{}", seal.fingerprint())
    } else {
        seal.to_text()
    }
}

/// The seal that was kept so.
fn found(kept: &str, given: Option<&Seal>) -> Result<Seal, Fault> {
    match kept.strip_prefix(NAMED) {
        None => Seal::from_text(kept).map_err(|_| Fault::Damaged("the seal is no key".to_owned())),
        // No damage: with the right key it can be read.
        Some(name) => given
            .filter(|given| given.fingerprint() == name)
            .cloned()
            .ok_or_else(|| Fault::Io(io::Error::other("its seal needs another SANMON_SEAL_KEY"))),
    }
}

#[derive(Serialize, Deserialize)]
struct End {
    head: Head,
    documents: u64,
}

const FORMAT: u32 = 1;

/// A base on its way to the disk; dropped unfinished, it is gone.
pub(super) struct BaseWriter {
    file: BufWriter<File>,
    unfinished: PathBuf,
    path: PathBuf,
    json: Vec<u8>,
    documents: u64,
    bytes: u64,
}

impl BaseWriter {
    /// Begins the base that will be at `path`.
    pub(super) fn create(path: PathBuf, seal: &Seal, given: Option<&Seal>) -> io::Result<Self> {
        let unfinished = path.with_extension("tmp");
        let file = BufWriter::with_capacity(1 << 16, files::create(&unfinished)?);
        let (json, documents, bytes) = (Vec::new(), 0, 0);
        let mut base = Self { file, unfinished, path, json, documents, bytes };
        base.record(b'B', &Begin { format: FORMAT, seal: kept(seal, given) })?;
        Ok(base)
    }

    fn record(&mut self, tag: u8, value: &impl Serialize) -> io::Result<()> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, value)?;
        self.bytes += record::write(&mut self.file, tag, &self.json)?;
        Ok(())
    }

    /// Writes one document.
    pub(super) fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.documents += 1;
        self.record(b'E', entry)
    }

    /// Makes it whole and durable, and says how long it is.
    pub(super) fn finish(mut self, head: &Head) -> io::Result<u64> {
        let documents = self.documents;
        self.record(b'T', &End { head: head.clone(), documents })?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(&self.unfinished, &self.path)?;
        files::sync_folder(&self.path)?;
        Ok(self.bytes)
    }
}

impl Drop for BaseWriter {
    fn drop(&mut self) {
        // Not there any more once it is finished.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

/// Reads a base, document by document. Only what it returns at the end makes them count.
pub(super) fn read(
    path: &Path,
    given: Option<&Seal>,
    mut begin: impl FnMut(Seal),
    mut take: impl FnMut(Entry) -> io::Result<()>,
) -> Result<Head, Fault> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(Fault::Io)?);
    let (mut json, mut documents) = (Vec::new(), 0);
    while let Some(tag) = record::read(&mut file, &mut json)? {
        match tag {
            b'B' => {
                let seen: Begin = parse(&json)?;
                if seen.format != FORMAT {
                    return Err(Fault::Damaged(format!("unknown format {}", seen.format)));
                }
                begin(found(&seen.seal, given)?);
            }
            b'E' => {
                documents += 1;
                take(parse(&json)?).map_err(Fault::Io)?;
            }
            b'T' => {
                let end: End = parse(&json)?;
                if end.documents != documents {
                    return Err(Fault::Damaged("documents are missing".to_owned()));
                }
                return Ok(end.head);
            }
            _ => return Err(Fault::Damaged("unknown record".to_owned())),
        }
    }
    Err(Fault::Damaged("its end is missing".to_owned()))
}

/// The parser's message could quote a document, so it is not repeated.
pub(super) fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(json)
        .map_err(|_| Fault::Damaged("a record is not understood".to_owned()))
}
