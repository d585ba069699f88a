//! The steps, one after the other.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{HOST, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::catalogue::Phase;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::admit::{self, Caller};
use super::{Account, AnswerHead, Exchange, Shared, answer, authorize, route};
use crate::error::{Code, GatewayError};
use crate::forward;
use crate::limit::{self, Claims, Size};
use crate::protocol::{Dialect, errors};
use crate::router::{self, RouteQuery};
use crate::snapshot::{Answerer, Pipeline};
use crate::worker::Worker;

/// Answers one request.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    worker: &Rc<Worker>,
    request: &HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let began = Instant::now();
    let (permit, has_room) = shared.enter();
    let snapshot = shared.live.now();
    let request_id = admit::request_id(request, worker);
    let account = Account::open(
        &worker.telemetry,
        permit,
        request.clone(),
        request_id.clone(),
        snapshot.head.revision,
        began,
    );
    if !has_room {
        let error = GatewayError::new(Code::Overloaded, "the gateway has too much to do");
        return refuse(&error.retry_after(1), account, shared, worker);
    }
    if snapshot.head.lineage.is_empty() {
        let error = GatewayError::new(Code::NotReady, "the gateway has no configuration yet");
        return refuse(&error.retry_after(1), account, shared, worker);
    }
    let Caller { client, secure, host: forwarded } = admit::caller(request, shared);
    account.set_client(client);
    let raw_host = forwarded.as_deref().or_else(|| {
        request
            .headers()
            .get(HOST)
            .and_then(|value| value.to_str().ok())
            .or_else(|| request.uri().host())
    });
    let host = router::host(raw_host.unwrap_or_default());
    let path = match router::path(request.uri().path()) {
        Ok(path) => path,
        Err(error) => return refuse(&error, account, shared, worker),
    };
    let query = RouteQuery {
        host: &host,
        path: &path,
        uri: request.uri(),
        method: request.method(),
        headers: request.headers(),
        client,
        secure,
    };
    let open = |matched| Exchange {
        request: request.clone(),
        rewritten: match &path {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(path) => Some(path.as_str().into()),
        },
        forwarded_host: forwarded.as_ref().map(|_| (*host).into()),
        at: shared.clock.millis(),
        payload: Cell::new(payload),
        given_back: Cell::new(None),
        request_id,
        client,
        secure,
        snapshot: Arc::clone(&snapshot),
        matched,
        key: None,
        consumer: None,
        claims: None,
        wiped: SmallVec::new(),
        limits: Claims::default(),
        prompts: SmallVec::new(),
        override_host: false,
        worker: Rc::clone(worker),
        account: account.clone(),
    };
    let candidates = snapshot.candidates(query);
    let no_route = || snapshot.no_route(query);
    let (mut exchange, mut pipeline) = match route::route(query, candidates, open, no_route).await {
        Ok(found) => found,
        Err(error) => return refuse(&error, account, shared, worker),
    };
    account.set_route(exchange.matched.route.id.text());
    let passed = pass(&mut exchange, &mut pipeline, &path).await;
    let answerer = pipeline.answerer(&path);
    let dialect = dialect(&answerer, &path, request.headers());
    // Whoever answers may hold on to it.
    let exchange = Rc::new(exchange);
    let response = match passed {
        Ok(None) => respond(&exchange, answerer).await,
        Ok(Some(answer)) => Ok(answer),
        Err(error) => Err(error),
    };
    let mut response = response.unwrap_or_else(|error| {
        account.failed(&error);
        errors::answer(dialect, &error, &exchange.request_id)
    });
    errors::name_request(dialect, &mut response, &exchange.request_id);
    limit::headers::write(&exchange, dialect, response.headers_mut());
    for plugin in pipeline.plugins(Phase::Response, &path).flatten() {
        let status = response.status();
        plugin.response(&exchange, &mut AnswerHead { status, headers: response.headers_mut() });
    }
    answer::finish(response, account, shared, worker)
}

/// Passes the plugins before the backend; the answer of one that answers itself.
async fn pass(
    exchange: &mut Exchange,
    pipeline: &mut Pipeline,
    path: &str,
) -> Result<Option<HttpResponse>, GatewayError> {
    if let Some(answer) = authorize::preflight(exchange, pipeline, path) {
        return answer.map(Some);
    }
    if let Some(consumer) = authorize::authorize(exchange, pipeline, path).await? {
        pipeline.join(consumer)?;
    }
    authorize::prepare(exchange, pipeline, path).await?;
    Ok(None)
}

/// Lets the backend answer.
async fn respond(
    exchange: &Rc<Exchange>,
    answerer: Result<Answerer<'_>, GatewayError>,
) -> Result<HttpResponse, GatewayError> {
    match answerer? {
        Answerer::Plugin(protocol) => protocol.answer(exchange).await,
        Answerer::Targets(backend) => {
            limit::reserve(exchange, &Size::default()).await?;
            forward::answer(exchange, backend).await
        }
    }
}

/// How the clients of whoever answers read errors.
fn dialect(
    answerer: &Result<Answerer<'_>, GatewayError>,
    path: &str,
    headers: &HeaderMap,
) -> Dialect {
    match answerer {
        Ok(Answerer::Plugin(protocol)) => protocol.dialect_for(path, headers),
        Ok(Answerer::Targets(_)) | Err(_) => Dialect::Problem,
    }
}

/// Ends a request for which no route was found.
fn refuse(
    error: &GatewayError,
    account: Account,
    shared: &Shared,
    worker: &Worker,
) -> HttpResponse {
    account.failed(error);
    let response = errors::answer(Dialect::Problem, error, &account.record().request_id);
    answer::finish(response, account, shared, worker)
}
