//! Follows a control plane over HTTP: the other side of its publication. Every call has a deadline
//! and every body a bound.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use sanmon_shared::Head;
use sanmon_shared::publication::{BASE, LONGEST_PATIENCE, LoadLine, Page, SealKey};
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, EntrySink, Source, StoreError};
use serde::de::DeserializeOwned;
use url::Url;

use crate::upstream::control_client;

/// How long a small answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long change sets may take: a large commit is one of them.
const CHANGES_PATIENCE: Duration = Duration::from_mins(1);

/// The longest silence within a full load.
const IDLE: Duration = Duration::from_secs(30);

/// The largest small answer.
const SMALL_BYTES: usize = 64 << 10;

/// The largest page of change sets. Where they are larger, everything is loaded: that is a stream.
const PAGE_BYTES: usize = 128 << 20;

/// The longest line of a full load.
const LINE_BYTES: usize = 64 << 20;

/// The longest pause after failed polls.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A control plane, seen from a data plane.
pub struct RemoteSource {
    base: String,
    token: String,
    client: Client,
    /// Polls that failed in a row.
    failures: AtomicU32,
}

/// Why there is no usable answer.
enum Failure {
    Store(StoreError),
    TooLarge,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::TooLarge => {
                Self::Damaged("the control plane's answer is too large".to_owned())
            }
        }
    }
}

fn unreachable(error: &reqwest::Error) -> StoreError {
    // With its causes, without the URL: that is in the settings, and may hold a password.
    let mut text = "the control plane does not answer".to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    StoreError::Unavailable(text)
}

fn not_understood() -> StoreError {
    StoreError::Damaged("an answer of the control plane is not understood".to_owned())
}

impl RemoteSource {
    /// The control plane whose admin listener is at `url`.
    pub fn new(url: &str, token: impl Into<String>) -> Result<Self, StoreError> {
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| {
            StoreError::Refused("the control plane's address is no http(s) URL".to_owned())
        })?;
        let client = control_client(url.scheme() == "https")
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        let base = format!("{}{BASE}", url.as_str().trim_end_matches('/'));
        Ok(Self { base, token: token.into(), client, failures: AtomicU32::new(0) })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn send(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, StoreError> {
        let sending = tokio::time::timeout(patience, request.send());
        let response = match sending.await {
            Ok(response) => response.map_err(|error| unreachable(&error))?,
            Err(_) => return Err(StoreError::Unavailable("no answer in time".to_owned())),
        };
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED => Err(StoreError::Refused(
                "the control plane does not know this data-plane token".to_owned(),
            )),
            StatusCode::NOT_FOUND => Err(StoreError::Refused(
                "there is no control plane at this address that publishes".to_owned(),
            )),
            status => {
                let detail = body(response, SMALL_BYTES, PATIENCE).await.unwrap_or_default();
                let detail: serde_json::Value = serde_json::from_slice(&detail).unwrap_or_default();
                let detail = detail.get("detail").and_then(serde_json::Value::as_str);
                Err(StoreError::Unavailable(format!(
                    "the control plane answers {status}: {}",
                    detail.unwrap_or("no more is said")
                )))
            }
        }
    }

    async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        largest: usize,
        patience: Duration,
    ) -> Result<T, Failure> {
        let response = self.send(request, patience).await.map_err(Failure::Store)?;
        let bytes = body(response, largest, patience).await?;
        serde_json::from_slice(&bytes).map_err(|_| Failure::Store(not_understood()))
    }

    fn poll(&self, head: &Head, limit: usize, patience: u64) -> RequestBuilder {
        // The members of `publication::Poll`.
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("lineage", &head.lineage)
            .append_pair("revision", &head.revision.to_string())
            .append_pair("limit", &limit.to_string())
            .append_pair("patience", &patience.to_string())
            .finish();
        self.get(&format!("/changes?{query}"))
    }
}

/// A whole body, of bounded length, within bounded time.
async fn body(response: Response, largest: usize, patience: Duration) -> Result<Vec<u8>, Failure> {
    let reading = async {
        let (mut chunks, mut bytes) = (response.bytes_stream(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Failure::Store(unreachable(&error)))?;
            if bytes.len() + chunk.len() > largest {
                return Err(Failure::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    let slow = || Failure::Store(StoreError::Unavailable("the answer took too long".to_owned()));
    tokio::time::timeout(patience, reading).await.unwrap_or_else(|_| Err(slow()))
}

/// Cuts a stream into lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    /// How much of the rest was searched for a line feed in vain.
    searched: usize,
}

impl Lines {
    /// Gives the lines that the chunk completes to `take`.
    fn feed(
        &mut self,
        chunk: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.rest.extend_from_slice(chunk);
        let mut begin = 0;
        while let Some(tail) = self.rest.get(self.searched.max(begin)..)
            && let Some(at) = memchr::memchr(b'\n', tail)
        {
            let end = self.searched.max(begin) + at;
            take(self.rest.get(begin..end).unwrap_or_default())?;
            begin = end + 1;
            self.searched = begin;
        }
        self.rest.drain(..begin);
        self.searched = self.rest.len();
        if self.rest.len() > LINE_BYTES {
            return Err(StoreError::Damaged("a document of the load is too large".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Source for RemoteSource {
    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.json(self.get("/head"), SMALL_BYTES, PATIENCE).await?)
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        let cut = || StoreError::Unavailable("the load was cut".to_owned());
        let mut chunks = self.send(self.get("/load"), CHANGES_PATIENCE).await?.bytes_stream();
        let (mut lines, mut taken, mut whole) = (Lines::default(), 0, None);
        loop {
            let chunk = match tokio::time::timeout(IDLE, chunks.next()).await {
                Ok(Some(chunk)) => chunk.map_err(|error| unreachable(&error))?,
                Ok(None) => return whole.ok_or_else(cut),
                Err(_) => return Err(StoreError::Unavailable("the load stalls".to_owned())),
            };
            lines.feed(&chunk, |line| {
                match serde_json::from_slice(line).map_err(|_| not_understood())? {
                    LoadLine::Document { kind, id, revision, text } => {
                        taken += 1;
                        let entry = LoadLine::entry(kind, id, revision, text);
                        sink(entry.ok_or_else(not_understood)?);
                    }
                    LoadLine::End { head, documents } => {
                        whole = (documents == taken).then_some(head);
                    }
                }
                Ok(())
            })?;
        }
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        let poll = self.poll(head, limit, 0);
        match self.json::<Page>(poll, PAGE_BYTES, CHANGES_PATIENCE).await {
            Ok(page) if page.gone => Ok(Changes::Gone),
            Ok(page) => Ok(Changes::Sets(page.sets)),
            Err(Failure::TooLarge) => Ok(Changes::Gone),
            Err(Failure::Store(error)) => Err(error),
        }
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        let millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).min(LONGEST_PATIENCE);
        let poll = self.poll(head, 0, millis);
        let began = tokio::time::Instant::now();
        let failed = self.json::<Page>(poll, SMALL_BYTES, patience + PATIENCE).await.is_err();
        if failed {
            let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(6);
            let pause = Duration::from_millis(100 << failures).min(LONGEST_PAUSE).min(patience);
            tokio::time::sleep_until(began + pause).await;
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        let key: SealKey = self.json(self.get("/seal"), SMALL_BYTES, PATIENCE).await?;
        Seal::from_text(&key.key).map_err(|_| not_understood())
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        let post = self.client.post(format!("{}/report", self.base)).bearer_auth(&self.token);
        let json = serde_json::to_vec(&report).map_err(|_| not_understood())?;
        let post = post.header("content-type", "application/json").body(json);
        Ok(self.json(post, SMALL_BYTES, PATIENCE).await?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn where_the_network_cuts_lines_does_not_show(
            lines in proptest::collection::vec("[a-z]{0,20}", 0..8),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        ) {
            let bytes: Vec<u8> = lines.iter().flat_map(|l| [l.as_bytes(), b"\n"].concat()).collect();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let (mut feed, mut found) = (Lines::default(), Vec::new());
            for pair in cuts.windows(2) {
                feed.feed(&bytes[pair[0]..pair[1]], |line| {
                    found.push(String::from_utf8(line.to_vec()).unwrap());
                    Ok(())
                }).unwrap();
            }
            prop_assert_eq!(found, lines);
        }
    }
}
