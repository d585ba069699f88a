//! `POST /explain`: what would become of a request.

use std::sync::Arc;

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::explain::{Configured, ExplainRequest};
use sanmon_shared::{Entry, Head, Problem};

use super::answer::Answer;
use super::body;
use super::error::{ApiError, Code};
use super::media::DOCUMENT;
use super::query::Query;
use super::shared::Shared;
use crate::configuration::State;

/// A state as the data plane's code looks at it.
struct Documents(Arc<State>);

impl Configured for Documents {
    fn head(&self) -> &Head {
        self.0.head()
    }

    fn each(&self, visit: &mut dyn FnMut(&Entry)) {
        for plural in self.0.plurals() {
            for entry in self.0.list(plural.as_str()) {
                visit(entry);
            }
        }
    }
}

/// `POST /explain`.
pub(super) async fn explain(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let (_, asked) = body::document(&request, payload, DOCUMENT).await?;
    let asked: ExplainRequest = serde_json::from_value(asked)
        .map_err(|error| ApiError::invalid(vec![Problem::at("", error.to_string())]))?;
    let state = shared.fresh().await.state;
    let explainer = Arc::clone(&shared.explain);
    // A configuration that has changed is compiled first.
    let told = web::block(move || explainer.explain(&Documents(state), &asked)).await;
    let told =
        told.map_err(|error| ApiError::new(Code::Internal, "it was not explained").cause(error))?;
    answer.body(&told)
}
