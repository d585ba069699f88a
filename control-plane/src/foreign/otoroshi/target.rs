//! What a request is about: the kind, the id, and by which of Otoroshi's two APIs.

use actix_web::HttpRequest;
use actix_web::web::Data;
use serde::Deserialize;

use super::kinds::{self, Holds, Kind};
use crate::admin::parts::{ApiError, Code, Shared};
use crate::configuration::{KindInfo, State};

/// Which of the two APIs is asked. They differ in a few texts and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// `/apis/{group}/{version}/{plural}`.
    Generic,
    /// `/api/{plural}`.
    Legacy,
}

impl Generation {
    /// That there is no such document.
    pub(super) fn missing(self) -> ApiError {
        ApiError::new(
            Code::NotFound,
            match self {
                Self::Generic => "resource not found",
                Self::Legacy => "Entity not found",
            },
        )
    }

    /// That there is one already.
    pub(super) fn taken(self) -> ApiError {
        ApiError::new(
            Code::IdTaken,
            match self {
                Self::Generic => "resource already exists",
                Self::Legacy => "Entity already exists",
            },
        )
    }
}

/// The segments of a path that have names.
#[derive(Deserialize)]
struct Segments {
    #[serde(default)]
    group: String,
    #[serde(default)]
    version: String,
    plural: String,
    #[serde(default)]
    id: String,
}

/// What a request is about.
pub(super) struct Target {
    pub(super) kind: &'static Kind,
    pub(super) generation: Generation,
    id: String,
}

/// A kind whose documents are kept here, by both its names.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) kind: &'static Kind,
    pub(super) info: KindInfo,
}

impl Target {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let generation = request
            .app_data::<Data<Generation>>()
            .map_or(Generation::Generic, |generation| *generation.get_ref());
        let segments: Segments = request
            .match_info()
            .load()
            .map_err(|_| ApiError::new(Code::BadParameter, "the path cannot be read"))?;
        let Segments { group, version, plural, id } = segments;
        let found = match generation {
            Generation::Generic => kinds::generic(&group, &version, &plural),
            Generation::Legacy => kinds::legacy(&plural),
        };
        let kind = found
            .map_err(|why| ApiError::new(Code::NotFound, format!("resource not found: {why}")))?;
        Ok(Self { kind, generation, id })
    }

    /// API keys, where the path speaks of something else too.
    pub(super) fn apikeys(generation: Generation) -> Self {
        Self { kind: &kinds::APIKEY, generation, id: String::new() }
    }

    /// The id in the path.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// For writes and what leads to them: the kind must have documents.
    pub(super) fn kept(&self, shared: &Shared) -> Result<Kept, ApiError> {
        let refused = || {
            let detail = format!(
                "you cannot do that: {} follow from the rest and cannot be written here",
                self.kind.plural
            );
            ApiError::new(Code::Forbidden, detail)
        };
        match self.kind.holds {
            Holds::Fixed(_) => Err(refused()),
            Holds::Documents => {
                let info = shared.configuration.schemas().kind(self.kind.plural);
                Ok(Kept { kind: self.kind, info: *info.ok_or_else(refused)? })
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self, state: &State) -> usize {
        match self.kind.holds {
            Holds::Documents => state.count(self.kind.plural),
            Holds::Fixed(make) => make(state).len(),
        }
    }
}
