//! The last good state on the disk: a base and the change sets after it, so that a data plane starts
//! with everything else down. Nothing here stops the serving: what the disk refuses is told.

mod base;
mod files;
mod log;
mod record;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sanmon_shared::clock::Clock;
use sanmon_shared::seal::Seal;
use sanmon_shared::task::Tasks;
use sanmon_shared::{ChangeSet, Digest, Entry, Head};

use self::base::BaseWriter;
use self::log::Log;
use self::record::Fault;

/// The folder in the data folder.
const FOLDER: &str = "last-good";

/// Logs grow to the length of the base, but at least to this one, before they are compacted.
const COMPACT_BYTES: u64 = 4 << 20;

/// The most change sets that wait for a disk that does not take them.
const WAITING: usize = 4096;

/// What a restore hands over, in this order: the seal, every document, the base's head, and the
/// change sets of the logs. A base that turns out damaged begins again with the seal of another.
pub(super) enum Restored {
    /// Forget what came before: another base begins.
    Begin(Seal),
    /// A document.
    Entry(Entry),
    /// The base is whole.
    Base(Head),
    /// A change set; it may be older than what is known, or lead elsewhere.
    Set(ChangeSet),
}

/// Writes the last good state.
pub(super) struct Keeper {
    folder: PathBuf,
    /// The seal that comes from outside, and is not kept beside what it seals.
    given: Option<Seal>,
    tasks: Tasks,
    /// Of the newest file.
    number: u64,
    log: Option<Log>,
    log_bytes: u64,
    /// Not yet written, oldest first.
    waiting: VecDeque<Arc<ChangeSet>>,
    background: Arc<Mutex<Background>>,
}

/// What threads that write bases say.
#[derive(Default)]
struct Background {
    busy: usize,
    /// The number of the newest base that was finished.
    finished: u64,
    base_bytes: u64,
    /// Why there is no base that the logs follow; until there is one, nothing is written.
    broken: Option<String>,
}

/// A base that is being written while the documents come in.
pub(super) struct Draft {
    number: u64,
    base: io::Result<BaseWriter>,
}

impl Draft {
    /// Adds a document. A disk that refuses one has refused the base.
    pub(super) fn entry(&mut self, entry: &Entry) {
        if let Ok(base) = &mut self.base
            && let Err(error) = base.entry(entry)
        {
            self.base = Err(error);
        }
    }
}

impl Keeper {
    /// Gives what lies in the data folder to `take`, and goes on from there. Says what is damaged;
    /// that is set aside.
    pub(super) fn open(
        data_dir: &Path,
        given: Option<Seal>,
        clock: &Clock,
        tasks: Tasks,
        mut take: impl FnMut(Restored),
    ) -> (Self, Vec<String>) {
        let folder = data_dir.join(FOLDER);
        let mut keeper = Self {
            folder,
            given,
            tasks,
            number: 0,
            log: None,
            log_bytes: 0,
            waiting: VecDeque::new(),
            background: Arc::default(),
        };
        let mut damage = Vec::new();
        if let Err(error) = keeper.restore(clock, &mut take, &mut damage) {
            damage.push(format!("the last good state cannot be read: {error}"));
        }
        (keeper, damage)
    }

    fn restore(
        &mut self,
        clock: &Clock,
        take: &mut impl FnMut(Restored),
        damage: &mut Vec<String>,
    ) -> io::Result<()> {
        files::make(&self.folder)?;
        files::tidy(&self.folder)?;
        let listing = files::list(&self.folder)?;
        self.number = listing.next();
        let mut set_aside = |path: &Path, what: String| {
            damage.push(format!("the last good state is damaged: {what}; the file was set aside"));
            if let Err(error) = files::set_aside(path, clock.millis()) {
                damage.push(format!("a damaged file cannot be set aside: {error}"));
            }
        };
        let mut found = None;
        for number in listing.bases {
            let path = files::base(&self.folder, number);
            // Both closures hand over to `take`; a cell lets them share it.
            let shared = std::cell::RefCell::new(&mut *take);
            let begin = |seal| (shared.borrow_mut())(Restored::Begin(seal));
            let entry = |entry| {
                (shared.borrow_mut())(Restored::Entry(entry));
                Ok(())
            };
            match base::read(&path, self.given.as_ref(), begin, entry) {
                Ok(head) => {
                    take(Restored::Base(head));
                    found = Some(number);
                    self.background().base_bytes = std::fs::metadata(&path)?.len();
                    break;
                }
                Err(Fault::Io(error)) => return Err(error),
                Err(Fault::Torn) => set_aside(&path, "its base is cut off".to_owned()),
                Err(Fault::Damaged(what)) => set_aside(&path, what),
            }
        }
        let Some(found) = found else { return Ok(()) };
        for number in listing.logs.into_iter().filter(|number| *number >= found) {
            let path = files::log(&self.folder, number);
            self.log_bytes += std::fs::metadata(&path)?.len();
            match log::read(&path, |set| take(Restored::Set(set))) {
                // A log is torn where a process was killed: that is no damage.
                Ok(()) | Err(Fault::Torn) => {}
                Err(Fault::Io(error)) => return Err(error),
                Err(Fault::Damaged(what)) => set_aside(&path, what),
            }
        }
        Ok(())
    }

    fn background(&self) -> std::sync::MutexGuard<'_, Background> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Begins another base.
    pub(super) fn draft(&mut self, seal: &Seal) -> Draft {
        let number = self.next_number();
        let base = files::make(&self.folder).and_then(|()| {
            BaseWriter::create(files::base(&self.folder, number), seal, self.given.as_ref())
        });
        Draft { number, base }
    }

    /// The draft has every document of `head`, and `sets` came after it. What was there before is
    /// removed as soon as the draft is durable.
    pub(super) fn rebase(&mut self, draft: Draft, head: &Head, sets: Vec<Arc<ChangeSet>>) {
        let Draft { number, base } = draft;
        // What waited is in the base.
        self.waiting = sets.into();
        self.log = None;
        self.log_bytes = 0;
        self.background().broken = None;
        match base {
            Ok(base) => {
                let head = head.clone();
                self.in_background(number, move |_| base.finish(&head));
            }
            Err(error) => self.background().broken = Some(error.to_string()),
        }
    }

    /// Adds change sets that are served now.
    pub(super) fn append(&mut self, sets: &[Arc<ChangeSet>]) {
        self.waiting.extend(sets.iter().cloned());
    }

    /// Writes what waits, compacts what has grown, and says what is wrong with the disk.
    pub(super) fn tend(&mut self) -> Option<String> {
        let mut failure = None;
        if !self.needs_base() {
            match self.flush() {
                Ok(()) => self.compact(),
                Err(error) => failure = Some(error.to_string()),
            }
            if self.waiting.len() > WAITING {
                self.background().broken = failure.take();
            }
        }
        if self.needs_base() {
            self.waiting.clear();
        }
        let failure = failure.or_else(|| self.background().broken.clone())?;
        Some(format!("the last good state cannot be written: {failure}"))
    }

    /// Whether only a full load gives a last good state again.
    pub(super) fn needs_base(&self) -> bool {
        self.background().broken.is_some()
    }

    /// Whether nothing is being written any more.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.background().busy == 0
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(set) = self.waiting.front() {
            let log = if let Some(log) = &mut self.log {
                log
            } else {
                // A new log each time: the one before may end torn.
                self.number += 1;
                files::make(&self.folder)?;
                self.log.insert(Log::create(&files::log(&self.folder, self.number))?)
            };
            match log.append(set) {
                Ok(bytes) => self.log_bytes += bytes,
                Err(error) => {
                    self.log = None;
                    return Err(error);
                }
            }
            self.waiting.pop_front();
        }
        Ok(())
    }

    fn compact(&mut self) {
        let background = self.background();
        let due = self.log_bytes > COMPACT_BYTES.max(background.base_bytes);
        if !due || background.busy > 0 {
            return;
        }
        drop(background);
        self.log = None;
        self.log_bytes = 0;
        // The next log has a higher number, so what is compacted does not change any more.
        let number = self.next_number();
        let given = self.given.clone();
        self.in_background(number, move |folder| compact(folder, number, given.as_ref()));
    }

    /// Writes the base with this number on a thread of its own, then removes what it replaces.
    fn in_background(
        &self,
        number: u64,
        write: impl FnOnce(&Path) -> io::Result<u64> + Send + 'static,
    ) {
        self.background().busy += 1;
        let (folder, background) = (self.folder.clone(), Arc::clone(&self.background));
        self.tasks.spawn(async move {
            let work = move || {
                let bytes = write(&folder)?;
                files::remove_before(&folder, number)?;
                Ok::<_, io::Error>(bytes)
            };
            let outcome = tokio::task::spawn_blocking(work).await;
            let mut background = background.lock().unwrap_or_else(PoisonError::into_inner);
            background.busy -= 1;
            let outcome = outcome.unwrap_or_else(|error| Err(io::Error::other(error.to_string())));
            match outcome {
                // Another one was finished meanwhile, and may have removed what this one read.
                _ if number < background.finished => {}
                Ok(bytes) => {
                    background.finished = number;
                    background.base_bytes = bytes;
                }
                Err(error) => background.broken = Some(error.to_string()),
            }
        });
    }
}

/// Makes one base of the newest whole one and the logs after it, without ever having more than the
/// changed documents in memory.
fn compact(folder: &Path, number: u64, given: Option<&Seal>) -> io::Result<u64> {
    let listing = files::list(folder)?;
    let newest = listing.bases.iter().copied().find(|base| *base < number);
    let newest = newest.ok_or(io::ErrorKind::NotFound)?;
    let lost = |fault: Fault| match fault {
        Fault::Io(error) => error,
        Fault::Torn => io::Error::other("a file is cut off"),
        Fault::Damaged(what) => io::Error::other(what),
    };
    let mut after = std::collections::BTreeMap::new();
    let mut head: Option<Head> = None;
    for log in listing.logs.into_iter().filter(|log| (newest..number).contains(log)) {
        let read = log::read(&files::log(folder, log), |set| {
            // Logs of an earlier run may overlap; those of this one do not.
            if head.as_ref().is_some_and(|head| set.head.revision <= head.revision) {
                return;
            }
            for change in set.changes {
                after.insert((change.kind, change.id), (set.head.revision, change.after));
            }
            head = Some(set.head);
        });
        match read {
            Ok(()) | Err(Fault::Torn) => {}
            Err(fault) => return Err(lost(fault)),
        }
    }
    let from = files::base(folder, newest);
    let path = files::base(folder, number);
    let writer = std::cell::RefCell::new(None::<io::Result<BaseWriter>>);
    let digest = std::cell::Cell::new(Digest::default());
    let add = |entry: &Entry| match &mut *writer.borrow_mut() {
        Some(Ok(base)) => {
            let of = Digest::of(entry.kind.as_str(), &entry.id, &entry.document);
            digest.set(digest.get().plus(of));
            base.entry(entry)
        }
        Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
        None => Err(io::Error::other("no seal")),
    };
    let base_head = base::read(
        &from,
        given,
        |seal| *writer.borrow_mut() = Some(BaseWriter::create(path.clone(), &seal, given)),
        |entry| {
            let key = (entry.kind, entry.id);
            if after.contains_key(&key) {
                return Ok(());
            }
            let (kind, id) = key;
            add(&Entry { kind, id, ..entry })
        },
    )
    .map_err(lost)?;
    for ((kind, id), (revision, document)) in after {
        if let Some(document) = document {
            add(&Entry { kind, id, revision, document })?;
        }
    }
    let base = writer.into_inner().ok_or_else(|| io::Error::other("no seal"))??;
    let head = head.unwrap_or(base_head);
    if digest.get() != head.digest {
        return Err(io::Error::other("its files do not belong together"));
    }
    base.finish(&head)
}
