//! One request, as far as it goes without anybody else.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::test::TestRequest;
use futures_util::FutureExt as _;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::clock::Clock;
use sanmon_shared::explain::{
    ExplainRequest, ExplainedLimit, ExplainedPlugin, Explanation, OtherRoute,
};
use serde_json::Value;

use crate::error::{Code, GatewayError};
use crate::exchange::{Exchange, authorize};
use crate::protocol::llm::explained::refused;
use crate::router::{self, Body, RouteQuery};
use crate::snapshot::{Answerer, Matched, Pipeline, Snapshot};

/// Routes that are told of beside the one.
const MOST: usize = 20;

const PHASES: [Phase; 6] = [
    Phase::Match,
    Phase::Preflight,
    Phase::Authorize,
    Phase::Request,
    Phase::Backend,
    Phase::Response,
];

/// Goes as far as the request would go before somebody is asked.
pub(super) fn run(
    snapshot: &Arc<Snapshot>,
    request: &ExplainRequest,
    clock: &Clock,
) -> Explanation {
    let mut told = Explanation { revision: snapshot.head.revision, ..Explanation::default() };
    if let Err(error) = explain(snapshot, request, clock, &mut told) {
        told.refused = Some(refused(&error));
    }
    told
}

fn explain(
    snapshot: &Arc<Snapshot>,
    request: &ExplainRequest,
    clock: &Clock,
    told: &mut Explanation,
) -> Result<(), GatewayError> {
    let bytes = body(request);
    let (http, _) = made(request)?.to_http_parts();
    let path = router::path(http.uri().path())?;
    let host = router::host(&request.host);
    let query = RouteQuery {
        host: &host,
        path: &path,
        uri: http.uri(),
        method: http.method(),
        headers: http.headers(),
        client: Exchange::NOBODY,
        secure: false,
    };
    let open = |matched| {
        let parts = self::made(request)?.to_http_parts();
        let mut exchange = Exchange::dry(parts, Arc::clone(snapshot), matched, clock);
        if *path != *http.uri().path() {
            exchange.rewritten = Some((*path).into());
        }
        Ok::<_, GatewayError>(exchange)
    };
    let body = Body::of(bytes.as_bytes(), http.headers());
    let (mut exchange, mut pipeline) = taken(snapshot, (query, &body), open, told)?;
    told.route = Some(exchange.matched.route.id.as_str().to_owned());
    let passed = pass(&mut exchange, &mut pipeline, &path);
    told.key = exchange.key.as_ref().map(|key| key.id.as_str().to_owned());
    told.consumer = exchange.consumer.as_ref().map(|consumer| consumer.id.as_str().to_owned());
    for phase in PHASES {
        for plugin in pipeline.plugins(phase, &path).flatten() {
            told.plugins.push(ExplainedPlugin { phase, plugin: plugin.name().to_owned() });
        }
    }
    let rules = exchange.limits.rules();
    told.limits = rules.map(|rule| ExplainedLimit { name: rule.name.to_string() }).collect();
    passed?;
    let exchange = Rc::new(exchange);
    match pipeline.answerer(&path)? {
        Answerer::Plugin(protocol) => protocol.explain(&exchange, told),
        Answerer::Targets(_) => Ok(()),
    }
}

/// The route whose plugins take the request; those beside it are told of.
fn taken(
    snapshot: &Arc<Snapshot>,
    (query, body): (RouteQuery<'_>, &Body<'_>),
    open: impl Fn(Matched) -> Result<Exchange, GatewayError>,
    told: &mut Explanation,
) -> Result<(Exchange, Pipeline), GatewayError> {
    let mut found = None;
    let mut considered = Vec::new();
    for matched in snapshot.candidates(query).filter(|matched| matched.is_met_by(&query, body)) {
        let route = matched.route.id.clone();
        if found.is_some() {
            other(told, route.as_str(), "another route is more specific, or comes before it");
        } else {
            let exchange = open(matched)?;
            let pipeline = Pipeline::of(snapshot, &exchange.matched)?;
            if pipeline.accepts(&exchange) {
                found = Some((exchange, pipeline));
            } else {
                other(
                    told,
                    route.as_str(),
                    "one of its plugins says that it is not for this request",
                );
            }
        }
        considered.push(route);
    }
    for matched in snapshot.nearby(query) {
        let route = &matched.route.id;
        if !considered.contains(route) {
            let reason = "it expects another method, other headers, query parameters, cookies or \
                          another body, or another caller";
            other(told, route.as_str(), reason);
        }
    }
    found.ok_or_else(|| snapshot.no_route(query))
}

fn other(told: &mut Explanation, route: &str, reason: &str) {
    if told.other_routes.len() < MOST {
        let (route, reason) = (route.to_owned(), reason.to_owned());
        told.other_routes.push(OtherRoute { route, reason });
    }
}

/// What the plugins before the backend say, as far as they say it at once.
fn pass(exchange: &mut Exchange, pipeline: &mut Pipeline, path: &str) -> Result<(), GatewayError> {
    let later = || {
        let text = "what comes next depends on what a plugin asks others, and nobody is asked here";
        Err(GatewayError::new(Code::StateUnavailable, text))
    };
    if let Some(answer) = authorize::preflight(exchange, pipeline, path) {
        answer?;
        let text = "a plugin answers it before anybody is asked who calls";
        return Err(GatewayError::new(Code::NoBackend, text));
    }
    let caller = authorize::authorize(exchange, pipeline, path).now_or_never();
    if let Some(consumer) = caller.unwrap_or_else(|| later().map(|()| None))? {
        pipeline.join(consumer)?;
    }
    authorize::prepare(exchange, pipeline, path).now_or_never().unwrap_or_else(later)
}

/// The body of the request.
fn body(request: &ExplainRequest) -> String {
    match &request.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// The request as it would come.
fn made(request: &ExplainRequest) -> Result<TestRequest, GatewayError> {
    let bad = |text: String| GatewayError::new(Code::BadRequest, text);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| bad(format!("{:?} is no method", request.method)))?;
    let uri: Uri = request.path.parse().map_err(|_| bad("the path is none".to_owned()))?;
    if !request.path.starts_with('/') {
        return Err(bad("a path begins with a slash".to_owned()));
    }
    let body = body(request);
    let mut made = TestRequest::default().method(method).uri(&uri.to_string());
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| bad(format!("{name:?} cannot be the name of a header")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| bad(format!("the header {name} has a value that none may have")))?;
        made = made.insert_header((name, value));
    }
    if let Ok(host) = HeaderValue::from_str(&request.host) {
        made = made.insert_header((HOST, host));
    }
    made = made.insert_header((CONTENT_LENGTH, body.len()));
    Ok(made.set_payload(body))
}
