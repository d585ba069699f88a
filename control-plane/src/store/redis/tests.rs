use sanmon_shared::state::StateStore as _;
use sanmon_shared::{Change, Digest, Kind};

use super::server::{Loses, Proxy, RedisServer};
use super::*;
use crate::store::TOKEN_FILE;
use crate::store::suite::{
    BEGIN, commit_next, digest, document, documents, report, route, set, suite,
};

fn options(server: &RedisServer) -> RedisOptions {
    RedisOptions { clock: Clock::manual(BEGIN), ..RedisOptions::new(server.url()) }
}

async fn store(server: &RedisServer) -> RedisStore {
    RedisStore::open(options(server), &Tasks::default()).await.unwrap()
}

async fn open(retention: Retention, clock: Clock) -> (Arc<dyn Store>, RedisServer) {
    let server = RedisServer::start(&[]).await;
    let options = RedisOptions { retention, clock, ..RedisOptions::new(server.url()) };
    let store = RedisStore::open(options, &Tasks::default()).await.unwrap();
    (Arc::new(store), server)
}

suite!(open, own_reports);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_shown_until_they_are_old() {
    let server = RedisServer::start(&[]).await;
    let with = |report_kept| RedisOptions { report_kept, ..options(&server) };
    let long = RedisStore::open(with(REPORT_KEPT), &Tasks::default()).await.unwrap();
    let short = RedisStore::open(with(Duration::from_millis(1)), &Tasks::default()).await.unwrap();
    long.report(report("dp_b", 1)).await.unwrap();
    long.report(report("dp_a", 1)).await.unwrap();
    long.report(report("dp_b", 2)).await.unwrap();
    let shown = long.reports().await.unwrap();
    let shown: Vec<_> = shown.iter().map(|report| (&*report.id, report.revision)).collect();
    assert_eq!(shown, [("dp_a", 1), ("dp_b", 2)]);
    until(async || short.reports().await.unwrap().is_empty()).await;
    // Nor do they stay in Redis when nobody reports any more.
    short.report(report("dp_a", 3)).await.unwrap();
    until(async || server.run(&["EXISTS", "{sanmon}:reports"]).await == redis::Value::Int(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_is_kept_for_its_time_and_shared() {
    let server = RedisServer::start(&[]).await;
    let one = RedisState::new(&server.url(), "sanmon").unwrap();
    let other = RedisState::new(&server.url(), "sanmon").unwrap();
    one.put("responses:a", b"1", Duration::from_hours(1)).await.unwrap();
    one.put("responses:b", b"2", Duration::from_millis(1)).await.unwrap();
    assert_eq!(other.get("responses:a").await.unwrap().as_deref(), Some(b"1".as_slice()));
    until(async || other.get("responses:b").await.unwrap().is_none()).await;
    other.remove("responses:a").await.unwrap();
    assert_eq!(one.get("responses:a").await.unwrap(), None);
}

async fn until(mut is: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_control_planes_that_begin_at_once_make_one_lineage() {
    let server = RedisServer::start(&[]).await;
    let (one, other) = tokio::join!(store(&server), store(&server));
    let head = one.head().await.unwrap();
    assert_eq!(other.head().await.unwrap(), head);
    let sealed = one.seal().await.unwrap().seal("sk-1").unwrap();
    assert_eq!(other.seal().await.unwrap().open(&sealed).unwrap(), "sk-1");
    assert_eq!(
        one.token().unwrap().to_hash(),
        other.token().unwrap().to_hash(),
        "either lets the same data planes follow"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_control_planes_race_500_commits_without_loss() {
    let server = RedisServer::start(&[]).await;
    let (one, other) = tokio::join!(store(&server), store(&server));
    let clock = Clock::manual(BEGIN);
    let race = async |store: &RedisStore, name: &str| {
        for n in 0..250 {
            commit_next(store, &clock, route(&format!("{name}-{n}"), None, Some("{}"))).await;
        }
    };
    tokio::join!(race(&one, "one"), race(&other, "other"));
    let head = one.head().await.unwrap();
    let entries = documents(&other).await;
    assert_eq!((head.revision, entries.len()), (500, 500));
    assert_eq!(head.digest, digest(&entries));
    let begin = Head::empty(&head.lineage);
    let Changes::Sets(sets) = one.changes(&begin, 1000).await.unwrap() else { panic!("gone") };
    assert!(sets.iter().map(|set| set.head.revision).eq(1..=500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_plane_hears_of_commits_and_changes_nothing() {
    let server = RedisServer::start(&[]).await;
    let follower = RedisStore::follow(options(&server), &Tasks::default()).unwrap();
    match follower.head().await {
        Err(StoreError::Unavailable(why)) => assert!(why.contains("no configuration"), "{why}"),
        other => panic!("{other:?}"),
    }
    let store = store(&server).await;
    let head = follower.head().await.unwrap();
    let waiting = follower.wait(&head, Duration::from_secs(20));
    let clock = Clock::manual(BEGIN);
    let committing = async {
        // Until the follower has subscribed, messages are lost.
        until(async || {
            server.run(&["PUBSUB", "NUMSUB", "{sanmon}:heads"]).await
                == redis::Value::Array(vec![
                    redis::Value::BulkString(b"{sanmon}:heads".to_vec()),
                    redis::Value::Int(2),
                ])
        })
        .await;
        commit_next(&store, &clock, route("a", None, Some("{}"))).await
    };
    let both = async { tokio::join!(waiting, committing).1 };
    let newer = tokio::time::timeout(Duration::from_secs(5), both).await.expect("woken");
    assert_eq!(follower.head().await.unwrap(), newer);
    let sealed = store.seal().await.unwrap().seal("sk-1").unwrap();
    assert_eq!(follower.seal().await.unwrap().open(&sealed).unwrap(), "sk-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_is_not_written_to() {
    let server = RedisServer::start(&[]).await;
    let store = store(&server).await;
    let clock = Clock::manual(BEGIN);
    let head = commit_next(&store, &clock, route("a", None, Some("{}"))).await;
    server.run(&["FLUSHALL"]).await;
    assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    let next = set(&head, &clock, vec![route("b", None, Some("{}"))]);
    assert!(matches!(store.commit(&next).await, Err(CommitError::Store(_))));
    // Another control plane begins anew: this one has the seal of the old lineage.
    let other = self::store(&server).await;
    assert_ne!(other.head().await.unwrap().lineage, head.lineage);
    match store.head().await {
        Err(StoreError::Damaged(why)) => assert!(why.contains("start the control plane"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(store.commit(&next).await, Err(CommitError::Store(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_without_a_head_are_not_taken_for_an_empty_store() {
    let server = RedisServer::start(&[]).await;
    server.run(&["HSET", "{sanmon}:documents", "routes/a", "1 {}"]).await;
    match RedisStore::open(options(&server), &Tasks::default()).await {
        Err(StoreError::Damaged(why)) => assert!(why.contains("without a head"), "{why}"),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_looked_up() {
    let server = RedisServer::start(&[]).await;
    let direct = store(&server).await;
    let clock = Clock::manual(BEGIN);
    // The script is known from here on: what is lost is the commit itself.
    let mut head = commit_next(&direct, &clock, route("first", None, Some("{}"))).await;
    let proxy = Proxy::start(server.port, "lose me").await;
    let url = format!("redis://{}", proxy.address);
    let through = RedisOptions { url, ..options(&server) };
    let through = RedisStore::open(through, &Tasks::default()).await.unwrap();

    proxy.lose(Loses::Answer);
    let next = set(&head, &clock, vec![route("a", None, Some(r#""lose me""#))]);
    through.commit(&next).await.expect("it was made");
    assert_eq!(direct.head().await.unwrap(), next.head);
    head = next.head;

    proxy.lose(Loses::Question);
    let next = set(&head, &clock, vec![route("b", None, Some(r#""lose me""#))]);
    match through.commit(&next).await {
        Err(CommitError::Store(StoreError::Unavailable(why))) => {
            assert!(why.contains("not made"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(direct.head().await.unwrap(), head);
    proxy.lose(Loses::Nothing);
    through.commit(&next).await.unwrap();
    assert_eq!(digest(&documents(&direct).await), next.head.digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reconnects() {
    let server = RedisServer::start(&[]).await;
    let store = store(&server).await;
    let clock = Clock::manual(BEGIN);
    let head = commit_next(&store, &clock, route("a", None, Some("{}"))).await;
    server.run(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    server.run(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    until(async || store.head().await.is_ok_and(|now| now == head)).await;
    until(async || {
        let next = set(&head, &clock, vec![route("b", None, Some("{}"))]);
        store.commit(&next).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_evicts_is_refused() {
    let server = RedisServer::start(&["--maxmemory-policy", "allkeys-lru"]).await;
    let refused = |outcome: Result<RedisStore, StoreError>| match outcome {
        Err(StoreError::Refused(why)) => assert!(why.contains("allkeys-lru"), "{why}"),
        other => panic!("{:?}", other.err()),
    };
    refused(RedisStore::open(options(&server), &Tasks::default()).await);
    // Also where CONFIG is forbidden.
    server.run(&["ACL", "SETUSER", "us", "on", ">pw", "~*", "&*", "+@all", "-config"]).await;
    let url = format!("redis://us:pw@127.0.0.1:{}", server.port);
    let as_user = RedisOptions { url, ..options(&server) };
    refused(RedisStore::open(as_user, &Tasks::default()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_needs_only_its_keys_and_a_wrong_password_is_refused() {
    let server = RedisServer::start(&[]).await;
    let rights = ["~{a-b}:*", "&{a-b}:*", "+@all", "-@dangerous", "+info"];
    server.run(&[["ACL", "SETUSER", "us", "on", ">p@ss"].as_slice(), &rights].concat()).await;
    let with = |password: &str| RedisOptions {
        url: format!("redis://us:{password}@127.0.0.1:{}/0", server.port),
        prefix: "a-b".to_owned(),
        ..options(&server)
    };
    let store = RedisStore::open(with("p%40ss"), &Tasks::default()).await.unwrap();
    commit_next(&store, &Clock::manual(BEGIN), route("a", None, Some("{}"))).await;
    assert_eq!(documents(&store).await.len(), 1);
    store.report(report("dp_a", 1)).await.unwrap();
    let all = server.run(&["KEYS", "*"]).await;
    let redis::Value::Array(all) = all else { panic!("{all:?}") };
    for key in all {
        let redis::Value::BulkString(key) = key else { panic!("{key:?}") };
        assert!(key.starts_with(b"{a-b}:"), "{}", String::from_utf8_lossy(&key));
    }
    match RedisStore::open(with("canary"), &Tasks::default()).await {
        Err(StoreError::Refused(why)) => assert!(!why.contains("canary"), "{why}"),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_refuses_the_commit_whole() {
    let server = RedisServer::start(&["--maxmemory", "4mb"]).await;
    let store = store(&server).await;
    let clock = Clock::manual(BEGIN);
    let text = format!("\"{}\"", "x".repeat(400_000));
    let mut head = store.head().await.unwrap();
    let refused = loop {
        let id = format!("r{}", head.revision);
        let changes = vec![route(&id, None, Some(&text)), route("last", None, None)];
        let next = set(&head, &clock, changes);
        match store.commit(&next).await {
            Ok(()) => head = next.head,
            Err(error) => break error,
        }
        assert!(head.revision < 50, "never full");
    };
    assert!(matches!(refused, CommitError::Store(StoreError::Refused(_))), "{refused:?}");
    server.run(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(digest(&documents(&store).await), head.digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_commit_and_its_load_are_whole() {
    let server = RedisServer::start(&[]).await;
    let store = store(&server).await;
    let head = store.head().await.unwrap();
    let changes = (0..20_000).map(|n| Change {
        kind: Kind::named(if n % 2 == 0 { "routes" } else { "apikeys" }),
        id: Arc::from(format!("id-{n}")),
        before: None,
        after: Some(document(&format!("{{\"n\":{n}}}"))),
    });
    let large = set(&head, &Clock::manual(BEGIN), changes.collect());
    store.commit(&large).await.unwrap();
    let entries = documents(&store).await;
    assert_eq!(entries.len(), 20_000);
    assert_eq!(digest(&entries), large.head.digest);
    assert_ne!(large.head.digest, Digest::default());
}

#[tokio::test]
async fn the_token_made_at_the_first_start_is_written_once() {
    let server = RedisServer::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| RedisOptions {
        token_folder: Some(folder.path().join(name)),
        ..options(&server)
    };
    let store = RedisStore::open(in_folder("one"), &Tasks::default()).await.unwrap();
    let token = std::fs::read_to_string(folder.path().join("one").join(TOKEN_FILE)).unwrap();
    assert!(store.token().unwrap().is(token.trim()));
    RedisStore::open(in_folder("two"), &Tasks::default()).await.unwrap();
    assert!(!folder.path().join("two").join(TOKEN_FILE).exists());
}
