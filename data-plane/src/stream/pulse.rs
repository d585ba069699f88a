use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::cutoff::Place;
use crate::worker::Worker;

/// Why a silent stream was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It has been silent for long: a heartbeat may be said, between two events.
    Silent,
    /// The gateway stops: the stream is to end.
    Cut,
}

/// Wakes a stream that has nothing to say. To be polled whenever its source is pending.
pub struct Pulse {
    interval: Duration,
    /// When something was said last.
    last: Instant,
    /// Left standing while the stream speaks, and looked at again when it fires.
    timer: Option<Pin<Box<Sleep>>>,
    place: Place,
}

impl Pulse {
    /// Of a stream of this worker.
    pub fn new(worker: &Worker) -> Self {
        Self {
            interval: worker.limits.heartbeat,
            last: Instant::now(),
            timer: None,
            place: worker.cutoff.join(),
        }
    }

    /// Something is said now.
    pub fn spoke(&mut self) {
        self.last = Instant::now();
    }

    /// Ready when the stream has to do something though its source is silent.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Wake> {
        if self.place.is_cut(context) {
            return Poll::Ready(Wake::Cut);
        }
        loop {
            let due = self.last + self.interval;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= due {
                self.last = Instant::now();
                timer.as_mut().reset(self.last + self.interval);
                return Poll::Ready(Wake::Silent);
            }
            timer.as_mut().reset(due);
        }
    }
}
