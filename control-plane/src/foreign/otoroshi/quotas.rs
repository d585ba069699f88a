//! The quotas of a key, as Otoroshi shows them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::quotas::Period;
use sanmon_shared::resources::Apikey;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::document::shown;
use super::legacy::{entity, names};
use super::target::Target;
use crate::admin::parts::quotas::{self, QuotasView};
use crate::admin::parts::{ApiError, Identity, Query, Shared};

/// What Otoroshi has where nothing limits a key. Calls are not counted then.
const UNLIMITED: u64 = 10_000_000;

/// `GET /apikeys/{id}/quotas`.
pub(super) async fn read(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    query.done()?;
    let key = key(&request, &shared).await?;
    answer.value(remaining(&quotas::stand(&shared, &key).await?))
}

/// `DELETE /apikeys/{id}/quotas`.
pub(super) async fn reset(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    query.done()?;
    let key = key(&request, &shared).await?;
    let view = quotas::make_whole(&shared, &key, &Identity::of(&request)?).await?;
    answer.status(view.status()).value(remaining(&view))
}

/// The key that the path names, of the route or group that it names.
async fn key(request: &HttpRequest, shared: &Shared) -> Result<Apikey, ApiError> {
    let target = Target::of(request)?;
    let segment = |name| request.match_info().get(name);
    if let (Some(owners), Some(owner)) = (segment("owners"), segment("owner")) {
        let kept = target.kept(shared)?;
        let state = shared.fresh().await.state;
        let key = state.get(kept.kind.plural, target.id());
        let key = key.map(|entry| shown(kept, shared.configuration.shown(entry)));
        if !key.is_some_and(|key| names(&key, &entity(owners, owner))) {
            return Err(target.generation.missing());
        }
    }
    quotas::key(shared, target.id()).await.map_err(|error| match error.code {
        crate::admin::Code::NotFound => target.generation.missing(),
        _ => error,
    })
}

fn remaining(view: &QuotasView) -> Value {
    let mut members = Map::new();
    for (period, name, current) in [
        (Period::Window, "Window", "throttlingCallsPerWindow"),
        (Period::Day, "Day", "currentCallsPerDay"),
        (Period::Month, "Month", "currentCallsPerMonth"),
    ] {
        let quota = view.quotas.iter().find(|quota| quota.period == period);
        let [limit, used, remaining] = quota
            .map_or([UNLIMITED, 0, UNLIMITED], |quota| [quota.limit, quota.used, quota.remaining]);
        members.insert(format!("authorizedCallsPer{name}"), json!(limit));
        members.insert(current.to_owned(), json!(used));
        members.insert(format!("remainingCallsPer{name}"), json!(remaining));
    }
    Value::Object(members)
}
