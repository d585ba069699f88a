//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// For what takes milliseconds when all is well, on a machine that is busy.
pub const SOON: Duration = Duration::from_secs(20);

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(10);

/// What `probe` finds, once it finds something. Ends the test after `within`, naming `what`.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(start.elapsed() < within, "waited {within:?} in vain: {what}");
        tokio::time::sleep(STEP).await;
    }
}

/// The same for a condition.
pub async fn until_true(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> bool) {
    until(what, within, async || probe().await.then_some(())).await;
}

/// What a future gives within a deadline.
pub async fn in_time<T>(what: &str, within: Duration, future: impl Future<Output = T>) -> T {
    let output = tokio::time::timeout(within, future).await;
    output.unwrap_or_else(|_| panic!("waited {within:?} in vain: {what}"))
}
