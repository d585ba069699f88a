use std::sync::Arc;
use std::time::Duration;

use sanmon_wire::canonical::{Delta, Fold};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Asked, Codec as _};
use sanmon_wire::json::Json;
use sanmon_wire::responses::Responses;
use sanmon_wire::translate::Observe;

use super::record::Record;
use super::{Answers, Form};

/// For whom answers are kept, and for how long.
#[derive(Clone)]
pub(super) struct Keeping {
    pub(super) answers: Arc<Answers>,
    pub(super) owner: Box<str>,
    /// When the request came, in milliseconds since 1970.
    pub(super) now: i64,
    pub(super) kept: Duration,
}

/// Gathers a translated answer, and keeps it at its end.
pub(super) struct Keeper {
    form: Form,
    keeping: Keeping,
    asked: Asked,
    input: Option<Json>,
    fold: Fold,
}

impl Keeper {
    /// `asked` and `input` are what the answer repeats, and what it was about.
    pub(super) fn new(form: Form, keeping: Keeping, asked: Asked, input: Json) -> Self {
        Self { form, keeping, asked, input: Some(input), fold: Fold::default() }
    }
}

impl Observe for Keeper {
    fn delta(&mut self, delta: &Delta) {
        self.fold.delta(delta.clone());
        if *delta != Delta::End {
            return;
        }
        let Some(Ok(answer)) = std::mem::take(&mut self.fold).finish() else { return };
        let id = Responses::id(&answer.id, &self.asked);
        let body = self.form.codec().encode_response(&answer, &self.asked, &mut Losses::default());
        let record = Record {
            owner: self.keeping.owner.clone(),
            expires_at: self.keeping.expires_at(),
            provider: None,
            credential: 0,
            response: String::from_utf8(body).ok().and_then(Json::parse),
            input: self.input.take(),
        };
        self.keeping.answers.keep(&id, record, self.keeping.kept);
    }
}
