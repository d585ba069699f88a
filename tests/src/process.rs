//! A child process whose output is kept, that can be killed, and that does not outlive its test.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::wait;

/// How much of the output a failing test shows.
const TAIL: usize = 12_000;

/// What a process has written, both streams in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// All of it so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn collect(&self, mut from: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                let mut bytes = output.0.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend_from_slice(&buffer[..read]);
            }
        })
    }
}

/// A running (or ended) child process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Output,
    readers: Vec<JoinHandle<()>>,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command`; `output` may hold what an earlier process has written.
    pub fn start(name: &str, command: &mut Command, output: Output) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {}: {error}", command.get_program().display()),
        };
        let readers = vec![
            output.collect(child.stdout.take().unwrap()),
            output.collect(child.stderr.take().unwrap()),
        ];
        Self { name: name.to_owned(), child, output, readers, ended: None }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
            if self.ended.is_some() {
                for reader in self.readers.drain(..) {
                    drop(reader.join());
                }
            }
        }
        self.ended
    }

    /// Waits until it ends by itself.
    pub async fn wait(&mut self, within: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        wait::until(&what, within, async || self.ended()).await
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        if self.ended().is_none() {
            self.child.kill().unwrap();
            self.wait(wait::SOON).await;
        }
    }

    /// Sends a signal by its name: `TERM`, `STOP`, `CONT`.
    pub fn signal(&mut self, name: &str) {
        if self.ended().is_none() {
            let line = format!("kill -{name} {}", self.id());
            assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended.is_none() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
        if std::thread::panicking() {
            let text = self.output.text();
            let mut from = text.len().saturating_sub(TAIL);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let tail = text.get(from..).unwrap_or_default();
            eprintln!("--- output of {} ---\n{tail}\n--- end of {} ---", self.name, self.name);
        }
    }
}
