//! What data planes count together, in scripts that are atomic over all counters of a request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Script, ScriptInvocation};
use sanmon_shared::counters::{
    Counted, CounterStore, LEASE, Lease, Quota, Settlement, Span, Take, Taken,
};
use sanmon_shared::store::StoreError;

use super::RedisState;

/// How long settling may take; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long taking may take. Who asks may be less patient.
const TAKE_PATIENCE: Duration = Duration::from_millis(100);

pub(super) struct Scripts {
    take: Script,
    settle: Script,
    renew: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        let counter = include_str!("scripts/counter.lua");
        let with_counter = |script: &str| Script::new(&format!("{counter}\n{script}"));
        Self {
            take: with_counter(include_str!("scripts/take.lua")),
            settle: with_counter(include_str!("scripts/settle.lua")),
            renew: Script::new(include_str!("scripts/renew.lua")),
        }
    }
}

/// What the scripts know of a quota: its kind, its limit, its time and the most that it holds.
fn quota(invocation: &mut ScriptInvocation<'_>, quota: Quota) {
    let (kind, per) = match quota.span {
        Span::Rolling { per, .. } => ("rolling", per),
        Span::Window(per) => ("window", per),
        Span::Day => ("day", Duration::ZERO),
        Span::Month => ("month", Duration::ZERO),
        Span::Concurrent => ("concurrent", Duration::ZERO),
    };
    invocation.arg(kind).arg(quota.limit).arg(micros(per));
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[async_trait]
impl CounterStore for RedisState {
    async fn take(&self, takes: &[Take]) -> Result<Taken, StoreError> {
        let mut invocation = self.counters.take.prepare_invoke();
        invocation.arg(micros(LEASE));
        for take in takes {
            invocation.key(self.keys.counter(&take.key));
            quota(&mut invocation, take.quota);
            invocation.arg(take.quota.most()).arg(take.amount);
            invocation.arg(u8::from(take.estimated)).arg(format!("{:x}", take.lease));
        }
        let answer: Vec<u64> = self.connection.script(&invocation, TAKE_PATIENCE).await?;
        taken(&answer, takes.len())
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<(), StoreError> {
        let mut invocation = self.counters.settle.prepare_invoke();
        for settlement in settlements {
            invocation.key(self.keys.counter(&settlement.key));
            quota(&mut invocation, settlement.quota);
            invocation.arg(settlement.change).arg(settlement.mark);
            invocation.arg(u8::from(settlement.estimated)).arg(format!("{:x}", settlement.lease));
        }
        self.connection.script::<u8>(&invocation, PATIENCE).await.map(drop)
    }

    async fn renew(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let mut invocation = self.counters.renew.prepare_invoke();
        invocation.arg(micros(LEASE));
        for lease in leases {
            invocation.key(self.keys.counter(&lease.key)).arg(format!("{:x}", lease.lease));
        }
        self.connection.script::<u8>(&invocation, PATIENCE).await.map(drop)
    }

    async fn reset(&self, counters: &[Arc<str>]) -> Result<(), StoreError> {
        if counters.is_empty() {
            return Ok(());
        }
        let mut del = redis::cmd("DEL");
        for counter in counters {
            del.arg(self.keys.counter(counter));
        }
        self.connection.query::<i64>(&del, PATIENCE).await.map(drop)
    }
}

/// Reads the answer of `take.lua`.
fn taken(answer: &[u64], counters: usize) -> Result<Taken, StoreError> {
    let damaged = || StoreError::Damaged("what counters say".to_owned());
    let (head, rest) = answer.split_first_chunk::<2>().ok_or_else(damaged)?;
    let counted: Vec<Counted> = rest
        .chunks_exact(3)
        .map(|counter| match counter {
            [remaining, reset, mark] => {
                Counted { remaining: *remaining, reset: Duration::from_micros(*reset), mark: *mark }
            }
            _ => Counted::default(),
        })
        .collect();
    if counted.len() != counters {
        return Err(damaged());
    }
    let [refused, wait] = *head;
    let refused = usize::try_from(refused).ok().and_then(|index| index.checked_sub(1));
    Ok(Taken { refused: refused.map(|index| (index, Duration::from_micros(wait))), counted })
}

#[cfg(test)]
mod tests;
