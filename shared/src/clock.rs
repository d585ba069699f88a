//! The one clock. Whoever needs the time of day takes it from here, so that a test can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// The time of day, in milliseconds since 1970 (UTC).
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Set in tests: the time, which stands still until it is moved.
    manual: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `millis` until [`Clock::advance`] moves it.
    pub fn manual(millis: i64) -> Self {
        Self { manual: Some(Arc::new(AtomicI64::new(millis))) }
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        match &self.manual {
            Some(millis) => millis.load(Ordering::Relaxed),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
        }
    }

    /// The same as a timestamp, written as RFC 3339 in JSON.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Moves a manual clock; the system's does not care.
    pub fn advance(&self, millis: i64) {
        if let Some(clock) = &self.manual {
            clock.fetch_add(millis, Ordering::Relaxed);
        }
    }
}
