//! Documents that name secrets of a manager, which rotates them, denies them, and goes away.

use sanmon_wire::format::Format;
use serde_json::{Value, json};

use super::*;
use crate::provider::{Operation, Transport};
use crate::tests::upstream::Upstream;
use crate::upstream::Deadlines;

/// What the manager does.
#[derive(Clone)]
enum Does {
    Keeps(&'static str),
    Denies,
    HangsUp,
    Stalls,
}

/// A Vault that does what a test says.
struct Manager {
    does: Arc<Mutex<Does>>,
    host: Upstream,
}

impl Manager {
    async fn start(tasks: &Tasks, does: Does) -> Self {
        let does = Arc::new(Mutex::new(does));
        let now = Arc::clone(&does);
        let host = Upstream::start(tasks, move |mut call, _| {
            let does = now.lock().unwrap().clone();
            async move {
                match does {
                    Does::Keeps(secret) if call.text.contains("x-vault-token: right") => {
                        call.answer(&json!({"data": {"key": secret}}).to_string()).await;
                    }
                    Does::Keeps(_) | Does::Denies => {
                        call.say("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
                    }
                    Does::HangsUp => {}
                    Does::Stalls => call.closed().await,
                }
            }
        })
        .await;
        Self { does, host }
    }

    fn does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    /// Its document, with this token.
    fn document(&self, token: &str) -> String {
        let vault =
            json!({"uri": format!("http://{}", self.host.address), "prefix": "kv", "token": token});
        json!({"id": "vault.1", "refresh_seconds": 1, "vault": vault}).to_string()
    }
}

fn provider(id: &str) -> String {
    let connection = json!({"base_url": "http://h/v1", "token": "$secret://vault/1/openai/key"});
    json!({"id": id, "provider": "openai", "connection": connection}).to_string()
}

impl Plane {
    fn commit(&self, plural: &str, id: &str, document: Option<&str>) -> Head {
        self.source.commit_of(plural, id, document)
    }

    /// What the calls of a provider carry.
    fn key(&self, id: &str) -> Option<String> {
        let snapshot = self.live.now();
        let provider = snapshot.provider(&sanmon_shared::Id::new(id))?;
        let Transport::Http(http) = &provider.transport else { return None };
        let deadlines = Deadlines::within(Duration::from_secs(1));
        let format = provider.codec(Format::Chat, Some("m")).unwrap().format();
        let operation = Operation::Chat { format, model: "m", stream: false };
        let call = http.account().unwrap().call(&operation, deadlines).ok()?;
        Some(call.headers().get("authorization")?.to_str().unwrap().to_owned())
    }

    /// Waits until a provider's calls carry this.
    async fn carries(&self, id: &str, key: &str) -> Arc<Status> {
        self.until(|_| self.key(id).as_deref() == Some(key)).await
    }

    /// Waits until a document is set aside for a reason.
    async fn refuses(&self, id: &str, reason: &str) {
        let is = |status: &Status| {
            status.refusals.iter().any(|one| one.id == id && one.reason.contains(reason))
        };
        self.until(is).await;
    }
}

/// A plane that follows a source with a manager and a provider that names its secret.
async fn plane(manager: &Manager, token: &str) -> Plane {
    let source = Scripted::new("one");
    source.commit_of("secret-managers", "vault.1", Some(&manager.document(token)));
    let head = source.commit_of("providers", "p", Some(&provider("p")));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    plane
}

#[tokio::test]
async fn documents_are_built_with_what_their_manager_keeps_and_again_when_it_has_changed() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::Keeps("sk-1")).await;
    let plane = plane(&manager, "right").await;
    // No revision is served before its secrets are there.
    assert_eq!(plane.key("p").as_deref(), Some("Bearer sk-1"));
    let head = plane.commit("providers", "q", Some(&provider("q")));
    plane.serves(&head).await;
    assert_eq!(plane.key("q").as_deref(), Some("Bearer sk-1"));
    manager.does(Does::Keeps("sk-2"));
    let status = plane.carries("p", "Bearer sk-2").await;
    assert_eq!(plane.key("q").as_deref(), Some("Bearer sk-2"));
    assert_eq!(status.head.as_ref(), Some(&head));
    assert!(status.refusals.is_empty() && status.alarms.is_empty());
}

#[tokio::test]
async fn a_manager_that_fails_later_is_an_alarm_and_its_last_word_counts() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::Keeps("sk-1")).await;
    let plane = plane(&manager, "right").await;
    manager.does(Does::Denies);
    let status = plane.alarm("$secret://vault/1/openai/key: the manager answered 403").await;
    assert!(status.refusals.is_empty());
    assert_eq!(plane.key("p").as_deref(), Some("Bearer sk-1"));
    manager.does(Does::Keeps("sk-2"));
    plane.carries("p", "Bearer sk-2").await;
    plane.calm().await;
}

#[tokio::test]
async fn a_manager_that_is_away_sets_aside_what_names_its_secrets_until_it_comes() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::HangsUp).await;
    let plane = plane(&manager, "right").await;
    plane.refuses("p", "$secret://vault/1/openai/key cannot be had").await;
    assert_eq!(plane.key("p"), None);
    // Everything else goes on.
    let clear = provider("q").replace("$secret://vault/1/openai/key", "sk-q");
    let head = plane.commit("providers", "q", Some(&clear));
    plane.serves(&head).await;
    assert_eq!(plane.key("q").as_deref(), Some("Bearer sk-q"));
    manager.does(Does::Keeps("sk-1"));
    let status = plane.carries("p", "Bearer sk-1").await;
    assert!(status.refusals.is_empty(), "{:?}", status.refusals);
}

#[tokio::test]
async fn a_start_from_the_disk_does_not_wait_for_a_manager() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::Keeps("sk-1")).await;
    let before = plane(&manager, "right").await;
    let clear = provider("q").replace("$secret://vault/1/openai/key", "sk-q");
    let head = before.commit("providers", "q", Some(&clear));
    before.serves(&head).await;
    manager.does(Does::Stalls);
    before.source.world().down = true;
    let plane = before.restart().await;
    // Served before the manager has had its time.
    plane.until(|status| status.head.as_ref() == Some(&head)).await;
    assert_eq!(plane.key("q").as_deref(), Some("Bearer sk-q"));
    plane.refuses("p", "cannot be had").await;
    plane.until(|status| status.ready).await;
    manager.does(Does::Keeps("sk-1"));
    plane.carries("p", "Bearer sk-1").await;
}

#[tokio::test]
async fn a_changed_manager_is_asked_at_once_and_a_deleted_one_is_told() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::Keeps("sk-1")).await;
    let plane = plane(&manager, "wrong").await;
    plane.refuses("p", "the manager answered 403 Forbidden").await;
    let head = plane.commit("secret-managers", "vault.1", Some(&manager.document("right")));
    let status = plane.serves(&head).await;
    assert!(status.refusals.is_empty(), "{:?}", status.refusals);
    assert_eq!(plane.key("p").as_deref(), Some("Bearer sk-1"));
    let head = plane.commit("secret-managers", "vault.1", None);
    plane.serves(&head).await;
    plane.refuses("p", "there is no secret manager \"vault.1\"").await;
    // The last good form stays.
    assert_eq!(plane.key("p").as_deref(), Some("Bearer sk-1"));
    let head = plane.commit("providers", "p", None);
    let status = plane.serves(&head).await;
    assert!(status.refusals.is_empty() && plane.key("p").is_none());
}

#[tokio::test]
async fn a_stalling_manager_holds_a_revision_up_for_its_deadline_only() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::Stalls).await;
    let began = std::time::Instant::now();
    let plane = plane(&manager, "right").await;
    plane.refuses("p", "did not answer in time").await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // It was asked a moment ago: nothing waits for it again.
    let began = std::time::Instant::now();
    let head = plane.commit("providers", "q", Some(&provider("q")));
    plane.serves(&head).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    plane.refuses("q", "did not answer in time").await;
}

#[tokio::test]
async fn routes_that_say_the_same_are_each_built_again() {
    let tasks = Tasks::default();
    let manager = Manager::start(&tasks, Does::HangsUp).await;
    let source = Scripted::new("one");
    source.commit_of("secret-managers", "vault.1", Some(&manager.document("right")));
    let config: Value = json!({"provider": "openai", "options": {"model": "m"},
        "auth": {"header": {"Authorization": "Bearer $secret://vault/1/openai/key"}}});
    for id in ["a", "b"] {
        let route = json!({"id": id, "frontend": {"domains": [format!("{id}.com")]},
            "plugins": [{"plugin": "ai-proxy", "config": config}]});
        source.commit_of("routes", id, Some(&route.to_string()));
    }
    let plane = Plane::start(source);
    plane.refuses("a", "/plugins/0/config/auth/header/Authorization").await;
    plane.refuses("b", "cannot be had").await;
    manager.does(Does::Keeps("sk-1"));
    let status = plane.until(|status| status.refusals.is_empty() && status.documents == 3).await;
    assert!(status.ready);
    let live = plane.live.now();
    assert!(live.route("a").is_some() && live.route("b").is_some());
}
