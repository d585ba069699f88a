use std::sync::Arc;

/// The most snapshots that wait to be freed; beyond, the oldest is left to its last request.
const WAITING: usize = 1024;

/// Snapshots that nobody takes any more, but some request may still see. They are freed here, so
/// that no worker stops for that.
pub(super) struct Retired<T>(Vec<Arc<T>>);

impl<T> Default for Retired<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Retired<T> {
    pub(super) fn push(&mut self, old: Arc<T>) {
        if self.0.len() >= WAITING {
            self.0.remove(0);
        }
        self.0.push(old);
    }

    /// Frees those that only this queue still has.
    pub(super) fn sweep(&mut self) {
        self.0.retain(|old| Arc::strong_count(old) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_still_sees_is_kept() {
        let mut retired = Retired::default();
        let (seen, unseen) = (Arc::new("seen"), Arc::new("unseen"));
        let gone = Arc::downgrade(&unseen);
        retired.push(Arc::clone(&seen));
        retired.push(unseen);
        retired.sweep();
        assert!(gone.upgrade().is_none());
        assert_eq!(Arc::strong_count(&seen), 2);
    }
}
