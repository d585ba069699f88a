use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Shared, WeakShared};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue};
use sanmon_wire::model_list::ListedModel;
use tokio::time::Instant;

use crate::error::{Code, GatewayError};
use crate::provider::{Operation, Provider, Transport};
use crate::upstream::{Call, Deadlines};
use crate::worker::Worker;

/// How long a list is fresh, and how long nobody asks again after a failure.
const FRESH: Duration = Duration::from_mins(1);
const FAILED: Duration = Duration::from_secs(5);

/// How long a list may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lists that a worker keeps; the oldest goes first.
const KEPT: usize = 256;

/// How many pieces of a list are asked for.
const PAGES: usize = 20;

/// A piece of a list that is no longer than this, in bytes, is taken.
const LARGEST: usize = 8 * 1024 * 1024;

type List = Rc<[ListedModel]>;
type Flight = LocalBoxFuture<'static, List>;

/// The lists of models of providers, as a worker has seen them. One request asks, those that come
/// meanwhile wait for the same answer; when the provider fails, the last list stands.
#[derive(Default)]
pub struct ModelLists(RefCell<HashMap<u64, Kept>>);

#[derive(Default)]
struct Kept {
    list: Option<List>,
    /// Until when nobody asks again.
    until: Option<Instant>,
    flight: Option<WeakShared<Flight>>,
}

impl ModelLists {
    /// The models of a provider; none when it cannot be asked and never could.
    pub(super) async fn get(&self, provider: &Arc<Provider>, worker: &Rc<Worker>) -> List {
        let Transport::Http(_) = &provider.transport else {
            let model = provider.default_model.as_deref().unwrap_or("mock");
            let model = ListedModel { created: Some(1_700_000_000), ..ListedModel::named(model) };
            return [model].into();
        };
        let flight = match self.known(provider.build) {
            Ok(list) => return list,
            Err(Some(flight)) => flight,
            Err(None) => self.ask(provider, worker),
        };
        flight.await
    }

    /// The list, if it is fresh, or the request for it that is under way.
    fn known(&self, build: u64) -> Result<List, Option<Shared<Flight>>> {
        let kept = self.0.borrow();
        let Some(kept) = kept.get(&build) else { return Err(None) };
        if kept.until.is_some_and(|until| Instant::now() < until) {
            return Ok(kept.list.clone().unwrap_or_else(|| Rc::from([])));
        }
        Err(kept.flight.as_ref().and_then(WeakShared::upgrade))
    }

    fn ask(&self, provider: &Arc<Provider>, worker: &Rc<Worker>) -> Shared<Flight> {
        let (provider, worker) = (Arc::clone(provider), Rc::clone(worker));
        let build = provider.build;
        let flight: Flight = async move {
            let fetched = fetch(&provider, &worker).await;
            worker.model_lists.keep(&provider, fetched)
        }
        .boxed_local();
        let flight = flight.shared();
        let mut kept = self.0.borrow_mut();
        if kept.len() >= KEPT
            && !kept.contains_key(&build)
            && let Some(oldest) = kept.keys().min().copied()
        {
            kept.remove(&oldest);
        }
        kept.entry(build).or_default().flight = flight.downgrade();
        flight
    }

    fn keep(&self, provider: &Provider, fetched: Result<List, GatewayError>) -> List {
        let mut kept = self.0.borrow_mut();
        let kept = kept.entry(provider.build).or_default();
        kept.flight = None;
        match fetched {
            Ok(list) => {
                kept.until = Some(Instant::now() + FRESH);
                kept.list = Some(Rc::clone(&list));
                list
            }
            Err(error) => {
                tracing::warn!(
                    provider = &*provider.id,
                    %error,
                    detail = error.detail.as_deref().unwrap_or_default(),
                    "the provider does not tell its models"
                );
                kept.until = Some(Instant::now() + FAILED);
                kept.list.clone().unwrap_or_else(|| Rc::from([]))
            }
        }
    }
}

async fn fetch(provider: &Provider, worker: &Worker) -> Result<List, GatewayError> {
    let no_address = || GatewayError::new(Code::Internal, "the provider has no address");
    let Transport::Http(http) = &provider.transport else { return Err(no_address()) };
    let account = http.account().ok_or_else(no_address)?;
    let patience = http.timeouts.total.min(PATIENCE);
    let deadlines = Deadlines::within(patience);
    let mut models = Vec::new();
    for (list, address) in account.lists().iter().enumerate() {
        let mut next: Option<(&'static str, String)> = None;
        for _ in 0..PAGES {
            let after = next.as_ref().map(|(name, value)| (*name, value.as_str()));
            let operation = Operation::Models { list, next: after };
            let mut call = account
                .call(&operation, deadlines)?
                .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
                .default_header(ACCEPT, HeaderValue::from_static("application/json"));
            account.authorize(worker, &mut call).await?;
            let body = body(worker, call).await?;
            let page = address.shape.read(&body).ok_or_else(|| {
                GatewayError::new(Code::UpstreamInvalid, "its answer is no list of models")
            })?;
            models.extend(page.models);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
    }
    if account.lists().is_empty() {
        models.extend(provider.default_model.as_deref().map(ListedModel::named));
    }
    Ok(models.into())
}

async fn body(worker: &Worker, call: Call<'_>) -> Result<Bytes, GatewayError> {
    let answer = worker.upstream.fetch(call).await;
    let mut answer = answer.map_err(|error| error.to_gateway())?;
    let body = answer.gather(LARGEST).await.map_err(|error| error.to_gateway())?;
    if !answer.status.is_success() {
        let error = GatewayError::new(Code::UpstreamInvalid, "it answered with an error");
        return Err(error.detail(answer.status.to_string()));
    }
    Ok(body)
}
