//! What upstreams speak: addresses, credentials and headers of each kind, and the rows of vendors
//! that speak OpenAI's dialect. Nothing here opens a socket.

mod account;
mod address;
mod base_url;
mod build;
mod credentials;
mod defaults;
mod filter;
mod http;
pub(crate) mod inline;
mod kind;
mod kinds;
pub mod mock;
mod operation;
mod options;
mod place;
mod sites;
mod slug;
mod timeouts;

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::resources::{Mock, ProviderId};
use sanmon_wire::format::{Codec, Format};

pub use account::Account;
pub use credentials::Auth;
pub(crate) use credentials::{Keys, ServiceAccount, TARGET as AWS_TARGET, TokenSource, Tokens};
pub use defaults::Defaults;
pub use filter::ModelRules;
pub use http::{Http, ListAddress};
pub use kind::{Embeds, Kind, Listing, Models, Speaks};
pub use kinds::{all as kinds, infos as kind_infos};
pub use operation::Operation;
pub use options::{Member, MemberValue, Options, members, merge};
pub use sanmon_shared::resources::{Fidelity, ParameterPolicy, TimeoutOverrides};
pub use slug::{display_name, names, slug};
pub use timeouts::Timeouts;

use crate::target::{BreakerRules, Health, Pool, Probed, Retrying};
use build::build_number;

/// A provider or embedding model, ready to be called.
#[derive(Debug)]
pub struct Provider {
    /// Its id.
    pub id: Arc<str>,
    /// By what callers name it; compare with [`names`].
    pub slug: Arc<str>,
    /// What people call it.
    pub display_name: Arc<str>,
    /// The row of its vendor.
    pub kind: &'static Kind,
    /// Unlike that of any other build in this process: what is cached for a provider is cached
    /// under this number, so that a changed one starts afresh.
    pub build: u64,
    /// How it is called.
    pub transport: Transport,
    /// Taken when a request names no model.
    pub default_model: Option<Arc<str>>,
    /// Members that requests get.
    pub options: Options,
    /// Members that bodies get over all others: of the document, then of the vendor.
    pub additions: Box<[Member]>,
    /// Members of bodies that go under other names: of the document, then of the vendor.
    pub renames: Box<[(Box<str>, Box<str>)]>,
    /// Which models may be used.
    pub models: ModelRules,
    /// What happens to a request that cannot be carried whole.
    pub fidelity: Fidelity,
    /// What happens to members that the model would refuse.
    pub parameters: ParameterPolicy,
    /// Whether the document names the default model, which is the vendor's otherwise.
    pub names_model: bool,
    /// Who is called instead of itself.
    pub(crate) pool: Option<Pool>,
    /// Who is asked when this one, or its pool, fails.
    pub fallback: Option<ProviderId>,
    /// An operator keeps it from being asked, for this reason.
    pub held: Option<Box<str>>,
    /// When failures take it out of pools.
    pub(crate) breaker: BreakerRules,
    /// What is known of each of its credentials.
    pub(crate) health: Box<[Arc<Health>]>,
    /// Asks whether it is well, where the document wants that.
    pub(crate) probe: Option<Arc<Probed>>,
    /// When another attempt follows one at this provider, where it has no pool.
    retry: Retrying,
    defaults: Defaults,
}

/// How a provider is called.
#[derive(Debug)]
pub enum Transport {
    /// Over HTTP.
    Http(Http),
    /// In process: the kind `mock`.
    Mock(Mock),
}

impl Provider {
    /// When another attempt follows a failed one of a request that names this provider.
    pub(crate) fn retry(&self) -> &Retrying {
        self.pool.as_ref().map_or(&self.retry, Pool::retry)
    }

    /// How long calls may take.
    pub fn timeouts(&self) -> Timeouts {
        match &self.transport {
            Transport::Http(http) => http.timeouts,
            Transport::Mock(_) => Timeouts::default(),
        }
    }

    /// A number that counts up; its credentials take turns by it.
    pub(crate) fn turn(&self) -> usize {
        match &self.transport {
            Transport::Http(http) => http.turn(),
            Transport::Mock(_) => 0,
        }
    }

    /// A provider that is nothing but a pool.
    pub(crate) fn of_pool(id: &Arc<str>, display_name: &str, pool: Pool) -> Self {
        Self {
            id: Arc::clone(id),
            slug: slug(&BTreeMap::new(), display_name).into(),
            display_name: display_name.into(),
            kind: &kinds::BALANCER,
            build: build_number(),
            transport: Transport::Http(Http::nowhere()),
            default_model: None,
            options: Options::default(),
            additions: Box::default(),
            renames: Box::default(),
            models: ModelRules::default(),
            fidelity: Fidelity::default(),
            parameters: ParameterPolicy::default(),
            names_model: false,
            pool: Some(pool),
            fallback: None,
            held: None,
            breaker: BreakerRules::default(),
            health: Box::default(),
            probe: None,
            retry: Retrying::none(),
            defaults: Defaults::none(),
        }
    }

    /// The codec in which a request that came in `front` about `model` is put to this provider:
    /// `front`'s own where the provider speaks it, so that bytes pass through; else that of the
    /// first format in which it answers about the model.
    pub fn codec(&self, front: Format, model: Option<&str>) -> Option<&'static dyn Codec> {
        let Transport::Http(http) = &self.transport else {
            return Some(self.kind.formats.first()?.codec);
        };
        Some(http.chat(front, model.unwrap_or_default())?.codec)
    }

    /// What requests get from the document's options.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Whether the document's options are in the words of a format, as they are in those of the one that
    /// the vendor speaks first: then they can be put into the bodies of callers as they stand, and
    /// otherwise requests go the canonical way.
    pub fn options_fit(&self, format: Format) -> bool {
        let first = self.kind.formats.first();
        first.is_some_and(|first| first.format == format)
            || self.options.members.iter().all(|option| Defaults::is_word_of(&option.name, format))
    }

    /// Whether encoded bodies get members that the canonical request has none for.
    pub fn extends(&self) -> bool {
        !self.additions.is_empty() || !self.renames.is_empty() || !self.defaults.rest().is_empty()
    }
}

#[cfg(test)]
mod tests;
