//! Stores of shared counters for tests: one that counts, and can be away or slow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::counters::{Counted, CounterStore, Lease, Settlement, Take, Taken};
use sanmon_shared::store::StoreError;

/// Counts without time.
#[derive(Default)]
pub(super) struct Common {
    pub(super) used: Mutex<HashMap<String, u64>>,
    pub(super) away: AtomicBool,
    pub(super) silent: AtomicBool,
    pub(super) asked: AtomicU64,
    pub(super) settled: AtomicU64,
}

impl Common {
    pub(super) fn used(&self) -> Vec<u64> {
        self.used.lock().unwrap().values().copied().collect()
    }

    async fn here(&self) -> Result<(), StoreError> {
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl CounterStore for Common {
    async fn take(&self, takes: &[Take]) -> Result<Taken, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.here().await?;
        let mut used = self.used.lock().unwrap();
        let level = |used: &HashMap<String, u64>, take: &Take| {
            used.get(&*take.key).copied().unwrap_or_default()
        };
        let refused = takes
            .iter()
            .position(|take| level(&used, take) + take.amount > take.quota.most())
            .map(|index| (index, Duration::from_secs(5)));
        let counted = takes.iter().map(|take| {
            if refused.is_none() {
                *used.entry(take.key.to_string()).or_default() += take.amount;
            }
            let remaining = take.quota.most().saturating_sub(level(&used, take));
            Counted { remaining, reset: Duration::from_secs(5), mark: 1 }
        });
        Ok(Taken { refused, counted: counted.collect() })
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<(), StoreError> {
        self.here().await?;
        let mut used = self.used.lock().unwrap();
        for settlement in settlements {
            let level = used.entry(settlement.key.to_string()).or_default();
            *level = level.saturating_add_signed(settlement.change);
            self.settled.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn renew(&self, _: &[Lease]) -> Result<(), StoreError> {
        self.here().await
    }

    async fn reset(&self, counters: &[Arc<str>]) -> Result<(), StoreError> {
        self.here().await?;
        let mut used = self.used.lock().unwrap();
        used.retain(|key, _| !counters.iter().any(|counter| **counter == **key));
        Ok(())
    }
}
