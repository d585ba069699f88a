//! The vectors of a pool's examples, beside the snapshot: fetched once for all requests of all workers,
//! and again after an hour, while the old ones serve on.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sanmon_shared::secret::sha256;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::Embedder;
use super::hold::Hold;
use super::vectors::Vectors;
use crate::target::Failure;

/// Vectors serve for so long until they are fetched again.
const FRESH: Duration = Duration::from_hours(1);

/// What two builds of a pool have alike whose examples have the same vectors.
pub(crate) type Key = [u8; 32];

/// The key of these examples of the pool with this id.
pub(super) fn key(
    owner: &str,
    embedder: &Embedder,
    model: Option<&str>,
    examples: &[Box<str>],
) -> Key {
    let who = match embedder {
        Embedder::Stored(id) => id.as_str(),
        Embedder::Own { identity, .. } => identity,
    };
    let mut text = Vec::new();
    let parts = [owner, who, model.unwrap_or_default()].into_iter();
    for part in parts.chain(examples.iter().map(|example| &**example)) {
        text.extend_from_slice(&part.len().to_le_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    sha256(&text)
}

/// What is known of the examples of a pool, and of whoever makes vectors.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    known: Mutex<Known>,
    /// Told when a fetch has ended.
    landed: Notify,
}

#[derive(Default)]
struct Known {
    vectors: Option<Arc<Vectors>>,
    /// Of what build of whoever made them.
    maker: u64,
    fetched: Option<Instant>,
    /// Since when somebody fetches them.
    fetching: Option<Instant>,
    /// Of fetches.
    examples: Hold,
    /// Of calls that requests make.
    prompts: Hold,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("fetching", &self.fetching).finish_non_exhaustive()
    }
}

/// What a request finds. Whoever gets a flight fetches.
#[derive(Debug)]
pub(crate) enum Look {
    /// The vectors; those that are old are to be fetched again, for which nobody waits.
    Known(Arc<Vectors>, Option<Flight>),
    /// None yet.
    Unknown(Flight),
    /// None yet, and somebody fetches them since then.
    Coming(Instant),
    /// None, and nobody is to fetch them for now.
    Held,
}

impl Memory {
    /// Ends when a fetch ends that is under way when this is called.
    pub(crate) fn landed(&self) -> Notified<'_> {
        self.landed.notified()
    }

    /// The vectors as this `maker` makes them; its provider is of this `build`. Fetching may take so long.
    pub(crate) fn look(
        self: &Arc<Self>,
        maker: u64,
        build: u64,
        now: Instant,
        within: Duration,
    ) -> Look {
        let mut known = self.known();
        let vectors = known.vectors.clone().filter(|_| known.maker == maker);
        let is_old = known.fetched.is_none_or(|fetched| now.duration_since(fetched) >= FRESH);
        // A request of the configuration before does not fetch what its successors do without.
        let may = known.fetching.is_none()
            && (vectors.is_none() || is_old)
            && maker >= known.maker
            && known.examples.admits(build, now, within);
        if may {
            known.fetching = Some(now);
        }
        let flight = may.then(|| Flight { memory: Arc::clone(self), maker, began: now });
        match (vectors, flight) {
            (Some(vectors), flight) => Look::Known(vectors, flight),
            (None, Some(flight)) => Look::Unknown(flight),
            (None, None) => known.fetching.map_or(Look::Held, Look::Coming),
        }
    }

    /// Whether a prompt may be embedded now, by this build of a provider, which may take so long.
    pub(crate) fn admits(&self, build: u64, now: Instant, within: Duration) -> bool {
        self.known().prompts.admits(build, now, within)
    }

    /// How embedding a prompt ended that began then. What is wrong with the prompt alone says nothing.
    pub(crate) fn embedded(&self, began: Instant, failure: Option<&Failure>) {
        let mut known = self.known();
        match failure {
            Some(failure) if failure.kind.is_of_target() => {
                known.prompts.failed(began, Instant::now(), failure.retry_after);
            }
            _ => known.prompts.worked(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one fetch that is under way. Dropped without a word it was given up, and another may begin.
#[derive(Debug)]
pub(crate) struct Flight {
    memory: Arc<Memory>,
    maker: u64,
    began: Instant,
}

impl Flight {
    /// It ended, with vectors or without; whoever failed may want to be left alone for a time.
    pub(crate) fn land(self, vectors: Result<Vectors, Option<Duration>>) {
        let mut known = self.memory.known();
        let now = Instant::now();
        match vectors {
            Ok(vectors) => {
                known.vectors = Some(Arc::new(vectors));
                known.maker = self.maker;
                known.fetched = Some(now);
                known.examples.worked();
            }
            Err(after) => known.examples.failed(self.began, now, after),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.memory.known().fetching = None;
        self.memory.landed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::FailureKind;

    const WITHIN: Duration = Duration::from_secs(3);

    fn vectors() -> Vectors {
        Vectors::of(&[vec![1.0]], &[0]).unwrap()
    }

    fn look(memory: &Arc<Memory>, maker: u64) -> Look {
        memory.look(maker, maker, Instant::now(), WITHIN)
    }

    fn flight(memory: &Arc<Memory>, maker: u64) -> Flight {
        match look(memory, maker) {
            Look::Unknown(flight) => flight,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_fetches_and_the_others_wait_for_it() {
        let memory = Arc::<Memory>::default();
        let one = flight(&memory, 1);
        assert!(matches!(look(&memory, 1), Look::Coming(since) if since == Instant::now()));
        let landed = memory.landed();
        one.land(Ok(vectors()));
        landed.await;
        assert!(matches!(look(&memory, 1), Look::Known(_, None)));
        tokio::time::advance(FRESH).await;
        let Look::Known(_, Some(again)) = look(&memory, 1) else { panic!("not fetched again") };
        assert!(matches!(look(&memory, 1), Look::Known(_, None)), "one at a time");
        again.land(Err(None));
        assert!(matches!(look(&memory, 1), Look::Known(_, None)), "the old ones serve on");
        tokio::time::advance(Duration::from_secs(1)).await;
        let Look::Known(_, Some(again)) = look(&memory, 1) else { panic!("not fetched again") };
        again.land(Ok(vectors()));
        assert!(matches!(look(&memory, 1), Look::Known(_, None)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_is_given_up_makes_room_and_one_that_fails_does_not() {
        let memory = Arc::<Memory>::default();
        drop(flight(&memory, 1));
        flight(&memory, 1).land(Err(Some(Duration::from_secs(5))));
        assert!(matches!(look(&memory, 1), Look::Held));
        tokio::time::advance(Duration::from_secs(5)).await;
        flight(&memory, 1).land(Ok(vectors()));
        assert!(matches!(look(&memory, 1), Look::Known(_, None)));
    }

    #[tokio::test(start_paused = true)]
    async fn another_maker_makes_them_anew_and_the_one_before_does_not() {
        let memory = Arc::<Memory>::default();
        flight(&memory, 1).land(Ok(vectors()));
        flight(&memory, 2).land(Ok(vectors()));
        assert!(matches!(look(&memory, 2), Look::Known(_, None)));
        assert!(matches!(look(&memory, 1), Look::Held));
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_at_prompts_is_left_alone_unless_it_is_the_prompt() {
        let memory = Arc::<Memory>::default();
        let fails = |kind| {
            let now = Instant::now();
            memory.embedded(now, Some(&Failure::new(kind, 400)));
            memory.admits(1, now, WITHIN)
        };
        assert!(fails(FailureKind::BadRequest) && fails(FailureKind::ContextLength));
        assert!(!fails(FailureKind::Server));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(memory.admits(1, Instant::now(), WITHIN));
        memory.embedded(Instant::now(), None);
        assert!(memory.admits(1, Instant::now(), WITHIN));
    }

    #[test]
    fn keys_tell_what_vectors_depend_on() {
        let own = |identity: &str| {
            Embedder::Stored(sanmon_shared::resources::EmbeddingModelId::new(identity))
        };
        let texts =
            |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect::<Vec<Box<str>>>();
        let keys = [
            key("a", &own("e"), None, &texts(&["x", "y"])),
            key("a", &own("e"), None, &texts(&["xy"])),
            key("a", &own("e"), None, &texts(&["y", "x"])),
            key("a", &own("f"), None, &texts(&["x", "y"])),
            key("a", &own("e"), Some("m"), &texts(&["x", "y"])),
            key("b", &own("e"), None, &texts(&["x", "y"])),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
        assert_eq!(keys[0], key("a", &own("e"), None, &texts(&["x", "y"])));
    }
}
