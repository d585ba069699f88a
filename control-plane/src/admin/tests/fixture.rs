//! The application of one worker over a store in memory, asked without a socket.

use std::sync::Arc;

use actix_http::Request;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::KeyCounters;
use sanmon_shared::store::Store;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};

use super::catalogue::{TestCatalogue, TestExplain};
use super::faulty::FaultyStore;
use crate::admin::{Quotas, Shared, application};
use crate::configuration::{Configuration, Schemas};
use crate::openapi;
use crate::publication::Resets;
use crate::store::{Given, MemoryStore, Retention};

/// The first admin's key.
pub(crate) const KEY: &str = "canary-admin-key-0123456789abcdefghijklmnop";
/// A viewer's key.
pub(crate) const VIEWER: &str = "canary-viewer-key-0123456789abcdefghijklmno";

pub(crate) struct Fixture<S> {
    service: S,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) shared: Data<Shared>,
    pub(crate) clock: Clock,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem document, which has to be one.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// A request on its way.
pub(crate) struct Ask<'a, S> {
    fixture: &'a Fixture<S>,
    request: TestRequest,
    keyed: bool,
}

pub(crate) async fn fixture()
-> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    with_retention(Retention::default()).await
}

pub(crate) async fn with_retention(
    retention: Retention,
) -> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    with(retention, Arc::new(TestCatalogue)).await
}

pub(crate) async fn with(
    retention: Retention,
    catalogue: Arc<dyn PluginCatalogue>,
) -> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    counting(retention, catalogue, None).await
}

/// The same, with counters of keys.
pub(crate) async fn counting(
    retention: Retention,
    catalogue: Arc<dyn PluginCatalogue>,
    counters: Option<Arc<dyn KeyCounters>>,
) -> Fixture<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>> {
    let clock = Clock::manual(1_760_000_000_000);
    let memory = MemoryStore::new(&Given::default(), retention, clock.clone()).unwrap();
    let store = Arc::new(FaultyStore::of(memory));
    let schemas = Arc::new(Schemas::new(catalogue.as_ref()).unwrap());
    let document = openapi::document(&schemas, catalogue.as_ref());
    let tasks = Tasks::default();
    let configuration = Configuration::open(
        Arc::clone(&store) as Arc<dyn Store>,
        catalogue,
        schemas,
        clock.clone(),
        &tasks,
    )
    .await
    .unwrap();
    configuration.bootstrap_admin(Some(KEY.to_owned())).await.unwrap();
    let openapi = Bytes::from(document.to_string());
    let resets = Arc::new(Resets::new(clock.clone()));
    let quotas = Quotas { counters, resets };
    let proxies = "10.0.0.0/8".parse().unwrap();
    let shared = Data::new(Shared::new(
        configuration,
        Arc::new(TestExplain),
        quotas,
        proxies,
        tasks,
        openapi,
    ));
    let service = init_service(application(Data::clone(&shared))).await;
    let fixture = Fixture { service, store, shared, clock };
    let viewer = json!({"id": "viewer", "role": "viewer", "key": VIEWER});
    assert_eq!(fixture.post("/apis/v1/admins").json(&viewer).await.status, 201);
    fixture
}

impl<S> Fixture<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_, S> {
        let peer = "192.0.2.1:1000".parse().unwrap();
        let request = TestRequest::with_uri(path).method(method).peer_addr(peer);
        Ask { fixture: self, request, keyed: true }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_, S> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_, S> {
        self.ask(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Ask<'_, S> {
        self.ask(Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask<'_, S> {
        self.ask(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_, S> {
        self.ask(Method::DELETE, path)
    }

    /// Stores the provider that examples refer to.
    pub(crate) async fn with_provider(&self) {
        let provider = json!({"provider": "openai", "name": "example"});
        let made = self.put("/apis/v1/providers/provider_example").json(&provider).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
}

impl<S> Ask<'_, S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request = self.request.insert_header((name, value));
        self
    }

    /// With another credential than the first admin's.
    pub(crate) fn credential(mut self, name: &'static str, value: &str) -> Self {
        self.keyed = false;
        self.header(name, value)
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.keyed = false;
        self
    }

    pub(crate) fn peer(mut self, address: &str) -> Self {
        self.request = self.request.peer_addr(address.parse().unwrap());
        self
    }

    pub(crate) async fn json(self, body: &Value) -> Answered {
        self.bytes("application/json", body.to_string()).await
    }

    pub(crate) async fn bytes(mut self, media: &str, body: impl Into<Bytes>) -> Answered {
        self.request = self.request.insert_header(("content-type", media)).set_payload(body);
        self.send().await
    }

    pub(crate) async fn send(mut self) -> Answered {
        if self.keyed {
            self.request = self.request.insert_header(("authorization", format!("Bearer {KEY}")));
        }
        let response = self.fixture.service.call(self.request.to_request()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        assert_ne!(status, StatusCode::SWITCHING_PROTOCOLS);
        Answered { status: status.as_u16(), headers, body }
    }
}
