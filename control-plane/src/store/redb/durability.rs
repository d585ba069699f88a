//! A disk that loses what was not synced, and one that is full.

use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use redb::StorageBackend;
use sanmon_shared::clock::Clock;
use sanmon_shared::store::{CommitError, Source as _, Store as _, StoreError};

use super::{RedbOptions, RedbStore};
use crate::store::suite::{BEGIN, commit_next, digest, documents, route, set};

/// A disk in memory.
#[derive(Debug, Default)]
struct Disk {
    /// What a crash leaves.
    synced: Vec<u8>,
    /// What reads see.
    now: Vec<u8>,
    /// Writes since the last sync; a crash keeps any of them.
    unsynced: Vec<Write>,
    /// Who opened the disk before the last crash can neither read nor write.
    crashes: usize,
    full: bool,
}

#[derive(Debug)]
enum Write {
    Bytes(u64, Vec<u8>),
    Length(u64),
}

fn apply(image: &mut Vec<u8>, write: &Write) {
    match write {
        Write::Length(length) => image.resize(usize::try_from(*length).unwrap(), 0),
        Write::Bytes(offset, bytes) => {
            let at = usize::try_from(*offset).unwrap();
            // A kept write behind a lost extension of the file extends it itself.
            image.resize(image.len().max(at + bytes.len()), 0);
            image[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}

impl Disk {
    fn crash(&mut self, keeps: impl Fn(usize) -> bool) {
        let mut image = std::mem::take(&mut self.synced);
        for (index, write) in self.unsynced.drain(..).enumerate() {
            if keeps(index) {
                apply(&mut image, &write);
            }
        }
        self.synced.clone_from(&image);
        self.now = image;
        self.crashes += 1;
    }
}

#[derive(Debug)]
struct Opened {
    disk: Arc<Mutex<Disk>>,
    crashes: usize,
}

impl Opened {
    fn disk(&self) -> io::Result<std::sync::MutexGuard<'_, Disk>> {
        let disk = self.disk.lock().unwrap();
        if disk.crashes == self.crashes { Ok(disk) } else { Err(io::Error::other("crashed")) }
    }

    fn change(&self, write: Write) -> io::Result<()> {
        let mut disk = self.disk()?;
        let grows = match &write {
            Write::Length(length) => *length > disk.now.len() as u64,
            Write::Bytes(..) => true,
        };
        if disk.full && grows {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut disk.now, &write);
        disk.unsynced.push(write);
        Ok(())
    }
}

impl StorageBackend for Opened {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk()?.now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let disk = self.disk()?;
        let bytes = disk.now.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Write::Length(len))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Write::Bytes(offset, data.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk()?;
        if disk.full && !disk.unsynced.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.unsynced.clear();
        disk.synced = disk.now.clone();
        Ok(())
    }
}

fn options(disk: &Arc<Mutex<Disk>>, folder: &tempfile::TempDir) -> RedbOptions {
    let disk = Arc::clone(disk);
    RedbOptions {
        backend: Some(Arc::new(move |builder: &redb::Builder| {
            let crashes = disk.lock().unwrap().crashes;
            builder.create_with_backend(Opened { disk: Arc::clone(&disk), crashes })
        })),
        ..RedbOptions::new(folder.path())
    }
}

async fn survives_crashes(commits: Vec<(u8, u64)>) {
    let disk = Arc::new(Mutex::new(Disk::default()));
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(BEGIN);
    let mut answered = None;
    for (round, (commits, keeps)) in commits.into_iter().enumerate() {
        let store = RedbStore::open(options(&disk, &folder)).await.unwrap();
        if let Some(head) = &answered {
            assert_eq!(&store.head().await.unwrap(), head);
            assert_eq!(digest(&documents(&store).await), head.digest);
        }
        for n in 0..commits {
            let change = route(&format!("r{round}-{n}"), None, Some(r#"{"a":1}"#));
            answered = Some(commit_next(&store, &clock, change).await);
        }
        disk.lock().unwrap().crash(|index| keeps >> (index % 64) & 1 == 1);
        drop(store);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn an_answered_commit_survives_any_crash(
        commits in proptest::collection::vec((0_u8..4, any::<u64>()), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(survives_crashes(commits));
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_state_whole_and_is_told() {
    let disk = Arc::new(Mutex::new(Disk::default()));
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(BEGIN);
    let store = RedbStore::open(options(&disk, &folder)).await.unwrap();
    let head = commit_next(&store, &clock, route("a", None, Some("{}"))).await;

    disk.lock().unwrap().full = true;
    for _ in 0..2 {
        let next = set(&head, &clock, vec![route("b", None, Some("{}"))]);
        match store.commit(&next).await {
            Err(CommitError::Store(StoreError::Disk(_))) => {}
            other => panic!("{other:?}"),
        }
    }

    disk.lock().unwrap().full = false;
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(documents(&store).await.len(), 1);
    let next = commit_next(&store, &clock, route("b", None, Some("{}"))).await;
    assert_eq!(next.revision, 2);
    assert_eq!(digest(&documents(&store).await), next.digest);
}
