//! From the workers' buffers to the file: a bounded queue and one thread. A worker never waits; what
//! finds the queue full is counted and gone.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::series::Metrics;
use crate::plane::AccessLog;

/// When a buffer is sent on at the latest.
const FULL: usize = 32 * 1024;

/// Buffers in the queue: 4 MiB of lines.
const QUEUE: usize = 128;

/// How long workers may take to end.
const ENDING: Duration = Duration::from_secs(1);

/// Some lines, and how many.
struct Lines {
    bytes: Vec<u8>,
    count: u64,
}

enum Message {
    Lines(Lines),
    /// Nothing more is written.
    End,
}

/// A worker's way to the writer.
#[derive(Clone)]
pub(crate) struct LogQueue {
    sender: SyncSender<Message>,
    metrics: Arc<Metrics>,
    open: Arc<Open>,
}

/// How many workers still have a buffer. Looked at when they begin and end, never for a request.
#[derive(Default)]
struct Open {
    count: Mutex<usize>,
    none: Condvar,
}

impl Open {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes.
pub(crate) struct Writer {
    thread: JoinHandle<()>,
    sender: SyncSender<Message>,
    open: Arc<Open>,
}

impl Writer {
    /// Opens the log; none where it is off.
    pub(crate) fn start(
        log: &AccessLog,
        metrics: &Arc<Metrics>,
    ) -> io::Result<Option<(Self, LogQueue)>> {
        let out: Box<dyn Write + Send> = match log {
            AccessLog::Off => return Ok(None),
            AccessLog::Stdout => Box::new(io::stdout()),
            AccessLog::File(path) => {
                Box::new(OpenOptions::new().create(true).append(true).mode(0o640).open(path)?)
            }
        };
        let (sender, receiver) = sync_channel(QUEUE);
        let counted = Arc::clone(metrics);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write(out, &receiver, &counted))?;
        let open = Arc::<Open>::default();
        let metrics = Arc::clone(metrics);
        let queue = LogQueue { sender: sender.clone(), metrics, open: Arc::clone(&open) };
        Ok(Some((Self { thread, sender, open }, queue)))
    }

    /// Waits until the workers have ended (not for long: they were told to), and everything that
    /// they had to say is written. Blocks.
    pub(crate) fn finish(self) {
        let waited = self.open.none.wait_timeout_while(self.open.count(), ENDING, |open| *open > 0);
        drop(waited);
        // Fails where the thread has ended, which joining tells.
        drop(self.sender.send(Message::End));
        if self.thread.join().is_err() {
            tracing::error!("the writer of the access log panicked");
        }
    }
}

fn write(mut out: Box<dyn Write + Send>, messages: &Receiver<Message>, metrics: &Metrics) {
    let mut failing = false;
    for message in messages {
        let Message::Lines(lines) = message else { return };
        let written = out.write_all(&lines.bytes).and_then(|()| out.flush());
        if let Err(error) = &written {
            metrics.log_dropped.fetch_add(lines.count, Ordering::Relaxed);
            if !failing {
                tracing::error!(%error, "the access log cannot be written");
            }
        }
        failing = written.is_err();
    }
}

/// The lines of one worker that are not yet on their way.
pub(crate) struct Buffer {
    lines: Lines,
    queue: LogQueue,
}

impl Buffer {
    pub(crate) fn new(queue: LogQueue) -> Self {
        *queue.open.count() += 1;
        Self { lines: Lines { bytes: Vec::new(), count: 0 }, queue }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.bytes.is_empty()
    }

    /// To append a line to.
    pub(crate) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.lines.bytes
    }

    pub(crate) fn end_line(&mut self) {
        self.lines.bytes.push(b'\n');
        self.lines.count += 1;
        if self.lines.bytes.len() >= FULL {
            // The next one will be as large.
            self.send(FULL + 1024);
        }
    }

    pub(crate) fn flush(&mut self) {
        if !self.is_empty() {
            self.send(0);
        }
    }

    fn send(&mut self, next: usize) {
        let next = Lines { bytes: Vec::with_capacity(next), count: 0 };
        let lines = std::mem::replace(&mut self.lines, next);
        let count = lines.count;
        if self.queue.sender.try_send(Message::Lines(lines)).is_err() {
            self.queue.metrics.log_dropped.fetch_add(count, Ordering::Relaxed);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.flush();
        *self.queue.open.count() -= 1;
        self.queue.open.none.notify_all();
    }
}
