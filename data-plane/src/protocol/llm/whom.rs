use std::sync::Arc;

use super::Trial;
use crate::protocol::relay::Beginning;
use crate::provider::{Provider, Timeouts};
use crate::target::Candidate;

/// Whom an attempt asks, and how patiently.
#[derive(Clone, Copy)]
pub(crate) struct Whom<'c> {
    pub(crate) candidate: &'c Candidate,
    /// Those of the candidate, and over them the route's.
    pub(crate) timeouts: Timeouts,
    /// Nobody else can be asked.
    pub(crate) single: bool,
}

impl<'c> Whom<'c> {
    /// The provider that is called.
    pub(crate) fn provider(&self) -> &'c Arc<Provider> {
        &self.candidate.provider
    }

    /// When a streamed answer has begun. Where somebody else can be asked, or time is given for it,
    /// only with its first content.
    pub(crate) fn beginning(&self, trial: &Trial) -> Beginning {
        let within = self.timeouts.first_token;
        Beginning {
            with_content: !self.single || within.is_some(),
            until: within.map(|within| trial.began() + within),
        }
    }
}
