use std::sync::Arc;

use actix_web::http::StatusCode;
use sanmon_shared::counters::{Quota, Span};

use super::subject::BETWEEN;
use super::{Cost, Size, Subject};
use crate::exchange::Tokens;

/// What a rule counts.
#[derive(Debug)]
pub(crate) enum Measure {
    /// Requests.
    Requests,
    /// Input tokens.
    Input,
    /// Output tokens.
    Output,
    /// Both.
    Total,
    /// What an expression makes of them.
    Cost(Cost),
    /// Requests that are under way.
    Concurrency,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Each data plane on its own.
    Local,
    /// All data planes together, where they have a store in common; else each on its own.
    Shared(WhenUnavailable),
}

/// What happens while that store cannot be reached in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WhenUnavailable {
    /// Each data plane counts on its own, until the store is back.
    #[default]
    Local,
    /// Nothing is counted, and everybody passes.
    Allow,
    /// Nobody passes.
    Refuse,
}

/// From what the output of a request is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Guess {
    /// Its own bound; where it has none, what others used.
    #[default]
    Declared,
    /// What others used, or its own bound where that is less.
    Learned,
}

/// Which providers' requests a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Providers {
    /// Everybody's.
    #[default]
    Any,
    /// Those of the one with this id, or with this name among the instances of a plugin.
    Only(Box<str>),
    /// Those of all others.
    AllBut(Box<[Box<str>]>),
}

/// A limit, as a plugin or a key has it. Where its quota comes from the request, the claim has it.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Names its counters, over revisions.
    pub(crate) id: Arc<str>,
    /// What callers are told: `requests`, `tokens per day`.
    pub(crate) name: Box<str>,
    pub(crate) measure: Measure,
    pub(crate) guess: Guess,
    /// For whom it counts apart.
    pub(crate) subject: Subject,
    pub(crate) providers: Providers,
    pub(crate) place: Place,
    /// How a refusal looks, where that is not 429.
    pub(crate) status: Option<StatusCode>,
    /// What a refusal says, where the plugin has words for it.
    pub(crate) message: Option<Box<str>>,
    /// Whether callers see how it stands.
    pub(crate) told: bool,
}

impl Rule {
    /// A rule with what most have.
    pub(crate) fn new(id: impl Into<Arc<str>>, measure: Measure, subject: Subject) -> Self {
        Self {
            id: id.into(),
            name: measure.name().into(),
            measure,
            guess: Guess::default(),
            subject,
            providers: Providers::default(),
            place: Place::Shared(WhenUnavailable::default()),
            status: None,
            message: None,
            told: true,
        }
    }

    /// Makes of what a counter is called without the provider its whole key: with the provider where that
    /// counts.
    pub(super) fn complete(&self, key: &mut String, provider: &str) {
        if self.subject.has_provider() {
            key.push(BETWEEN);
            key.push_str(provider);
        }
    }

    /// Whether how much is left depends on who answers.
    pub(crate) fn depends_on_provider(&self) -> bool {
        self.providers != Providers::Any || self.subject.has_provider()
    }
}

impl Measure {
    fn name(&self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Input => "input tokens",
            Self::Output => "output tokens",
            Self::Total => "tokens",
            Self::Cost(_) => "cost",
            Self::Concurrency => "requests at once",
        }
    }

    /// Whether what is taken is a guess.
    pub(crate) fn is_guessed(&self) -> bool {
        match self {
            Self::Requests | Self::Concurrency => false,
            Self::Input | Self::Output | Self::Total | Self::Cost(_) => true,
        }
    }

    /// What a request is taken to use, the output being guessed.
    pub(crate) fn guess(&self, size: &Size<'_>, output: u64) -> u64 {
        let input = size.input_tokens;
        match self {
            Self::Requests | Self::Concurrency => 1,
            Self::Input => input,
            Self::Output => output,
            Self::Total => input.saturating_add(output),
            Self::Cost(cost) => {
                cost.of(&Tokens { input, output, estimated: true, ..Tokens::default() })
            }
        }
    }

    /// What it used.
    pub(crate) fn used(&self, tokens: &Tokens) -> u64 {
        match self {
            Self::Requests => 1,
            Self::Concurrency => 0,
            Self::Input => tokens.input,
            Self::Output => tokens.output,
            Self::Total => tokens.input.saturating_add(tokens.output),
            Self::Cost(cost) => cost.of(tokens),
        }
    }
}

impl Providers {
    /// Whether the provider with this id is one of them.
    pub(crate) fn admit(&self, id: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(name) => is_called(id, name),
            Self::AllBut(names) => !names.iter().any(|name| is_called(id, name)),
        }
    }
}

/// Instances of a plugin have ids that end with their names: `<owner>/<plugin>/<instance>`.
fn is_called(id: &str, name: &str) -> bool {
    id == name || id.rsplit_once('/').is_some_and(|(_, last)| last == name)
}

/// What tells counters of the same rule apart whose quota counts in another way: a rule that is changed
/// from one to the other begins anew.
pub(crate) fn tag(quota: Quota) -> char {
    match quota.span {
        Span::Rolling { .. } => 'r',
        Span::Window(_) => 'w',
        Span::Day => 'd',
        Span::Month => 'm',
        Span::Concurrent => 'c',
    }
}
