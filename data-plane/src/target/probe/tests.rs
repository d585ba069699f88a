use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::reference::Variables;
use sanmon_shared::seal::Seal;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::exchange::Shared;
use crate::limits::Limits;
use crate::plugin::BuildContext;
use crate::provider::Provider;
use crate::snapshot::{Live, Snapshot};

/// Answers every request with the status that a test sets, and keeps the last head.
struct Scripted {
    address: SocketAddr,
    status: AtomicU16,
    asked: AtomicUsize,
    head: std::sync::Mutex<String>,
}

impl Scripted {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scripted = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            status: AtomicU16::new(200),
            asked: AtomicUsize::new(0),
            head: std::sync::Mutex::default(),
        });
        let own = Arc::clone(&scripted);
        Tasks::default().spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut head = vec![0; 8_192];
                let Ok(length) = connection.read(&mut head).await else { continue };
                if length == 0 {
                    continue;
                }
                *own.head.lock().unwrap() = String::from_utf8_lossy(&head[..length]).into_owned();
                own.asked.fetch_add(1, Ordering::Relaxed);
                let status = own.status.load(Ordering::Relaxed);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
                );
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        scripted
    }
}

fn shared() -> Arc<Shared> {
    let live = Arc::new(Live::new(Snapshot::empty(Head::empty("test"))));
    let (limits, proxies) = (Limits::default(), TrustedProxies::default());
    Arc::new(Shared::new(live, limits, proxies, Clock::system()))
}

fn provider(shared: &Shared, address: SocketAddr, probe: &Value) -> Provider {
    let context = BuildContext {
        owner: "p",
        seal: Some(&Seal::generate().unwrap()),
        elsewhere: &Variables(|_: &str| Some("sk-1".to_owned())),
        targets: Some(&shared.targets),
    };
    let document = json!({"id": "p", "provider": "openai", "probe": probe, "connection": {
        "base_url": format!("http://{address}/v1"), "token": "$env://KEY"}});
    Provider::build(&serde_json::from_value(document).unwrap(), &context).unwrap()
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let reached = async {
        while !is() {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
    reached.unwrap_or_else(|_| panic!("{what} is not reached"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_unwell_as_long_as_its_probes_say_so() {
    let (shared, tasks, upstream) = (shared(), Tasks::default(), Scripted::start().await);
    tasks.spawn(run(Arc::clone(&shared), tasks.clone()));
    let probe = json!({"path": "/health?deep=1", "interval": 100, "headers": {"x-probe": "1"},
        "unhealthy": {"failures": 2}, "healthy": {"successes": 1}});
    let provider = provider(&shared, upstream.address, &probe);
    let summary = Arc::clone(&provider.health[0].common.summary);
    assert!(summary.is_probed());
    upstream.status.store(503, Ordering::Relaxed);
    until("unwell", || summary.is_unwell()).await;
    assert_eq!(summary.unwell().unwrap().as_str(), "it answers with the status 503");
    let head = upstream.head.lock().unwrap().to_lowercase();
    assert!(head.starts_with("get /health?deep=1 http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer sk-1"), "{head}");
    assert!(head.contains("x-probe: 1"), "{head}");
    upstream.status.store(204, Ordering::Relaxed);
    until("well", || !summary.is_unwell()).await;
    // Whoever probes holds it no longer than a probe takes.
    let probed = Arc::downgrade(provider.probe.as_ref().unwrap());
    drop(provider);
    until("gone", || probed.strong_count() == 0).await;
    tasks.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_models_and_plain_connections_are_probes_too() {
    let (shared, tasks, upstream) = (shared(), Tasks::default(), Scripted::start().await);
    tasks.spawn(run(Arc::clone(&shared), tasks.clone()));
    let models = provider(&shared, upstream.address, &json!({"interval": 100}));
    until("asked", || upstream.asked.load(Ordering::Relaxed) > 0).await;
    let head = upstream.head.lock().unwrap().clone();
    assert!(head.starts_with("GET /v1/models HTTP/1.1"), "{head}");
    // The same provider, built anew: its older probe ends, and what is known stays.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tcp = json!({"type": "tcp", "interval": 100, "unhealthy": {"connect_failures": 1}});
    let moved = provider(&shared, closed, &tcp);
    let summary = &moved.health[0].common.summary;
    assert!(Arc::ptr_eq(summary, &models.health[0].common.summary));
    until("unwell", || summary.is_unwell()).await;
    assert_eq!(summary.unwell().unwrap().as_str(), "connection refused");
    tasks.stop().await;
}
