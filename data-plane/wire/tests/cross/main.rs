//! Every format in front of every other: a request that one format says is read, written in the other,
//! read again, and what was modelled has arrived or is reported; answers the same, whole and streamed.
//! Nothing here names a pair: formats come from the registry, what is said from [`features`] and
//! [`cases`].

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a test ends it"
)]

mod alike;
mod answers;
mod arrived;
mod cases;
mod errors;
mod features;
mod fidelity;
mod requests;
mod streams;

use sanmon_wire::format::{Asked, Format, Parameters, Target};
use sanmon_wire::registry::{DIALECTS, Dialect, usual};

/// Every format in front of every dialect.
fn pairs() -> impl Iterator<Item = (&'static Dialect, &'static Dialect)> {
    let fronts = Format::ALL.iter().filter_map(|format| usual(*format));
    fronts.flat_map(|front| DIALECTS.iter().map(move |back| (front, back)))
}

/// A model of which no codec knows anything, so that no policy about models applies.
fn target(stream: bool) -> Target<'static> {
    Target { model: "some-model", stream, parameters: Parameters::Drop }
}

fn asked() -> Asked {
    Asked {
        id: "0123456789abcdef".into(),
        created: 1_700_000_000,
        model: "asked-model".into(),
        stream_usage: true,
        ..Asked::default()
    }
}

/// Gathers what went wrong over all pairs, so that one run shows all of it.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn add(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{} failures:\n{}", self.0.len(), self.0.join("\n"));
    }
}
