//! A full load as a stream of lines. It is read as fast as it is taken: nothing piles up.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use bytes::Bytes;
use futures_util::stream;
use sanmon_shared::publication::LoadLine;
use sanmon_shared::store::StoreError;
use serde::Serialize;
use tokio::sync::mpsc::{self, Sender};

use super::{Failure, Follower, answer};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;

/// Chunks that are ready before the data plane takes them.
const AHEAD: usize = 8;

type Chunk = Result<Bytes, StoreError>;

/// Collects lines into chunks and hands them over, waiting where nobody takes them.
struct Lines {
    to: Sender<Chunk>,
    buffer: Vec<u8>,
    documents: u64,
    /// The data plane left; the store reads on, to nobody.
    left: bool,
}

impl Lines {
    fn line(&mut self, line: &impl Serialize) {
        if !self.left && serde_json::to_writer(&mut self.buffer, line).is_ok() {
            self.buffer.push(b'\n');
            if self.buffer.len() >= CHUNK {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        self.left = self.to.blocking_send(Ok(chunk)).is_err();
        self.buffer.reserve(CHUNK + CHUNK / 4);
    }
}

pub(super) async fn load(follower: Follower) -> HttpResponse {
    let Ok(permit) = Arc::clone(&follower.0.loads).try_acquire_owned() else {
        return answer(Err(Failure::Busy));
    };
    let (to, chunks) = mpsc::channel::<Chunk>(AHEAD);
    let store = Arc::clone(&follower.0.store);
    let runtime = tokio::runtime::Handle::current();
    // Writing lines and waiting for the data plane blocks, so it has a thread of its own.
    drop(tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let failed = to.clone();
        let mut lines = Lines { to, buffer: Vec::new(), documents: 0, left: false };
        let _context = runtime.enter();
        let loaded = wait_for(store.load(&mut |entry| {
            lines.documents += 1;
            lines.line(&LoadLine::of(&entry));
        }));
        match loaded {
            Ok(head) => {
                lines.line(&LoadLine::End { head, documents: lines.documents });
                lines.flush();
            }
            Err(error) => {
                tracing::warn!(%error, "a full load for a data plane failed");
                // Cuts the stream: the data plane sees that it is not whole.
                let _ = failed.blocking_send(Err(error));
            }
        }
    }));
    let body =
        stream::unfold(chunks, async |mut chunks| chunks.recv().await.map(|chunk| (chunk, chunks)));
    HttpResponse::Ok().content_type(ContentType::json().0).streaming(body)
}

/// Runs a future on this thread. Not `Handle::block_on`: below that, tokio lets no channel block.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
