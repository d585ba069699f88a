//! A manager of secrets: built from its document, asked for one secret at a time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use reqwest::StatusCode;
use sanmon_shared::Problem;
use sanmon_shared::clock::Clock;
use sanmon_shared::reference::{Managed, SORTS, member};
use sanmon_shared::resources::SecretManager;
use sanmon_shared::secret::Secret;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::aws::Aws;
use super::gcp::Gcp;
use super::vault::Vault;
use crate::plugin::BuildContext;
use crate::provider::Tokens;
use crate::upstream::{Call, Deadlines, Endpoint, Transport, Upstream, UpstreamError};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// An answer that is no longer than this, in bytes, is taken.
const LARGEST: usize = 256 * 1024;

/// Secrets that are asked for at once.
const AT_ONCE: usize = 32;

/// Why there is no answer of one that takes longer.
const LATE: &str = "the manager did not answer in time";

/// How long the calls to managers may take.
pub(super) const DEADLINES: Deadlines = Deadlines::within(PATIENCE);

/// A manager, ready to be asked.
pub(crate) struct Manager {
    keeper: Keeper,
    /// When what it said is asked for again.
    pub(super) refresh: Duration,
}

enum Keeper {
    Vault(Vault),
    Aws(Aws),
    Gcp(Box<Gcp>),
}

/// Who asks managers: connections, tokens and a clock of its own, for workers have theirs.
pub(crate) struct Caller {
    pub(super) upstream: Upstream,
    pub(super) tokens: Tokens,
    pub(super) clock: Clock,
}

/// What a manager said of a secret.
pub(crate) struct Fetched {
    pub(super) secret: Managed,
    pub(super) manager: Arc<Manager>,
    /// The secret, or why there is none.
    pub(super) answer: Result<String, String>,
}

/// Asks for these secrets, several at once; what has not come `by` then has failed.
pub(crate) async fn fetch(
    wanted: Vec<(Managed, Arc<Manager>)>,
    caller: &Caller,
    by: Instant,
) -> Vec<Fetched> {
    let one = async |(secret, manager): (Managed, Arc<Manager>)| {
        let asked = Box::pin(manager.fetch(secret.path(), caller));
        let late = |_| Err(LATE.to_owned());
        let answer = timeout_at(by, asked).await.unwrap_or_else(late);
        Fetched { secret, manager, answer }
    };
    stream::iter(wanted).map(one).buffer_unordered(AT_ONCE).collect().await
}

impl Manager {
    /// Checks and compiles a document. While a write is checked nothing is revealed.
    pub(crate) fn build(
        document: &SecretManager,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading { context, at: "", problems: Vec::new() };
        let keeper = match (&document.vault, &document.aws, &document.gcp) {
            (Some(vault), None, None) => {
                reading.of("/vault");
                Vault::build(vault, &mut reading).map(Keeper::Vault)
            }
            (None, Some(aws), None) => {
                reading.of("/aws");
                Aws::build(aws, &mut reading).map(Keeper::Aws)
            }
            (None, None, Some(gcp)) => {
                reading.of("/gcp/auth_config");
                Gcp::build(&gcp.auth_config, &mut reading).map(Box::new).map(Keeper::Gcp)
            }
            _ => {
                reading.wrong("", "a manager has one of \"vault\", \"aws\" and \"gcp\"");
                None
            }
        };
        if SORTS.contains(&document.id.as_str()) {
            let text = "in references this word says that an id follows: take another one";
            reading.problems.push(Problem::at("/id", text));
        }
        match keeper {
            Some(keeper) if reading.problems.is_empty() => {
                Ok(Self { keeper, refresh: Duration::from_secs(document.refresh_seconds.max(1)) })
            }
            _ => Err(reading.problems),
        }
    }

    /// The secret at a path, or why it cannot be had, which tells nothing of any secret.
    async fn fetch(&self, path: &str, caller: &Caller) -> Result<String, String> {
        let mut secret = match &self.keeper {
            Keeper::Vault(vault) => vault.fetch(path, caller).await?,
            Keeper::Aws(aws) => aws.fetch(path, caller).await?,
            Keeper::Gcp(gcp) => gcp.fetch(path, caller).await?,
        };
        // What was stored from a file ends with a line feed, which no header may hold.
        secret.truncate(secret.trim_end_matches(['\r', '\n']).len());
        if secret.is_empty() { Err("the secret is empty".to_owned()) } else { Ok(secret) }
    }
}

impl Caller {
    /// Who has asked nobody yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { upstream: Upstream::default(), tokens: Tokens::default(), clock }
    }

    /// Status and body of an answer; the body is null where it is no JSON.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<(StatusCode, Value), String> {
        let mut answer = self.upstream.fetch(call).await.map_err(|error| told(&error))?;
        let body = answer.gather(LARGEST).await.map_err(|error| told(&error))?;
        Ok((answer.status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// Why a call failed: whichever deadline it was, the same text, so that it is no news.
fn told(error: &UpstreamError) -> String {
    match error {
        UpstreamError::Timeout(_) => LATE.to_owned(),
        error => error.to_string(),
    }
}

/// The secret in a text: a member of it, where the reference names one.
pub(super) fn pick(text: String, key: Option<&str>) -> Result<String, String> {
    let Some(key) = key else { return Ok(text) };
    member(&text, key).ok_or_else(|| format!("the secret is no JSON object with a member {key:?}"))
}

/// Why an answer is none.
pub(super) fn refused(status: StatusCode) -> String {
    if status.is_success() {
        "the manager's answer cannot be read".to_owned()
    } else {
        format!("the manager answered {status}")
    }
}

/// A document that is read, and what is wrong with it.
pub(super) struct Reading<'a> {
    context: &'a BuildContext<'a>,
    /// Where the members stand.
    at: &'static str,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn of(&mut self, at: &'static str) {
        self.at = at;
    }

    pub(super) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let pointer =
            if name.is_empty() { self.at.to_owned() } else { format!("{}/{name}", self.at) };
        self.problems.push(Problem::at(pointer, message.into()));
    }

    /// Whether secrets are revealed.
    pub(super) fn reveals(&self) -> bool {
        self.context.seal.is_some()
    }

    /// A secret; empty while a write is checked.
    pub(super) fn reveal(&mut self, name: &str, secret: &Secret) -> String {
        if secret.managed().is_some() {
            self.wrong(name, "what a manager needs cannot be kept by a manager");
            return String::new();
        }
        let Some(seal) = self.context.seal else { return String::new() };
        match secret.reveal(seal, self.context.elsewhere) {
            Ok(revealed) => revealed.expose().trim().to_owned(),
            Err(error) => {
                self.wrong(name, error.to_string());
                String::new()
            }
        }
    }

    /// An address that an admin configured.
    pub(super) fn endpoint(&mut self, name: &str, url: &str) -> Option<Endpoint> {
        let transport = Transport { connect_timeout: PATIENCE, ..Transport::default() };
        Endpoint::new(url.trim(), transport)
            .map_err(|error| self.wrong(name, error.to_string()))
            .ok()
    }
}
