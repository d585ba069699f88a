//! The admin API, as a script would call it.

use bytes::Bytes;
use serde_json::Value;

use crate::client::{self, Answer};
use crate::wait;

/// A caller of one control plane.
#[derive(Clone, Debug)]
pub struct Admin {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Admin {
    /// Calls the control plane at `base` with this key.
    pub fn new(base: &str, key: &str) -> Self {
        Self { http: client::http(), base: base.to_owned(), key: key.to_owned() }
    }

    /// The same control plane with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// A request below `/apis/v1`, or elsewhere where `path` begins with `/apis/` or `/swagger-ui`.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let whole = ["/apis/", "/swagger-ui", "/livez", "/readyz", "/metrics"];
        let prefix =
            if whole.iter().any(|start| path.starts_with(start)) { "" } else { "/apis/v1" };
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{prefix}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Sends a request with a body of JSON, if any.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    /// The same where the connection may break.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::read(request.send().await?).await
    }

    /// Sends a body of any type.
    pub async fn send_bytes(&self, method: &str, path: &str, media: &str, body: Bytes) -> Answer {
        let request = self.request(method, path).header("content-type", media).body(body);
        Answer::read(request.send().await.unwrap()).await.unwrap()
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    /// PATCH by merge.
    pub async fn merge(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string().into();
        self.send_bytes("PATCH", path, "application/merge-patch+json", body).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// Creates a document and waits until every live data plane runs it.
    pub async fn create(&self, plural: &str, document: &Value) -> Value {
        self.somebody_serves().await;
        let path = format!("/{plural}?wait=applied&timeout=10s");
        self.post(&path, document).await.expect(201).json()
    }

    /// Creates a document without waiting for data planes.
    pub async fn store(&self, plural: &str, document: &Value) -> Value {
        self.post(&format!("/{plural}"), document).await.expect(201).json()
    }

    /// Puts a document and waits until every live data plane runs it.
    pub async fn apply(&self, plural: &str, id: &str, document: &Value) -> Answer {
        self.somebody_serves().await;
        self.put(&format!("/{plural}/{id}?wait=applied&timeout=10s"), document).await
    }

    /// A data plane is ready before the control plane has heard of it, and waiting for nobody ends at
    /// once.
    async fn somebody_serves(&self) {
        wait::until_true("a data plane has reported", wait::SOON, async || {
            !self.data_planes().await.is_empty()
        })
        .await;
    }

    /// The newest revision.
    pub async fn head(&self) -> u64 {
        self.get("/apikeys?limit=1").await.expect(200).revision()
    }

    /// All documents of a kind, over all pages.
    pub async fn all(&self, plural: &str) -> Vec<Value> {
        let mut path = format!("/{plural}?limit=1000");
        let mut all = Vec::new();
        loop {
            let page = self.get(&path).await.expect(200);
            let Value::Array(items) = page.json() else { panic!("no list: {}", page.text()) };
            all.extend(items);
            let link = page.header("link");
            let Some(next) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else {
                return all;
            };
            next.0.clone_into(&mut path);
        }
    }

    /// What data planes have told of themselves.
    pub async fn data_planes(&self) -> Vec<Value> {
        let Value::Array(planes) = self.get("/data-planes").await.expect(200).json() else {
            panic!("no list of data planes");
        };
        planes
    }
}
