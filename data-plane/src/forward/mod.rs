//! Plain HTTP proxying, for routes whose requests no plugin answers: targets in turn, or as a
//! [`Balance`] has it; bodies streamed both ways, nothing decoded.

mod address;
mod balance;
mod headers;
mod turns;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;
use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use bytes::Bytes;
use futures_util::Stream;

use crate::error::{Code, GatewayError};
use crate::exchange::{Account, Exchange};
use crate::snapshot::{Backend, Target};
use crate::target::UnderWay;
use crate::upstream::{Answer, AnswerBody, Body, Call, Deadlines, EndpointError, UpstreamError};

pub(crate) use balance::Balance;
pub(crate) use turns::Turns;

/// A body that is announced to be no longer is gathered before it is sent, so that another target
/// can be tried when the first cannot be reached. One that was read before is there anyway.
const GATHERED: u64 = 64 * 1024;

/// Sends the request to one of the targets and gives back what it says.
pub(crate) async fn answer(
    exchange: &Exchange,
    backend: &Arc<Backend>,
) -> Result<HttpResponse, GatewayError> {
    refuse_upgrades(exchange)?;
    let method = Method::as_str(exchange.request.method());
    let method = reqwest::Method::from_bytes(method.as_bytes())
        .map_err(|_| GatewayError::new(Code::MethodNotAllowed, "no such method"))?;
    let path = address::path(exchange, backend);
    let timeouts = &backend.timeouts;
    let deadlines = Deadlines {
        connect: None,
        head: timeouts.call.min(timeouts.global),
        idle: timeouts.idle,
        total: timeouts.stream,
        ..Deadlines::within(timeouts.global)
    };
    let mut body = body(exchange).await?;
    let account = exchange.account.clone();
    let cookie = backend.balance.as_ref().and_then(|balance| balance.cookie(exchange));
    let mut order = Order::of(exchange, backend, cookie.as_ref());
    let mut attempts = backend.attempts.unwrap_or(u32::MAX);
    let mut failure = None;
    while let Some((at, target)) = order.next() {
        let under_way = backend.balance.as_ref().and_then(|balance| balance.begin(at));
        attempts = attempts.saturating_sub(1);
        let again = match &body {
            Body::Empty => Some(Body::Empty),
            Body::Whole(bytes) => Some(Body::Whole(bytes.clone())),
            Body::Streamed(_) => None,
        };
        let endpoint = address::endpoint(target, backend.timeouts.connect, &path)
            .map_err(|error| invalid(&error))?;
        let mut call = Call::new(&endpoint, method.clone(), deadlines);
        headers::request(exchange, &backend.host, call.headers_mut());
        match exchange.worker.upstream.send(call.body(body), &account).await {
            Ok(answer) => {
                let mut response = relay(answer, account, under_way);
                if let Some(cookie) = cookie.as_ref().and_then(balance::set_cookie) {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                return Ok(response);
            }
            Err(error) => {
                if let Some(under_way) = under_way {
                    under_way.failed();
                }
                // What may be repeated is, where the document wants attempts.
                let repeats = error.is_before_sending()
                    || (backend.attempts.is_some() && exchange.request.method().is_idempotent());
                let Some(again) = again.filter(|_| repeats && attempts > 0) else {
                    return Err(error.to_gateway());
                };
                body = again;
                failure = Some(error);
            }
        }
    }
    Err(failure.map_or_else(
        || GatewayError::new(Code::NoTarget, "the route has no target"),
        |error| error.to_gateway(),
    ))
}

/// The targets in the order in which a request tries them.
enum Order<'a> {
    Turns(turns::Order<'a>),
    Chosen(Box<balance::Chosen<'a>>),
}

impl<'a> Order<'a> {
    fn of(exchange: &Exchange, backend: &'a Backend, cookie: Option<&HeaderValue>) -> Self {
        match &backend.balance {
            None => {
                let route = exchange.matched.route.id.as_str();
                Self::Turns(exchange.worker.turns.order(route, backend))
            }
            Some(balance) => {
                Self::Chosen(Box::new(balance.order(exchange, &backend.targets, cookie)))
            }
        }
    }

    fn next(&mut self) -> Option<(usize, &'a Target)> {
        match self {
            Self::Turns(order) => order.next(),
            Self::Chosen(order) => order.next(),
        }
    }
}

fn invalid(error: &EndpointError) -> GatewayError {
    GatewayError::new(Code::BadRequest, "the path cannot be asked for").detail(error.to_string())
}

/// Connections that become something else than HTTP are not relayed. An offer of HTTP/2 is one that
/// may be passed over in silence, and some clients make it with every request.
fn refuse_upgrades(exchange: &Exchange) -> Result<(), GatewayError> {
    let offers = exchange.request.headers().get_all(actix_web::http::header::UPGRADE);
    let other = offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| !offer.trim().eq_ignore_ascii_case("h2c"));
    if other || exchange.request.method() == Method::CONNECT {
        let text = "upgraded connections (WebSocket, CONNECT) are not relayed";
        return Err(GatewayError::new(Code::UpgradeUnsupported, text));
    }
    Ok(())
}

async fn body(exchange: &Exchange) -> Result<Body, GatewayError> {
    let chunked = exchange.request.headers().contains_key("transfer-encoding");
    match exchange.announced() {
        Some(0) => Ok(Body::Empty),
        None if !chunked && exchange.request.version() < actix_web::http::Version::HTTP_2 => {
            Ok(Body::Empty)
        }
        _ if exchange.given_back.get().is_some() => {
            exchange.body(usize::MAX, |_| Ok(())).await.map(Body::Whole)
        }
        Some(announced) if announced <= GATHERED => {
            let limit = usize::try_from(GATHERED).unwrap_or(usize::MAX);
            exchange.body(limit, |_| Ok(())).await.map(Body::Whole)
        }
        _ => exchange.streamed_body().map(Body::Streamed),
    }
}

fn relay(answer: Answer, account: Account, under_way: Option<UnderWay>) -> HttpResponse {
    if let Some(under_way) = &under_way {
        under_way.answered();
    }
    let status = StatusCode::from_u16(answer.status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::new(status);
    let length = answer.content_length();
    headers::response(&answer.headers, response.headers_mut());
    let relay = Relay { _under_way: under_way, ..Relay::new(answer.body, account) };
    match length {
        Some(length) => response.set_body(SizedStream::new(length, relay)).map_into_boxed_body(),
        None => response.set_body(BodyStream::new(relay)).map_into_boxed_body(),
    }
}

/// The answer's body. Where it breaks, the caller's connection breaks too: a status that has gone
/// out cannot be taken back.
pub(crate) struct Relay {
    body: AnswerBody,
    account: Account,
    /// Over when the body is.
    _under_way: Option<UnderWay>,
}

impl Relay {
    pub(crate) fn new(body: AnswerBody, account: Account) -> Self {
        Self { body, account, _under_way: None }
    }
}

impl Stream for Relay {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(Pin::new(&mut self.body).poll_next(context));
        if let Some(Err(error)) = &piece {
            self.account.failed_in_stream(&error.to_gateway_in_stream());
        }
        Poll::Ready(piece)
    }
}
