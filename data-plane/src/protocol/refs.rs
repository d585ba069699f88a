//! Which of the providers that a plugin refers to a request is for.

use std::borrow::Cow;
use std::sync::Arc;

use sanmon_shared::resources::{self, EmbeddingModelId, ProviderId};
use sanmon_shared::{Id, Problem};

use crate::error::{Code, GatewayError};
use crate::provider::{Fidelity, Provider, TimeoutOverrides, names};
use crate::snapshot::Snapshot;

/// What a plugin may refer to.
pub trait Referable: Sized + 'static {
    /// What it is called in errors.
    const WHAT: &'static str;

    /// The one with this id.
    fn find<'s>(snapshot: &'s Snapshot, id: &Id<Self>) -> Option<&'s Arc<Provider>>;
}

impl Referable for resources::Provider {
    const WHAT: &'static str = "provider";

    fn find<'s>(snapshot: &'s Snapshot, id: &ProviderId) -> Option<&'s Arc<Provider>> {
        snapshot.provider(id)
    }
}

impl Referable for resources::EmbeddingModel {
    const WHAT: &'static str = "embedding model";

    fn find<'s>(snapshot: &'s Snapshot, id: &EmbeddingModelId) -> Option<&'s Arc<Provider>> {
        snapshot.embedding_model(id)
    }
}

/// The references of a plugin, in order; the first is the default. Looked up in the snapshot of each
/// request.
#[derive(Debug)]
pub struct Refs<R: Referable> {
    ids: Box<[Id<R>]>,
    /// The one of the plugin's own config, which has no others then.
    own: Option<Arc<Provider>>,
    /// What happens here to a request that cannot be carried whole; the provider's own word counts too.
    pub fidelity: Fidelity,
    /// How long calls may take that are made from here, where that differs from what their provider has.
    pub timeouts: TimeoutOverrides,
    /// The model that is asked, whatever requests name.
    pub model: Option<Box<str>>,
}

/// Where a request goes.
#[derive(Debug)]
pub struct Choice<'m> {
    /// There.
    pub provider: Arc<Provider>,
    /// The model as the provider calls it; `None` for the provider's default.
    pub model: Option<Cow<'m, str>>,
}

impl<R: Referable> Refs<R> {
    /// Of a config's `refs`, then its `ref`.
    pub fn build(refs: Vec<Id<R>>, one: Option<Id<R>>) -> Result<Self, Vec<Problem>> {
        let mut all: Vec<Id<R>> = Vec::with_capacity(refs.len() + 1);
        for id in refs.into_iter().chain(one) {
            // A blank one is none, and once is enough.
            if !id.as_str().trim().is_empty() && !all.contains(&id) {
                all.push(id);
            }
        }
        if all.is_empty() {
            let message = format!("it names no {}, so no request can be answered", R::WHAT);
            return Err(vec![Problem::at("/refs", message)]);
        }
        Ok(Self {
            ids: all.into(),
            own: None,
            fidelity: Fidelity::default(),
            timeouts: TimeoutOverrides::default(),
            model: None,
        })
    }

    /// Of the one provider that a plugin has in its own config.
    pub(crate) fn own(provider: Arc<Provider>) -> Self {
        Self {
            ids: Box::default(),
            own: Some(provider),
            fidelity: Fidelity::default(),
            timeouts: TimeoutOverrides::default(),
            model: None,
        }
    }

    /// The ids, in order.
    pub fn ids(&self) -> &[Id<R>] {
        &self.ids
    }

    /// Each that the snapshot has.
    pub fn present<'s>(
        &'s self,
        snapshot: &'s Snapshot,
    ) -> impl Iterator<Item = &'s Arc<Provider>> {
        self.own.iter().chain(self.ids.iter().filter_map(|id| R::find(snapshot, id)))
    }

    /// Whether there is more than one, so that names of models need to say which.
    pub fn is_many(&self) -> bool {
        self.ids.len() > 1
    }

    /// Chooses by `model`, which may say `provider/model` or `id###model`, else by `provider`, else
    /// the first. What names none of the references is part of the model's name.
    pub fn choose<'m>(
        &self,
        snapshot: &Snapshot,
        model: Option<Cow<'m, str>>,
        provider: Option<&str>,
    ) -> Result<Choice<'m>, GatewayError> {
        let split = model.as_deref().filter(|_| self.own.is_none()).and_then(|model| {
            let (key, rest) = model.split_once("###").or_else(|| model.split_once('/'))?;
            Some((self.named(snapshot, key)?, model.len() - rest.len()))
        });
        let (provider, model) = match (split, model) {
            (Some((provider, at)), Some(model)) => (provider, Some(cut(model, at))),
            (_, model) => {
                let provider = provider.and_then(|key| self.named(snapshot, key));
                (provider.map_or_else(|| self.first(snapshot), Ok)?, model)
            }
        };
        let model = model.filter(|model| !matches!(model.trim(), "" | "_default"));
        let model = self.model.as_deref().map(|own| Cow::Owned(own.to_owned())).or(model);
        Ok(Choice { provider: Arc::clone(provider), model })
    }

    /// The one of them with this id, else with this slug.
    fn named<'s>(&'s self, snapshot: &'s Snapshot, key: &str) -> Option<&'s Arc<Provider>> {
        let key = key.trim();
        let by_id = self.ids.iter().find(|id| id.as_str() == key);
        by_id
            .and_then(|id| R::find(snapshot, id))
            .or_else(|| self.present(snapshot).find(|provider| names(key, &provider.slug)))
    }

    fn first<'s>(&'s self, snapshot: &'s Snapshot) -> Result<&'s Arc<Provider>, GatewayError> {
        if let Some(own) = &self.own {
            return Ok(own);
        }
        self.ids.first().and_then(|id| R::find(snapshot, id)).ok_or_else(|| {
            let id = self.ids.first().map_or("", Id::as_str);
            let what = R::WHAT;
            GatewayError::new(
                Code::ReferenceMissing,
                format!("a {what} that this route refers to is not there"),
            )
            .detail(format!("{what} {id:?} is deleted, or could not be built"))
        })
    }
}

fn cut(text: Cow<'_, str>, at: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(at..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(at..).unwrap_or_default().to_owned()),
    }
}
