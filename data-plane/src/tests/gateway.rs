use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::reference::Variables;
use sanmon_shared::resource::Kind;
use sanmon_shared::task::Tasks;
use sanmon_shared::{Change, Head};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use crate::exchange::Shared;
use crate::limits::Limits;
use crate::plane::AccessLog;
use crate::plugin::BuildContext;
use crate::server::{self, Listen};
use crate::snapshot::{Live, Snapshot};
use crate::target::Registry;
use crate::telemetry::Writer;

/// A server in this process.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    pub(super) handle: actix_web::dev::ServerHandle,
    pub(super) tasks: Tasks,
    writer: Option<Writer>,
}

/// How a test wants its gateway.
pub(super) struct Setting {
    pub(super) documents: Vec<(&'static str, Value)>,
    pub(super) limits: Limits,
    pub(super) trusted: &'static str,
    pub(super) log: AccessLog,
    pub(super) clock: Clock,
    pub(super) workers: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            documents: Vec::new(),
            limits: Limits::default(),
            trusted: "",
            log: AccessLog::Off,
            clock: Clock::system(),
            workers: 1,
        }
    }
}

/// A snapshot with these documents beside what is there, as revision 7.
fn snapshot(
    before: &Arc<Snapshot>,
    documents: &[(&'static str, Value)],
    targets: &Registry,
) -> Snapshot {
    let mut edit = before.edit();
    let environment = |_: &str| None;
    let seal = sanmon_shared::seal::Seal::generate().unwrap();
    let context = BuildContext {
        owner: "test",
        seal: Some(&seal),
        elsewhere: &Variables(environment),
        targets: Some(targets),
    };
    for (kind, document) in documents {
        let change = Change {
            kind: Kind::named(kind),
            id: Arc::from(
                document.get("id").or(document.get("clientId")).unwrap().as_str().unwrap(),
            ),
            before: None,
            after: Some(to_raw_value(document).unwrap().into()),
        };
        edit.apply(&change, 7, &context);
    }
    let (snapshot, refusals) = edit.finish(Head { revision: 7, ..Head::empty("test") });
    assert!(refusals.is_empty(), "{refusals:?}");
    snapshot
}

/// A route for every path, to this target.
pub(super) fn route_to(target: SocketAddr) -> Value {
    route(&json!({"targets": [{"hostname": "127.0.0.1", "port": target.port()}]}))
}

/// A route for every path, to this backend.
pub(super) fn route(backend: &Value) -> Value {
    json!({"id": "r1", "name": "r1", "frontend": {"domains": []}, "backend": backend})
}

impl Gateway {
    pub(super) fn start(setting: Setting) -> Self {
        let Setting { documents, limits, trusted, log, clock, workers } = setting;
        let targets = Arc::<Registry>::default();
        let empty = Arc::new(Snapshot::empty(Head::empty("test")));
        let mut shared = Shared::new(
            Arc::new(Live::new(snapshot(&empty, &documents, &targets))),
            limits,
            trusted.parse().unwrap(),
            clock,
        );
        let (writer, queue) = Writer::start(&log, &shared.metrics).unwrap().unzip();
        shared.log = queue;
        shared.targets = targets;
        let shared = Arc::new(shared);
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            tls: None,
            workers,
            drain_timeout: Duration::from_secs(5),
        };
        let listening = server::listen(&listen, &shared).unwrap();
        let tasks = Tasks::default();
        let server = listening.server;
        tasks.spawn(async move { server.await.unwrap() });
        Self { address: listening.address, shared, handle: listening.handle, tasks, writer }
    }

    /// Serves these documents too, in the place of those with their ids, as a follower would.
    pub(super) fn apply(&self, documents: &[(&'static str, Value)]) {
        let next = snapshot(&self.shared.live.now(), documents, &self.shared.targets);
        drop(self.shared.live.swap(Arc::new(next)));
    }

    /// Stops it, and gives the lines of its access log.
    pub(super) async fn stop(self, log: &Path) -> Vec<Value> {
        self.handle.stop(false).await;
        self.tasks.stop().await;
        if let Some(writer) = self.writer {
            tokio::task::spawn_blocking(|| writer.finish()).await.unwrap();
        }
        let text = std::fs::read_to_string(log).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn with_backend(backend: &Value) -> Self {
        Self::start(Setting { documents: vec![("routes", route(backend))], ..Setting::default() })
    }

    pub(super) fn with_target(target: SocketAddr) -> Self {
        Self::start(Setting { documents: vec![("routes", route_to(target))], ..Setting::default() })
    }
}
