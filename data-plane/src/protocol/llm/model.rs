//! Which provider and model a request is for, and whether it may be.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use sanmon_wire::json::{Object, write_string};

use super::body::{self, text};
use super::draft::Draft;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::refs::{Choice, Referable, Refs};
use crate::provider::Provider;
use crate::target::Candidate;

/// Whom and what a body asks for.
pub(crate) struct Wanted {
    /// The provider that it names, or the first.
    pub(crate) named: Arc<Provider>,
    /// The model without what names the provider; `None` when nobody says one.
    pub(crate) model: Option<Rc<str>>,
    /// What the body's `model` says.
    said: Option<Rc<str>>,
    /// Where the body says which provider.
    place: Option<usize>,
}

/// The model that a candidate is asked for, which may be had.
pub(crate) struct Chosen<'w> {
    wanted: &'w Wanted,
    /// As the provider calls it; `None` when nobody names one.
    pub(crate) model: Option<Rc<str>>,
}

impl Wanted {
    /// Finds it in `model` and `provider` of the body.
    pub(crate) fn of<R: Referable>(
        exchange: &Exchange,
        refs: &Refs<R>,
        object: &Object<'_>,
    ) -> Result<Self, GatewayError> {
        let asked = text(object, "model")?;
        let named = body::provider(object)?;
        let key = named.as_ref().map(|(_, name)| &**name);
        let said: Option<Rc<str>> = asked.as_deref().map(Rc::from);
        let Choice { provider, model } = refs.choose(&exchange.snapshot, asked, key)?;
        let model = model.map(|model: Cow<'_, str>| match &said {
            Some(said) if **said == *model => Rc::clone(said),
            _ => Rc::from(&*model),
        });
        let place = named.map(|(value, _)| value.index);
        Ok(Self { named: provider, model, said, place })
    }

    /// Whether the body says which provider.
    pub(crate) fn names_provider(&self) -> bool {
        self.place.is_some()
    }

    /// What a candidate is asked for, if it may be.
    pub(crate) fn chosen(
        &self,
        exchange: &Exchange,
        candidate: &Candidate,
    ) -> Result<Chosen<'_>, GatewayError> {
        let model = self.model_for(candidate);
        let provider = &candidate.provider;
        let key = exchange.key.as_ref().and_then(|key| key.constraints());
        // What a target is asked for in the place of what the caller names was not the caller's to choose.
        let of_key = match &self.model {
            Some(own) if !Arc::ptr_eq(provider, &self.named) => Some(own),
            _ => model.as_ref(),
        };
        let allowed = match &model {
            Some(model) => {
                provider.models.allows(model)
                    && of_key.is_none_or(|model| key.is_none_or(|key| key.check_model(model)))
            }
            None => provider.models.is_open(),
        };
        if allowed && self.pool_allows(provider) {
            return Ok(Chosen { wanted: self, model });
        }
        let text = match model.as_ref().or(self.model.as_ref()) {
            Some(model) => format!("the model {model:?} may not be used here"),
            None => "the request has to name a model".to_owned(),
        };
        Err(GatewayError::new(Code::ModelNotAllowed, text).param("model"))
    }

    /// The model as a candidate calls it: the one that configuration names, else the caller's unless
    /// the provider's own wins, else the provider's own.
    pub(crate) fn model_for(&self, candidate: &Candidate) -> Option<Rc<str>> {
        if let Some(own) = &candidate.model {
            return Some(Rc::from(&**own));
        }
        let provider = &candidate.provider;
        let default = || {
            let own = provider.default_model.as_deref();
            own.or(self.named.default_model.as_deref()).map(Rc::from)
        };
        match &self.model {
            Some(model) if !provider.options.win => Some(Rc::clone(model)),
            model => default().or_else(|| model.clone()),
        }
    }

    /// Whether the provider that was named lets its targets be asked for the caller's model.
    fn pool_allows(&self, provider: &Arc<Provider>) -> bool {
        Arc::ptr_eq(provider, &self.named)
            || self.model.as_ref().is_none_or(|model| self.named.models.allows(model))
    }
}

impl Chosen<'_> {
    /// Whether the body says which provider.
    pub(crate) fn names_provider(&self) -> bool {
        self.wanted.names_provider()
    }

    /// Writes the model as the provider calls it, and takes out what chose the provider.
    pub(crate) fn write(&self, draft: &mut Draft<'_>) -> Result<(), GatewayError> {
        let Wanted { said, place, .. } = self.wanted;
        if let Some(place) = place {
            draft.remove_at(*place);
        }
        match (&self.model, said) {
            (Some(model), said) if said.as_deref() != Some(&**model) => {
                let mut json = Vec::with_capacity(model.len() + 2);
                write_string(&mut json, model);
                draft.set("model", json)
            }
            (None, Some(_)) => draft.remove("model"),
            _ => Ok(()),
        }
    }
}
