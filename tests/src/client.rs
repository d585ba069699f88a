//! Callers: whole answers through `reqwest`, and streams piece by piece.

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Longer than anything a test waits for on purpose.
const TIMEOUT: Duration = Duration::from_mins(1);

/// An HTTP client that follows no redirect and uses no proxy.
pub fn http() -> reqwest::Client {
    builder().build().unwrap()
}

/// The same, still to be configured.
pub fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .tcp_nodelay(true)
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Ok(Self { status, headers, body: response.bytes().await? })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in the body of a {}: {}", self.status, self.text()),
        }
    }

    /// A header's text, empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `x-sanmon-revision`.
    pub fn revision(&self) -> u64 {
        match self.header("x-sanmon-revision").parse() {
            Ok(revision) => revision,
            Err(error) => panic!("x-sanmon-revision: {error}: {:?}", self.headers),
        }
    }

    /// Itself, if it has this status.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often only the status is of interest")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// `error.code` of OpenAI's envelope, `code` of a problem; empty where there is none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = body.pointer("/error/code").or_else(|| body.get("code"));
        code.and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// A chat request.
pub fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// The same, to be streamed.
pub fn chat_stream(model: &str, text: &str) -> Value {
    let mut body = chat(model, text);
    body["stream"] = json!(true);
    body
}

/// A caller of the data plane.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
    host: Option<String>,
}

impl Client {
    /// Calls `base`, without a key.
    pub fn new(base: &str) -> Self {
        Self { http: http(), base: base.to_owned(), key: None, host: None }
    }

    /// Uses this HTTP client instead.
    #[must_use]
    pub fn with_http(mut self, http: reqwest::Client) -> Self {
        self.http = http;
        self
    }

    /// Shows this API key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Says that it calls this host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// A request, still to be sent.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(host) = &self.host {
            request = request.header("host", host);
        }
        request
    }

    /// GET, read to the end.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request("GET", path).send().await.unwrap()).await.unwrap()
    }

    /// POST of JSON, read to the end.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// The same where the connection may break.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.post_bytes(path, body.to_string().into()).await
    }

    /// POST of anything that claims to be JSON.
    pub async fn post_bytes(&self, path: &str, body: Bytes) -> Result<Answer, reqwest::Error> {
        let request = self.request("POST", path).header("content-type", "application/json");
        Answer::read(request.body(body).send().await?).await
    }

    /// POST `/v1/chat/completions`.
    pub async fn chat(&self, body: &Value) -> Answer {
        self.post("/v1/chat/completions", body).await
    }

    /// POST `/v1/chat/completions`, read piece by piece.
    pub async fn chat_events(&self, body: &Value) -> Events {
        let request = self
            .request("POST", "/v1/chat/completions")
            .header("content-type", "application/json")
            .body(body.to_string());
        Events::of(request.send().await.unwrap())
    }
}

/// A streamed answer, event by event.
pub struct Events {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    pieces: futures_util::stream::BoxStream<'static, reqwest::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Events {
    /// The events of an answer whose head has come.
    pub fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            pieces: response.bytes_stream().boxed(),
            buffer: Vec::new(),
        }
    }

    /// The data of the next event, comments skipped; none at the end, or where it breaks off.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let data: Vec<_> = event
                    .lines()
                    .filter_map(|line| line.strip_prefix("data:"))
                    .map(|data| data.strip_prefix(' ').unwrap_or(data))
                    .collect();
                if !data.is_empty() {
                    return Some(data.join("\n"));
                }
            }
            match self.pieces.next().await {
                Some(Ok(piece)) => self.buffer.extend_from_slice(&piece),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// All that are left.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// The text that chat chunks carry together.
pub fn text_of(events: &[String]) -> String {
    let content = |event: &String| {
        let chunk: Value = serde_json::from_str(event).ok()?;
        Some(chunk.pointer("/choices/0/delta/content")?.as_str()?.to_owned())
    };
    events.iter().filter_map(content).collect()
}
