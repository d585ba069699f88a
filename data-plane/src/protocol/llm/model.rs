//! Which provider and model a request is for, and whether it may be.

use std::borrow::Cow;
use std::sync::Arc;

use sanmon_wire::json::{Object, Value, write_string};

use super::body::{self, text};
use super::draft::Draft;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::refs::{Choice, Referable, Refs};
use crate::provider::Provider;

/// What a body asks for, found and allowed.
pub(crate) struct Chosen<'a> {
    pub(crate) provider: Arc<Provider>,
    /// The model as the provider calls it; `None` when nobody names one.
    pub(crate) model: Option<Cow<'a, str>>,
    asked: Option<Cow<'a, str>>,
    named: Option<Value<'a>>,
}

/// Chooses by the body's `model` and `provider`, and tells the account.
pub(crate) fn choose<'a, R: Referable>(
    exchange: &Exchange,
    refs: &Refs<R>,
    object: &Object<'a>,
) -> Result<Chosen<'a>, GatewayError> {
    let asked = text(object, "model")?;
    let named = body::provider(object)?;
    let key = named.as_ref().map(|(_, name)| &**name);
    let Choice { provider, model } = refs.choose(&exchange.snapshot, asked.clone(), key)?;
    let default = || provider.default_model.as_deref().map(|model| model.to_owned().into());
    let model = match model {
        Some(model) if !provider.options.win => Some(model),
        model => default().or(model),
    };
    exchange.account.set_provider(Arc::clone(&provider.id));
    if let Some(model) = &model {
        exchange.account.set_model(model);
    }
    let key = exchange.key.as_ref().and_then(|key| key.constraints());
    let allowed = match model.as_deref() {
        Some(model) => {
            provider.models.allows(model) && key.is_none_or(|key| key.check_model(model))
        }
        None => provider.models.is_open(),
    };
    if !allowed {
        let text = match &model {
            Some(model) => format!("the model {model:?} may not be used here"),
            None => "the request has to name a model".to_owned(),
        };
        return Err(GatewayError::new(Code::ModelNotAllowed, text).param("model"));
    }
    Ok(Chosen { provider, model, asked, named: named.map(|(value, _)| value) })
}

impl<'a> Chosen<'a> {
    /// Whether the body says which provider.
    pub(crate) fn names_provider(&self) -> bool {
        self.named.is_some()
    }

    /// Writes the model as the provider calls it, and takes out what chose the provider.
    pub(crate) fn write(&self, draft: &mut Draft<'a>) -> Result<(), GatewayError> {
        if let Some(named) = &self.named {
            draft.remove_value(named);
        }
        match (&self.model, &self.asked) {
            (Some(model), asked) if asked.as_deref() != Some(&**model) => {
                let mut json = Vec::with_capacity(model.len() + 2);
                write_string(&mut json, model);
                draft.set("model", json)
            }
            (None, Some(_)) => draft.remove("model"),
            _ => Ok(()),
        }
    }
}
