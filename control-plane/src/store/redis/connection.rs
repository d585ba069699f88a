//! The connection to Redis: reconnecting, every call with its deadline, and the names of the keys.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo as _, RedisError, ScriptInvocation};
use sanmon_shared::Head;
use sanmon_shared::store::StoreError;

use super::error::{is_answer, store_error};

/// How long a usual call may take, connecting included.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// A peer that acknowledges nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(10);

/// The names of everything that we keep. One hash tag: a script may touch all of it.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) meta: String,
    pub(super) documents: String,
    pub(super) history: String,
    pub(super) reports: String,
    pub(super) report_times: String,
    pub(super) channel: String,
    tag: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        let tag = format!("{{{prefix}}}");
        let key = |name: &str| format!("{tag}:{name}");
        Self {
            meta: key("meta"),
            documents: key("documents"),
            history: key("history"),
            reports: key("reports"),
            report_times: key("report-times"),
            channel: key("heads"),
            tag,
        }
    }

    /// What stands in the way of the commit with this id.
    pub(super) fn fence(&self, id: &str) -> String {
        format!("{}:fence:{id}", self.tag)
    }

    /// A counter of data planes.
    pub(super) fn counter(&self, key: &str) -> String {
        format!("{}:counter:{key}", self.tag)
    }

    /// A value that data planes keep.
    pub(super) fn state(&self, key: &str) -> String {
        format!("{}:state:{key}", self.tag)
    }
}

/// Shared by everything that talks to one Redis.
#[derive(Clone)]
pub(super) struct Connection {
    client: Client,
    manager: ConnectionManager,
}

impl Connection {
    /// Connects when it is first used.
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        // The error could repeat the password.
        let refused = |_| StoreError::Refused("its URL is not one of Redis".to_owned());
        let keepalive = redis::io::tcp::socket2::TcpKeepalive::new()
            .with_time(Duration::from_secs(5))
            .with_interval(Duration::from_secs(2));
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_user_timeout(SILENCE)
            .set_keepalive(keepalive);
        let info = url.into_connection_info().map_err(refused)?.set_tcp_settings(tcp);
        let client = Client::open(info).map_err(refused)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_PATIENCE))
            // Each call has its own deadline.
            .set_response_timeout(None)
            // Whoever calls decides whether to call again.
            .set_number_of_retries(0);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|error| store_error(&error))?;
        Ok(Self { client, manager })
    }

    /// Sends a command.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        command: &Cmd,
        patience: Duration,
    ) -> Result<T, StoreError> {
        let mut manager = self.manager.clone();
        match tokio::time::timeout(patience, command.query_async(&mut manager)).await {
            Ok(answer) => answer.map_err(|error| store_error(&error)),
            Err(_) => Err(slow()),
        }
    }

    /// Runs a script.
    pub(super) async fn script<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        patience: Duration,
    ) -> Result<T, StoreError> {
        match self.answered(script, patience).await {
            Ok(answer) => answer,
            Err(lost) => Err(lost),
        }
    }

    /// Runs a script, and tells an answer of Redis, which may be a refusal, from none.
    pub(super) async fn answered<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        patience: Duration,
    ) -> Result<Result<T, StoreError>, StoreError> {
        let mut manager = self.manager.clone();
        match tokio::time::timeout(patience, script.invoke_async(&mut manager)).await {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(error)) if is_answer(&error) => Ok(Err(store_error(&error))),
            Ok(Err(error)) => Err(store_error(&error)),
            Err(_) => Err(slow()),
        }
    }

    /// A subscription of its own connection.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<redis::aio::PubSub, StoreError> {
        let subscribing = async {
            let mut connection = self.client.get_async_pubsub().await?;
            connection.subscribe(channel).await?;
            Ok(connection)
        };
        match tokio::time::timeout(PATIENCE, subscribing).await {
            Ok(connection) => connection.map_err(|error: RedisError| store_error(&error)),
            Err(_) => Err(slow()),
        }
    }

    /// Where the configuration stands.
    pub(super) async fn head(&self, keys: &Keys) -> Result<Head, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(&keys.meta).arg("lineage").arg("revision").arg("digest");
        let fields: Vec<Option<String>> = self.query(&get, PATIENCE).await?;
        head_of(&fields.into_iter().flatten().collect::<Vec<_>>())
    }

    /// Says in the log when a Redis that stops takes the last seconds of its writes with it.
    pub(super) async fn warn_of_loss(&self) {
        let mut info = redis::cmd("INFO");
        info.arg("persistence");
        // Whoever does not tell is warned of by nothing else; the store works all the same.
        if let Ok(info) = self.query::<String>(&info, PATIENCE).await
            && info.lines().any(|line| line.trim() == "aof_enabled:0")
        {
            tracing::warn!(
                "redis runs without appendonly: what it was told last is lost when it stops"
            );
        }
    }

    /// Refuses a Redis that throws data away when it is full.
    pub(super) async fn check_policy(&self) -> Result<(), StoreError> {
        let mut config = redis::cmd("CONFIG");
        config.arg("GET").arg("maxmemory-policy");
        let policy = match self.query::<Vec<String>>(&config, PATIENCE).await {
            Ok(answer) => answer.into_iter().nth(1),
            Err(StoreError::Unavailable(why)) if !why.contains("unknown command") => {
                return Err(StoreError::Unavailable(why));
            }
            // A managed Redis forbids CONFIG.
            Err(_) => {
                let mut info = redis::cmd("INFO");
                info.arg("memory");
                match self.query::<String>(&info, PATIENCE).await {
                    Ok(info) => info
                        .lines()
                        .find_map(|line| line.strip_prefix("maxmemory_policy:"))
                        .map(|policy| policy.trim().to_owned()),
                    Err(error @ StoreError::Unavailable(_)) => return Err(error),
                    Err(_) => None,
                }
            }
        };
        match policy.as_deref() {
            Some("noeviction") => Ok(()),
            Some(policy) => Err(StoreError::Refused(format!(
                "its maxmemory-policy is {policy}, which throws configuration away; set it to \
                 noeviction"
            ))),
            None => {
                tracing::warn!("redis does not tell its maxmemory-policy; it must be noeviction");
                Ok(())
            }
        }
    }
}

fn slow() -> StoreError {
    StoreError::Unavailable("Redis does not answer in time".to_owned())
}

/// That nothing is there.
pub(super) fn empty() -> StoreError {
    StoreError::Unavailable(
        "Redis holds no configuration: it was emptied, or no control plane has started yet"
            .to_owned(),
    )
}

/// The head of lineage, revision and digest.
pub(super) fn head_of(fields: &[String]) -> Result<Head, StoreError> {
    let [lineage, revision, digest] = fields else { return Err(empty()) };
    let damaged = |what: &str| StoreError::Damaged(format!("the {what} of its head"));
    Ok(Head {
        lineage: Arc::from(lineage.as_str()),
        revision: revision.parse().map_err(|_| damaged("revision"))?,
        digest: digest.parse().map_err(|_| damaged("digest"))?,
    })
}
