//! What is known of managed secrets. State, not configuration: it lives beside the snapshot, and is
//! kept by who follows the source.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::reference::{Elsewhere, Managed};
use tokio::time::Instant;

use super::manager::{Fetched, Manager};

/// The most secrets that are kept.
const MOST: usize = 4_096;

/// A secret that could not be had is not asked for again before this, whoever wants it.
const SOONEST: Duration = Duration::from_secs(5);

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Secrets that were asked for. No `Debug`.
#[derive(Default)]
pub(crate) struct Known {
    secrets: HashMap<Managed, One>,
}

/// A secret that was asked for.
struct One {
    /// As it was last had.
    value: Option<String>,
    /// Why it could not be had when it was last asked for.
    failure: Option<String>,
    /// Failures in a row.
    failures: u32,
    /// When it was last asked for.
    asked: Instant,
    /// When it is asked for again; none while it is, and where nobody can be asked.
    due: Option<Instant>,
    /// Who was asked.
    manager: Option<Arc<Manager>>,
}

impl Known {
    /// Whether a document that names this secret has to wait until `manager` was asked.
    pub(crate) fn lacks(&self, secret: &Managed, manager: &Arc<Manager>, now: Instant) -> bool {
        let Some(one) = self.secrets.get(secret) else { return self.secrets.len() < MOST };
        let same = one.manager.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, manager));
        !same || (one.value.is_none() && now >= one.asked + SOONEST)
    }

    /// The manager is being asked for the secret.
    pub(crate) fn ask(&mut self, secret: &Managed, manager: &Arc<Manager>, now: Instant) {
        let one = self.secrets.entry(secret.clone()).or_insert_with(|| One::new(now));
        one.manager = Some(Arc::clone(manager));
        one.asked = now;
        one.due = None;
    }

    /// The manager has answered. Whether what documents are built with is another thing now.
    pub(crate) fn learn(&mut self, fetched: Fetched, now: Instant) -> Option<Managed> {
        let Fetched { secret, manager, answer } = fetched;
        let one = self.secrets.get_mut(&secret)?;
        if !one.manager.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, &manager)) {
            // Another one was asked meanwhile.
            return None;
        }
        let changed = match answer {
            Ok(value) => {
                if one.failure.take().is_some() {
                    tracing::info!(%secret, "a secret can be had again");
                }
                one.failures = 0;
                one.due = Some(now + manager.refresh);
                let changed = one.value.as_ref() != Some(&value);
                one.value = Some(value);
                changed
            }
            Err(reason) => {
                let pause = Duration::from_secs(1 << one.failures.min(6)).min(LONGEST_PAUSE);
                one.failures = one.failures.saturating_add(1);
                one.due = Some(now + pause);
                one.fail(&secret, reason) && one.value.is_none()
            }
        };
        changed.then_some(secret)
    }

    /// Nobody keeps the secret any more. Whether that is news.
    pub(crate) fn orphan(&mut self, secret: &Managed, now: Instant) -> bool {
        if self.secrets.len() >= MOST && !self.secrets.contains_key(secret) {
            return false;
        }
        let one = self.secrets.entry(secret.clone()).or_insert_with(|| One::new(now));
        one.value = None;
        one.manager = None;
        one.due = None;
        one.fail(secret, format!("there is no secret manager {:?}", secret.manager()))
    }

    /// Forgets what nobody names.
    pub(crate) fn retain(&mut self, named: impl Fn(&Managed) -> bool) {
        self.secrets.retain(|secret, _| named(secret));
    }

    /// When the next one is to be asked for.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.secrets.values().filter_map(|one| one.due).min()
    }

    /// Those that are to be asked for by now; they are being asked for then.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<(Managed, Arc<Manager>)> {
        let due = |one: &One| one.due.is_some_and(|due| due <= now);
        let due = self.secrets.iter().filter(|(_, one)| due(one));
        let due: Vec<_> = due
            .filter_map(|(secret, one)| Some((secret.clone(), Arc::clone(one.manager.as_ref()?))))
            .collect();
        for (secret, manager) in &due {
            self.ask(secret, manager, now);
        }
        due
    }

    /// What is used as it was because it cannot be had now, for people.
    pub(crate) fn stale(&self) -> Option<String> {
        let stale = |(secret, one): (&Managed, &One)| {
            let failure = one.failure.as_ref().filter(|_| one.value.is_some())?;
            Some(format!("{secret}: {failure}"))
        };
        let mut stale: Vec<String> = self.secrets.iter().filter_map(stale).collect();
        stale.sort_unstable();
        let first = stale.first()?;
        Some(match stale.len() {
            1 => format!("a secret cannot be had and is used as it was: {first}"),
            all => format!("{all} secrets cannot be had and are used as they were; one is {first}"),
        })
    }

    fn get(&self, secret: &Managed) -> Result<String, String> {
        match self.secrets.get(secret) {
            Some(One { value: Some(value), .. }) => Ok(value.clone()),
            Some(One { failure: Some(failure), .. }) => Err(failure.clone()),
            None if self.secrets.len() >= MOST => {
                Err(format!("more than {MOST} secrets of managers are referred to"))
            }
            Some(_) | None => Err("its manager has not answered yet".to_owned()),
        }
    }
}

impl One {
    fn new(now: Instant) -> Self {
        Self { value: None, failure: None, failures: 0, asked: now, due: None, manager: None }
    }

    /// Notes why it cannot be had; whether that is news, which is logged once.
    fn fail(&mut self, secret: &Managed, reason: String) -> bool {
        if self.failure.as_ref() == Some(&reason) {
            return false;
        }
        tracing::warn!(%secret, reason, kept = self.value.is_some(), "a secret cannot be had");
        self.failure = Some(reason);
        true
    }
}

/// Where documents of a data plane look their secrets up.
pub(crate) struct Sight<'a> {
    pub(crate) environment: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
    pub(crate) known: &'a Known,
}

impl Elsewhere for Sight<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    fn managed(&self, secret: &Managed) -> Result<String, String> {
        self.known.get(secret)
    }
}
