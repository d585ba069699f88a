use actix_web::http::StatusCode;
use actix_web::test::{self, TestRequest};
use actix_web::{App, dev::ServiceResponse};
use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::publication::LoadLine;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::store::Source as _;

use super::*;
use crate::store::suite::{BEGIN, commit_next, report as a_report, route};
use crate::store::{Given, MemoryStore, Retention};

const TOKEN: &str = "sdp_0123456789abcdef";

fn memory() -> Arc<MemoryStore> {
    let given = Given { seal: None, token: Some(TOKEN.to_owned()) };
    Arc::new(MemoryStore::new(&given, Retention::default(), Clock::manual(BEGIN)).unwrap())
}

async fn call(store: &Arc<MemoryStore>, request: TestRequest) -> ServiceResponse {
    let store = Arc::clone(store);
    let token = store.token();
    let resets = Arc::new(Resets::new(Clock::manual(BEGIN)));
    let publication = Data::new(Publication::new(store, token, resets));
    let app = App::new().configure(|config| configure(config, publication));
    test::call_service(&test::init_service(app).await, request.to_request()).await
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("{BASE}{path}")).insert_header(bearer(TOKEN))
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

async fn page(store: &Arc<MemoryStore>, query: &str) -> Page {
    let response = call(store, get(&format!("/changes?{query}"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    test::read_body_json(response).await
}

#[actix_web::test]
async fn nothing_is_told_without_the_token() {
    let store = memory();
    for path in ["/head", "/changes?lineage=&revision=0&limit=1", "/load", "/seal"] {
        for wrong in
            [bearer("sdp_other"), ("authorization", TOKEN.to_owned()), ("x-no", String::new())]
        {
            let request = TestRequest::get().uri(&format!("{BASE}{path}")).insert_header(wrong);
            let response = call(&store, request).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
            let body = test::read_body(response).await;
            assert_eq!(body, r#"{"detail":"a valid data-plane token is needed"}"#);
        }
    }
    let post = TestRequest::post().uri(&format!("{BASE}/report")).set_json(a_report("dp_a", 1));
    assert_eq!(call(&store, post).await.status(), StatusCode::UNAUTHORIZED);
    assert!(store.reports().await.unwrap().is_empty());
}

#[actix_web::test]
async fn change_sets_come_without_what_was_before() {
    let store = memory();
    let clock = Clock::manual(BEGIN);
    let first = commit_next(&*store, &clock, route("a", None, Some("1"))).await;
    let head = commit_next(&*store, &clock, route("a", Some("1"), Some("2"))).await;
    let from = |revision: u64| format!("lineage={}&revision={revision}&limit=9", head.lineage);

    let page = page(&store, &from(first.revision)).await;
    assert_eq!((page.head, page.gone, page.sets.len()), (head.clone(), false, 1));
    assert!(page.sets[0].changes[0].before.is_none());
    assert_eq!(page.sets[0].changes[0].after.as_ref().unwrap().get(), "2");

    assert_eq!(self::page(&store, &from(0)).await.sets.len(), 2);
    assert!(self::page(&store, &from(2)).await.sets.is_empty());
    assert!(self::page(&store, "lineage=other&revision=1&limit=9").await.gone);
}

#[actix_web::test]
async fn a_poll_waits_for_news() {
    let store = memory();
    let empty = store.head().await.unwrap();
    let query = format!("lineage={}&revision=0&limit=9&patience=20000", empty.lineage);
    let committing = async {
        tokio::task::yield_now().await;
        commit_next(&*store, &Clock::manual(BEGIN), route("a", None, Some("1"))).await
    };
    let both = async { tokio::join!(page(&store, &query), committing) };
    let (page, head) = tokio::time::timeout(Duration::from_secs(5), both).await.unwrap();
    assert_eq!((&page.head, page.sets.len()), (&head, 1));
    // Without news the patience ends it.
    let query = format!("lineage={}&revision=1&limit=9&patience=1", empty.lineage);
    assert!(self::page(&store, &query).await.sets.is_empty());
}

#[actix_web::test]
async fn a_load_has_every_document_and_an_end() {
    let store = memory();
    let clock = Clock::manual(BEGIN);
    // More than the chunks that are made ahead.
    let text = format!("{{\n\"text\": \"{}\"}}", "x".repeat(20_000));
    let mut head = Head::empty("");
    for n in 0..100 {
        head = commit_next(&*store, &clock, route(&format!("r{n}"), None, Some(&text))).await;
    }
    let response = call(&store, get("/load")).await;
    let body = test::read_body(response).await;
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<LoadLine> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(lines.len(), 101);
    match lines.last() {
        Some(LoadLine::End { head: end, documents: 100 }) => assert_eq!(*end, head),
        other => panic!("{other:?}"),
    }
    assert!(matches!(&lines[0], LoadLine::Document { text: sent, .. } if *sent == text));
}

#[actix_web::test]
async fn the_seal_is_given_and_reports_are_taken() {
    let store = memory();
    let key: SealKey = test::read_body_json(call(&store, get("/seal")).await).await;
    assert_eq!(key.key, store.seal().await.unwrap().to_text());
    let post = TestRequest::post()
        .uri(&format!("{BASE}/report"))
        .insert_header(bearer(TOKEN))
        .set_json(a_report("dp_a", 7));
    let told: ReportAnswer = test::read_body_json(call(&store, post).await).await;
    assert_eq!(told, ReportAnswer::default());
    assert_eq!(store.reports().await.unwrap()[0].revision, 7);
}

#[actix_web::test]
async fn a_poll_ends_when_the_control_plane_stops() {
    let store = memory();
    let resets = Arc::new(Resets::new(Clock::manual(BEGIN)));
    let publication = Publication::new(store.clone(), store.token(), resets);
    let lineage = store.head().await.unwrap().lineage.to_string();
    let poll = Poll { lineage, revision: 0, limit: 1, patience: 20_000 };
    let stopping = async { publication.stop() };
    let both = async { tokio::join!(publication.poll(&poll), stopping).0 };
    let outcome = tokio::time::timeout(Duration::from_secs(5), both).await.unwrap();
    assert!(matches!(outcome, Err(Failure::Stopping)));
}
