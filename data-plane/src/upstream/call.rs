use std::borrow::Cow;
use std::io::ErrorKind;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::sync::mpsc;

use super::endpoint::Endpoint;
use super::error::Refusal;

/// How long the parts of a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the connection stands, where that differs from what its endpoint's transport says.
    pub connect: Option<Duration>,
    /// The head of an answer that is to begin sooner than `head` says.
    pub first_token: Option<Duration>,
    /// From sending to the head of the answer, connecting included.
    pub head: Duration,
    /// Between two pieces of the answer's body.
    pub idle: Duration,
    /// The whole call, to the last byte of its answer.
    pub total: Duration,
}

impl Deadlines {
    /// Everything within this time.
    pub const fn within(time: Duration) -> Self {
        Self { connect: None, first_token: None, head: time, idle: time, total: time }
    }
}

/// The body of a request.
pub enum Body {
    /// None.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// As the caller sends it, without gathering it.
    Streamed(Payload),
}

/// A request to an upstream.
pub struct Call<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) url: Cow<'a, Url>,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) deadlines: Deadlines,
    pub(super) most: usize,
}

impl<'a> Call<'a> {
    /// A call with the headers that the endpoint's calls always carry.
    pub fn new(endpoint: &'a Endpoint, method: Method, deadlines: Deadlines) -> Self {
        let mut headers = HeaderMap::with_capacity(endpoint.headers().len() + 6);
        for (name, value) in endpoint.headers() {
            headers.append(name, value.clone());
        }
        let url = Cow::Borrowed(endpoint.url());
        Self { endpoint, url, method, headers, body: Body::Empty, deadlines, most: usize::MAX }
    }

    /// Goes to another address of the endpoint's host; one of another host is refused when it is
    /// sent.
    #[must_use]
    pub fn at(mut self, url: Cow<'a, Url>) -> Self {
        self.url = url;
        self
    }

    /// Takes no more bytes of an answer.
    #[must_use]
    pub fn most(mut self, bytes: Option<usize>) -> Self {
        self.most = bytes.unwrap_or(usize::MAX);
        self
    }

    /// Makes it a call of another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Its method.
    pub fn http_method(&self) -> &Method {
        &self.method
    }

    /// Its body, where that is not streamed.
    pub fn whole_body(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Empty => Some(&[]),
            Body::Whole(bytes) => Some(bytes),
            Body::Streamed(_) => None,
        }
    }

    /// The headers so far.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sets a header, over what the endpoint says.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header unless the endpoint says it.
    #[must_use]
    pub fn default_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.entry(name).or_insert(value);
        self
    }

    /// The headers so far.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn bytes(self, body: Bytes) -> Self {
        self.body(Body::Whole(body))
    }
}

/// A body for the HTTP library, which wants it to be `Send`: a task of the worker carries the pieces
/// over, one at a time, so that the caller sends no faster than the upstream takes. It ends when
/// either side is gone.
pub(super) fn carried(mut payload: Payload) -> reqwest::Body {
    let (pieces, received) = mpsc::channel::<Result<Bytes, Refusal>>(1);
    actix_web::rt::spawn(async move {
        loop {
            let piece = tokio::select! {
                biased;
                () = pieces.closed() => break,
                piece = payload.next() => piece,
            };
            let Some(piece) = piece else { break };
            let piece = piece.map_err(|error| match error {
                PayloadError::Overflow => Refusal::RequestTooLarge,
                PayloadError::Io(late) if late.kind() == ErrorKind::TimedOut => {
                    Refusal::RequestTooSlow
                }
                _ => Refusal::RequestBody,
            });
            let broken = piece.is_err();
            if pieces.send(piece).await.is_err() || broken {
                break;
            }
        }
    });
    reqwest::Body::wrap_stream(Received(received))
}

struct Received(mpsc::Receiver<Result<Bytes, Refusal>>);

impl Stream for Received {
    type Item = Result<Bytes, Refusal>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
