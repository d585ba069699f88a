//! Publication over HTTP: data planes without Redis follow the control plane by long polls of its
//! admin listener. They show the data-plane token; no admin's key opens this, and this opens
//! nothing of the admin API. Not part of the OpenAPI document: both sides are ours.

mod load;
mod resets;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Json, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload};
use futures_util::future::{Ready, ready};
use sanmon_shared::publication::{BASE, LONGEST_PATIENCE, Page, Poll, SealKey};
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::store::{Changes, Store, StoreError};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::store::DataPlaneToken;

pub(crate) use resets::Resets;

/// Polls that wait at once; a data plane has one.
const POLLS: usize = 4096;

/// Full loads at once: each reads everything.
const LOADS: usize = 4;

/// The most change sets of one answer.
const SETS: usize = 1024;

/// The largest report.
const REPORT_BYTES: usize = 1 << 20;

/// What data planes are given.
pub struct Publication {
    store: Arc<dyn Store>,
    token: DataPlaneToken,
    resets: Arc<Resets>,
    stopping: CancellationToken,
    polls: Semaphore,
    loads: Arc<Semaphore>,
}

impl Publication {
    /// Publishes `store` to whoever shows `token`, and tells of `resets`.
    pub(crate) fn new(store: Arc<dyn Store>, token: DataPlaneToken, resets: Arc<Resets>) -> Self {
        let loads = Arc::new(Semaphore::new(LOADS));
        let stopping = CancellationToken::new();
        Self { store, token, resets, stopping, polls: Semaphore::new(POLLS), loads }
    }

    /// Ends the polls that wait: the listener stops, and shall not wait for them.
    pub fn stop(&self) {
        self.stopping.cancel();
    }
}

/// Adds the paths to the admin listener.
pub fn configure(config: &mut ServiceConfig, publication: Data<Publication>) {
    let scope = web::scope(BASE)
        .app_data(publication)
        .app_data(web::JsonConfig::default().limit(REPORT_BYTES))
        .route("/head", web::get().to(head))
        .route("/changes", web::get().to(changes))
        .route("/load", web::get().to(load::load))
        .route("/seal", web::get().to(seal))
        .route("/report", web::post().to(report));
    config.service(scope);
}

/// Why a data plane gets no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("a valid data-plane token is needed")]
    Token,
    #[error("too many data planes ask at once")]
    Busy,
    #[error("the control plane stops")]
    Stopping,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ResponseError for Failure {
    fn status_code(&self) -> actix_web::http::StatusCode {
        use actix_web::http::StatusCode;
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Busy | Self::Stopping | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "detail": self.to_string() }))
    }
}

/// Errors are written here: the admin API's envelope would make its own of them.
fn answer(outcome: Result<HttpResponse, Failure>) -> HttpResponse {
    outcome.unwrap_or_else(|failure| failure.error_response())
}

/// The only way to the publication: whoever has it showed the token.
struct Follower(Data<Publication>);

impl FromRequest for Follower {
    type Error = actix_web::error::InternalError<Failure>;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.split_once(' '));
        let token = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.map_or("", |(_, token)| token.trim());
        ready(match request.app_data::<Data<Publication>>() {
            Some(publication) if publication.token.is(token) => Ok(Self(publication.clone())),
            _ => {
                let answer = Failure::Token.error_response();
                Err(actix_web::error::InternalError::from_response(Failure::Token, answer))
            }
        })
    }
}

async fn head(follower: Follower) -> HttpResponse {
    answer(match follower.0.store.head().await {
        Ok(head) => Ok(HttpResponse::Ok().json(head)),
        Err(error) => Err(error.into()),
    })
}

async fn changes(follower: Follower, poll: web::Query<Poll>) -> HttpResponse {
    answer(follower.0.poll(&poll).await.map(|page| HttpResponse::Ok().json(page)))
}

async fn seal(follower: Follower) -> HttpResponse {
    answer(match follower.0.store.seal().await {
        Ok(seal) => Ok(HttpResponse::Ok().json(SealKey { key: seal.to_text() })),
        Err(error) => Err(error.into()),
    })
}

async fn report(follower: Follower, report: Json<DataPlaneReport>) -> HttpResponse {
    let (publication, report) = (follower.0, report.into_inner());
    let told = report.resets_until;
    answer(match publication.store.report(report).await {
        Ok(_) => Ok(HttpResponse::Ok().json(publication.resets.after(told))),
        Err(error) => Err(error.into()),
    })
}

impl Publication {
    fn waiting(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.polls.try_acquire().map_err(|_| Failure::Busy)
    }

    async fn poll(&self, poll: &Poll) -> Result<Page, Failure> {
        let _waiting = self.waiting()?;
        let patience = Duration::from_millis(poll.patience.min(LONGEST_PATIENCE));
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let head = self.store.head().await?;
            let same = *head.lineage == *poll.lineage && head.revision == poll.revision;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if !same || left.is_zero() {
                return self.page(poll, head).await;
            }
            tokio::select! {
                () = self.store.wait(&head, left) => {}
                () = self.stopping.cancelled() => return Err(Failure::Stopping),
            }
        }
    }

    async fn page(&self, poll: &Poll, head: sanmon_shared::Head) -> Result<Page, Failure> {
        if poll.limit == 0 {
            return Ok(Page { head, gone: false, sets: Vec::new() });
        }
        let lineage = Arc::from(poll.lineage.as_str());
        let after = sanmon_shared::Head { lineage, revision: poll.revision, ..head };
        let changes = self.store.changes(&after, poll.limit.min(SETS)).await?;
        Ok(match changes {
            Changes::Gone => Page { head, gone: true, sets: Vec::new() },
            Changes::Sets(sets) => {
                let sets = sets.iter().map(|set| Arc::new(set.for_publication())).collect();
                Page { head, gone: false, sets }
            }
        })
    }
}
