//! What data planes count together, so that a limit holds for all of them. No configuration: it may
//! be lost, and is forgotten after a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::store::StoreError;

/// How much, and in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much.
    pub limit: u64,
    /// In which time.
    pub span: Span,
}

/// The time in which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// It refills evenly, the whole of it in `per`; no more than `burst` can be taken at once. The
    /// limit is not 0.
    Rolling {
        /// The time in which the limit refills.
        per: Duration,
        /// How much is there when nobody has taken anything for long.
        burst: u64,
    },
    /// A window of this length, which the first who takes something opens.
    Window(Duration),
    /// The calendar day, in UTC.
    Day,
    /// The calendar month, in UTC.
    Month,
    /// What is taken is given back: how much there is at once.
    Concurrent,
}

impl Quota {
    /// The most that one counter can hold.
    pub const fn most(self) -> u64 {
        match self.span {
            Span::Rolling { burst, .. } => burst,
            Span::Window(_) | Span::Day | Span::Month | Span::Concurrent => self.limit,
        }
    }
}

/// Something that a request takes from a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// The counter.
    pub key: Arc<str>,
    /// What it allows.
    pub quota: Quota,
    /// How much; 0 only looks.
    pub amount: u64,
    /// The amount is a guess that a [`Settlement`] corrects. Where nobody else's guess is open, one
    /// that is larger than what is left is let pass: otherwise it never would.
    pub estimated: bool,
    /// Whose it is, for [`Span::Concurrent`].
    pub lease: u128,
}

/// How a counter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// What is left.
    pub remaining: u64,
    /// When all of it is there again.
    pub reset: Duration,
    /// Names the window from which something was taken.
    pub mark: u64,
}

/// What came of taking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The counter that refuses, and after which time it may not. Then nothing was taken from any.
    pub refused: Option<(usize, Duration)>,
    /// How each counter stands now.
    pub counted: Vec<Counted>,
}

/// Corrects what a request took, or gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The counter.
    pub key: Arc<str>,
    /// What it allows.
    pub quota: Quota,
    /// How much more it was. What it was less is given back to the window from which it was taken;
    /// what it was more counts in the window of now.
    pub change: i64,
    /// Of [`Counted`].
    pub mark: u64,
    /// As in [`Take`].
    pub estimated: bool,
    /// As in [`Take`].
    pub lease: u128,
}

/// Something held of a [`Span::Concurrent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The counter.
    pub key: Arc<str>,
    /// Whose it is.
    pub lease: u128,
}

/// How long a lease counts after it was taken or renewed: who disappears gives back by that.
pub const LEASE: Duration = Duration::from_mins(1);

/// Counters by their keys, the same for every data plane, by one clock.
#[async_trait]
pub trait CounterStore: Send + Sync + 'static {
    /// Takes from every counter, or from none. One round trip.
    async fn take(&self, takes: &[Take]) -> Result<Taken, StoreError>;

    /// Settles what was taken. A settlement may be lost: it is not sent twice.
    async fn settle(&self, settlements: &[Settlement]) -> Result<(), StoreError>;

    /// Keeps leases for another [`LEASE`].
    async fn renew(&self, leases: &[Lease]) -> Result<(), StoreError>;

    /// Nothing was taken from these counters.
    async fn reset(&self, counters: &[Arc<str>]) -> Result<(), StoreError>;
}
