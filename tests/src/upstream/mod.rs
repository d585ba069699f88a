//! An upstream that does what a test says: answers, stalls, trickles, cuts, lies; and remembers what
//! it was asked and whether its caller hung up.

pub mod dialect;
mod http;
pub mod openai;
mod reply;
pub mod script;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use reply::{Gate, Reply};

use crate::wait;

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A request that the upstream was sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path with its query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    fate: watch::Sender<Fate>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is still being given.
    Going,
    /// It was given whole, as scripted.
    Done,
    /// The caller hung up before its end.
    HungUp,
}

impl Request {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header's text, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// How its answer has ended so far.
    pub fn fate(&self) -> Fate {
        *self.fate.borrow()
    }

    /// Waits until its answer has ended, and says how.
    pub async fn end(&self, within: Duration) -> Fate {
        let mut fate = self.fate.subscribe();
        wait::in_time("the upstream's answer ends", within, async {
            *fate.wait_for(|fate| *fate != Fate::Going).await.unwrap()
        })
        .await
    }
}

struct Shared {
    handler: Mutex<Handler>,
    requests: watch::Sender<Vec<Request>>,
    connections: watch::Sender<usize>,
}

/// A running upstream; it ends with the test.
#[derive(Clone)]
pub struct ScriptedUpstream {
    port: u16,
    shared: Arc<Shared>,
}

impl ScriptedUpstream {
    /// One that answers as OpenAI would ([`openai::answer`]).
    pub async fn start() -> Self {
        Self::start_with(openai::answer).await
    }

    /// One that speaks every dialect and does what the model's name says ([`dialect::act`]).
    pub async fn start_acting() -> Self {
        let nobody = || Reply::json(404, &openai::error("unknown path", "not_found", None));
        Self::start_with(move |request| dialect::act(request).unwrap_or_else(nobody)).await
    }

    /// One that answers every request with what `handler` says.
    pub async fn start_with(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::ports::free())).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            handler: Mutex::new(Arc::new(handler)),
            requests: watch::Sender::new(Vec::new()),
            connections: watch::Sender::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:<port>/v1`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Answers what comes from now on with what `handler` says.
    pub fn script(&self, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        let mut current = self.shared.handler.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(handler);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.borrow().clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// The request with this number, counted from 0, once it has come.
    pub async fn request(&self, number: usize) -> Request {
        let mut requests = self.shared.requests.subscribe();
        wait::in_time("the upstream is asked", wait::SOON, async {
            let seen = requests.wait_for(|requests| requests.len() > number).await.unwrap();
            seen[number].clone()
        })
        .await
    }

    /// The newest request.
    pub fn last(&self) -> Request {
        self.requests().pop().expect("the upstream was not asked")
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|connections| *connections += 1);
        tokio::spawn(serve(stream, number, Arc::clone(&shared)));
        number += 1;
    }
}

async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    drop(stream.set_nodelay(true));
    let (mut from, mut to) = stream.into_split();
    let mut buffer = Vec::new();
    while let Some(parts) = http::read_request(&mut from, &mut buffer).await {
        let (fate, _) = watch::channel(Fate::Going);
        let request = Request {
            method: parts.method,
            path: parts.path,
            headers: parts.headers,
            body: parts.body,
            connection,
            fate,
        };
        shared.requests.send_modify(|requests| requests.push(request.clone()));
        let handler = Arc::clone(&*shared.handler.lock().unwrap_or_else(PoisonError::into_inner));
        let reply = handler(&request);
        let end = tokio::select! {
            end = reply.give(&mut to) => end,
            () = hung_up(&mut from, &mut buffer) => reply::End::Broken,
        };
        let fate = if matches!(end, reply::End::Broken) { Fate::HungUp } else { Fate::Done };
        request.fate.send_replace(fate);
        match end {
            reply::End::KeepAlive => {}
            reply::End::Close | reply::End::Broken => return,
            reply::End::Reset => {
                if let Ok(stream) = from.reunite(to) {
                    drop(stream.set_zero_linger());
                }
                return;
            }
        }
    }
}

/// Returns when the caller closes; what it sends before that is kept for the next request.
async fn hung_up(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) {
    while let Ok(1..) = from.read_buf(buffer).await {}
}
