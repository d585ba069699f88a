//! Plugins: what a request passes on its way. A folder each, and one [`registry`].

pub mod ai_prompt_decorator;
pub mod ai_prompt_guard;
pub mod ai_prompt_template;
pub mod ai_proxy;
pub mod ai_proxy_multi;
pub mod ai_rate_limiting;
pub mod anthropic_messages;
pub mod apikeys;
mod apisix_limits;
mod apisix_text;
pub mod cors;
mod filter;
pub mod key_auth;
mod kind;
pub mod limit_count;
pub mod llm_proxy;
pub mod llm_response;
pub mod llm_tokens_rate_limiting;
pub mod open_responses;
pub mod openai_api;
pub mod openai_chat_completions;
pub mod openai_completions;
pub mod openai_embeddings;
pub mod openai_models;
pub mod openai_providers_with_models;
pub mod openai_responses;
pub mod override_host;
pub mod prompt_context;
pub mod prompt_template;
mod provider_refs;
pub mod proxy_buffering;
pub mod rate_limit;
pub mod registry;
pub mod request_id;
mod responses_config;
mod slot;

pub use filter::PathFilter;
pub use kind::{AnyPlugin, PluginKind};
pub(crate) use slot::plugin;
pub use slot::{Phases, Slot, SlotPlugin, Slots};

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::reference::Elsewhere;
use sanmon_shared::seal::Seal;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::GatewayError;
use crate::exchange::{AnswerHead, Exchange};
use crate::protocol::Protocol;
use crate::target::Registry;

/// What building a plugin or a provider may look at.
#[derive(Clone, Copy)]
pub struct BuildContext<'a> {
    /// The id of the document that is built: what plugins derive from their configs is named after it.
    pub owner: &'a str,
    /// Opens sealed secrets. None while the control plane checks a write: then secrets are not
    /// revealed, and what they refer to may be missing.
    pub seal: Option<&'a Seal>,
    /// Looks up what secrets refer to.
    pub elsewhere: &'a dyn Elsewhere,
    /// What is known of targets from before. None while the control plane checks a write.
    pub targets: Option<&'a Registry>,
}

/// What a phase says: done at once, as nearly all are, or still to wait for something.
pub enum Step<'a> {
    /// The phase is over; an error ends the request.
    Done(Result<(), GatewayError>),
    /// The phase goes on with I/O.
    Wait(LocalBoxFuture<'a, Result<(), GatewayError>>),
}

impl Step<'_> {
    /// The request goes on.
    pub const NEXT: Self = Step::Done(Ok(()));
}

/// A kind of plugin. Built when a snapshot is made, so a bad config is refused by the admin API and
/// never met by a request.
pub trait Plugin: Send + Sync + Sized + 'static {
    /// What a slot's `plugin` says: kebab-case.
    const NAME: &'static str;
    /// Other names, such as Otoroshi's long ids.
    const ALIASES: &'static [&'static str] = &[];
    /// What it does, in a sentence.
    const ABOUT: &'static str;
    /// When it acts; hooks of other phases are never called.
    const PHASES: &'static [Phase];
    /// What a slot's `config` holds.
    type Config: DeserializeOwned + ToSchema;

    /// Whether what it builds is named after the document that it stands in, so that documents which
    /// say the same do not have the same.
    const DERIVES: bool = false;

    /// Configs that build, for the catalogue.
    fn examples() -> Vec<Value>;

    /// Checks and compiles a config; problems point into it.
    fn build(config: Self::Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>>;

    /// Whether a plugin with this config keeps something between requests that is to be found again
    /// by whichever data plane the next request comes to: the problem of a config that does, where
    /// data planes have nothing in common to keep it in.
    fn kept_apart(_: &Value) -> Option<Problem> {
        None
    }

    /// [`Phase::Match`]: whether the route is the one for this request.
    fn matches(&self, _: &Exchange) -> bool {
        true
    }

    /// [`Phase::Preflight`]: an answer that needs nobody's permission. Such a request may have
    /// come here for its `access-control-request-method` instead of its own method.
    fn preflight(&self, _: &Exchange) -> Option<HttpResponse> {
        None
    }

    /// [`Phase::Authorize`].
    fn authorize<'a>(&'a self, _: &'a mut Exchange) -> Step<'a> {
        Step::NEXT
    }

    /// [`Phase::Request`].
    fn request<'a>(&'a self, _: &'a mut Exchange) -> Step<'a> {
        Step::NEXT
    }

    /// [`Phase::Backend`]: what answers.
    fn backend(&self) -> Option<&dyn Protocol> {
        None
    }

    /// [`Phase::Response`]: every answer of the route passes here, errors included.
    fn response(&self, _: &Exchange, _: &mut AnswerHead) {}
}
