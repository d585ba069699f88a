//! The names in `last-good`: `base-<n>` is the state at the beginning of `log-<n>`, and a log goes
//! on where the one before it ended. Numbers only grow.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The most damaged files that are kept for whoever wants to look.
const SET_ASIDE: usize = 3;

/// What lies in the folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Numbers of bases, newest first.
    pub(super) bases: Vec<u64>,
    /// Numbers of logs, oldest first.
    pub(super) logs: Vec<u64>,
}

impl Listing {
    /// A number that nothing has.
    pub(super) fn next(&self) -> u64 {
        self.bases.iter().chain(&self.logs).max().map_or(1, |newest| newest + 1)
    }
}

pub(super) fn base(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("base-{number:010}.jsonl"))
}

pub(super) fn log(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("log-{number:010}.jsonl"))
}

/// Makes the folder, for its owner only.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?.filter_map(Result::ok);
    Ok(names.filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// What is there.
pub(super) fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for name in names(folder)? {
        let number =
            |prefix: &str| name.strip_prefix(prefix)?.strip_suffix(".jsonl")?.parse::<u64>().ok();
        listing.bases.extend(number("base-"));
        listing.logs.extend(number("log-"));
    }
    listing.bases.sort_unstable_by(|a, b| b.cmp(a));
    listing.logs.sort_unstable();
    Ok(listing)
}

/// Removes what a killed process left unfinished.
pub(super) fn tidy(folder: &Path) -> io::Result<()> {
    let unfinished = |name: &&String| Path::new(name).extension().is_some_and(|it| it == "tmp");
    for name in names(folder)?.iter().filter(unfinished) {
        std::fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

/// Removes what the base with this number replaces.
pub(super) fn remove_before(folder: &Path, number: u64) -> io::Result<()> {
    let listing = list(folder)?;
    for old in listing.bases.into_iter().filter(|old| *old < number) {
        std::fs::remove_file(base(folder, old))?;
    }
    for old in listing.logs.into_iter().filter(|old| *old < number) {
        std::fs::remove_file(log(folder, old))?;
    }
    Ok(())
}

/// A new file, for its owner only, in place of one with that name.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes names durable.
pub(super) fn sync_folder(of: &Path) -> io::Result<()> {
    of.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Renames a damaged file to `*.corrupt-<time>`; the oldest of those goes.
pub(super) fn set_aside(path: &Path, millis: i64) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".corrupt-{millis}"));
    std::fs::rename(path, path.with_file_name(name))?;
    let Some(folder) = path.parent() else { return Ok(()) };
    let time = |name: &String| name.rsplit(".corrupt-").next().and_then(|t| t.parse::<i64>().ok());
    let mut aside = names(folder)?;
    aside.retain(|name| name.contains(".corrupt-"));
    aside.sort_by_key(time);
    for oldest in aside.iter().rev().skip(SET_ASIDE) {
        std::fs::remove_file(folder.join(oldest))?;
    }
    Ok(())
}
