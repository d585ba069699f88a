//! `apikeys`: who calls, by an API key (Otoroshi's `ApikeyCalls`).
//!
//! Everything about one key is found by one look-up in the request's snapshot. Quotas are counted
//! elsewhere. Where Otoroshi answers 400, this answers 401 or 403, which client libraries
//! understand; an unknown key and a wrong secret read the same.
//!
//! With `mandatory: false` a request that presents nothing passes, and so does one that presents an
//! id that is no key's, for it may be meant for the backend: a token of somebody else, say. What
//! names a key and is wrong is refused in either case, and so is what begins with `otoapk_`.

mod claims;
mod config;
mod extract;
mod permit;
mod routing;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::secret::HashedSecret;
use serde_json::{Value, json};
use smallvec::SmallVec;

use self::claims::{Claims, TokenRules};
pub use self::config::Config;
use self::extract::{Extractors, Form};
pub(super) use self::permit::{permit, unauthorized};
use self::routing::Routing;
use super::{BuildContext, Plugin, Step};
use crate::error::GatewayError;
use crate::exchange::{Credential, Exchange};
use crate::snapshot::Apikey;

/// The plugin.
pub struct Apikeys {
    validate: bool,
    mandatory: bool,
    wipe: bool,
    counts: bool,
    extractors: Extractors,
    tokens: TokenRules,
    /// None where routing does not depend on keys.
    routing: Option<Routing>,
}

/// Compared with where there is no key, so that this takes as long.
static NOBODY: LazyLock<Option<HashedSecret>> =
    LazyLock::new(|| HashedSecret::parse(&HashedSecret::store("nobody", "nothing", None)));

type Credentials = SmallVec<[Credential; 2]>;

/// Who calls.
struct Identity {
    key: Arc<Apikey>,
    /// Of the token that proved the key.
    claims: Option<Box<str>>,
    /// Where to wipe the credential out.
    found: Credentials,
}

impl Plugin for Apikeys {
    const NAME: &'static str = "apikeys";
    const ALIASES: &'static [&'static str] = &["cp:otoroshi.next.plugins.ApikeyCalls"];
    const ABOUT: &'static str = "Lets requests pass that present a valid API key of the route.";
    const PHASES: &'static [Phase] = &[Phase::Match, Phase::Authorize];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({}),
            json!({"mandatory": false, "wipe_backend_request": true}),
            json!({"routing": {"enabled": true, "one_tag_in": ["beta"]}}),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self {
            validate: config.validate,
            mandatory: config.mandatory,
            wipe: config.wipe_backend_request,
            counts: config.update_quotas,
            tokens: TokenRules::of(&config.extractors.jwt),
            extractors: Extractors::build(&config.extractors)?,
            routing: Routing::of(config.routing),
        })
    }

    fn matches(&self, exchange: &Exchange) -> bool {
        let Some(routing) = &self.routing else { return true };
        // Whether the key is good is for `authorize` to say: a request with a bad one is answered
        // by the route that it would be for with a good one.
        self.extractors.extract(exchange).is_none_or(|presented| {
            let key = exchange.snapshot.apikey(presented.form.id());
            key.is_none_or(|key| routing.admits(key))
        })
    }

    fn authorize<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        match self.identify(exchange) {
            Ok(Some(Identity { key, claims, found })) => {
                exchange.account.set_key(key.id.text());
                exchange.key = Some(key);
                exchange.limits.count_quotas(self.counts);
                exchange.claims = claims;
                exchange.wiped.extend(found);
                Step::NEXT
            }
            Ok(None) => Step::NEXT,
            Err(_) if !self.validate => Step::NEXT,
            Err(error) => Step::Done(Err(error)),
        }
    }
}

impl Apikeys {
    /// Who calls, if the key that the request presents is good for this request.
    fn identify(&self, exchange: &Exchange) -> Result<Option<Identity>, GatewayError> {
        let Some(presented) = self.extractors.extract(exchange) else {
            return if self.mandatory {
                Err(unauthorized("no API key was given"))
            } else {
                Ok(None)
            };
        };
        let wrong = || unauthorized("the API key is not valid");
        let Some(key) = exchange.snapshot.apikey(presented.form.id()) else {
            if let Some(nobody) = NOBODY.as_ref() {
                let _ = match &presented.form {
                    Form::Bearer { bearer, .. } => nobody.is_bearer(bearer.as_bytes()),
                    Form::Pair { secret, .. } => nobody.is_secret(secret.as_bytes()),
                    Form::ClientId(_) => false,
                    Form::Token { token, claims } => {
                        self.tokens.prove(token, claims, &[], exchange)
                    }
                };
            }
            let ours = self.mandatory || matches!(presented.form, Form::Bearer { .. });
            return if ours { Err(wrong()) } else { Ok(None) };
        };
        let proved = match &presented.form {
            Form::Bearer { bearer, .. } => key.is_bearer(bearer.as_bytes()),
            Form::Pair { secret, .. } => key.is_secret(secret.as_bytes()),
            Form::ClientId(_) => key.allows_client_id_only(),
            Form::Token { token, claims } => {
                self.tokens.prove(token, claims, key.secrets(), exchange)
            }
        };
        if !proved {
            return Err(wrong());
        }
        let constrained = self.routing.is_some() || !key.needs_constrained_route();
        permit(key, exchange, constrained && key.may_call(&exchange.matched.route))?;
        let found = if self.wipe { presented.found.credentials() } else { Credentials::new() };
        let claims = match &presented.form {
            Form::Token { token, .. } => Claims::text(token),
            Form::Bearer { .. } | Form::Pair { .. } | Form::ClientId(_) => None,
        };
        Ok(Some(Identity { key: Arc::clone(key), claims, found }))
    }
}
