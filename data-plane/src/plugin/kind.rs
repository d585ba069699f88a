use std::sync::Arc;

use actix_web::HttpResponse;
use sanmon_shared::Problem;
use sanmon_shared::catalogue::PluginKindInfo;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::{BuildContext, Phases, Plugin, Step};
use crate::exchange::{AnswerHead, Exchange};
use crate::protocol::Protocol;

/// A built plugin whose type is forgotten. The hooks are those of [`Plugin`].
#[expect(missing_docs, reason = "each method is the one of `Plugin` with the same name")]
pub trait AnyPlugin: Send + Sync {
    fn name(&self) -> &'static str;
    fn phases(&self) -> Phases;
    fn matches(&self, exchange: &Exchange) -> bool;
    fn preflight(&self, exchange: &Exchange) -> Option<HttpResponse>;
    fn authorize<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a>;
    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a>;
    fn backend(&self) -> Option<&dyn Protocol>;
    fn response(&self, exchange: &Exchange, head: &mut AnswerHead);
}

/// Keeps [`AnyPlugin`]'s names apart from [`Plugin`]'s.
struct Erased<P>(P);

impl<P: Plugin> AnyPlugin for Erased<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn phases(&self) -> Phases {
        const { Phases::of(P::PHASES) }
    }

    fn matches(&self, exchange: &Exchange) -> bool {
        self.0.matches(exchange)
    }

    fn preflight(&self, exchange: &Exchange) -> Option<HttpResponse> {
        self.0.preflight(exchange)
    }

    fn authorize<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        self.0.authorize(exchange)
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        self.0.request(exchange)
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        self.0.backend()
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        self.0.response(exchange, head);
    }
}

type Build = fn(&Value, &BuildContext<'_>) -> Result<Arc<dyn AnyPlugin>, Vec<Problem>>;

/// A kind of plugin, its config's type forgotten.
#[derive(Clone, Copy)]
pub struct PluginKind {
    /// What a slot's `plugin` says.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// When it acts.
    pub phases: Phases,
    /// See [`Plugin::DERIVES`].
    pub derives: bool,
    info: fn() -> PluginKindInfo,
    build: Build,
    kept_apart: fn(&Value) -> Option<Problem>,
}

impl PluginKind {
    /// The kind of `P`.
    pub const fn of<P: Plugin>() -> Self {
        Self {
            name: P::NAME,
            aliases: P::ALIASES,
            phases: Phases::of(P::PHASES),
            derives: P::DERIVES,
            info: info::<P>,
            build: build::<P>,
            kept_apart: P::kept_apart,
        }
    }

    /// As the catalogue shows it. Costs a schema.
    pub fn info(&self) -> PluginKindInfo {
        (self.info)()
    }

    /// Builds a plugin; problems point into `config`. A config that is absent is an empty one.
    pub fn build(
        &self,
        config: &Value,
        context: &BuildContext<'_>,
    ) -> Result<Arc<dyn AnyPlugin>, Vec<Problem>> {
        (self.build)(config, context)
    }

    /// See [`Plugin::kept_apart`].
    pub fn kept_apart(&self, config: &Value) -> Option<Problem> {
        (self.kept_apart)(config)
    }

    /// Whether `name` is the kind's name or one of its aliases.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

fn build<P: Plugin>(
    config: &Value,
    context: &BuildContext<'_>,
) -> Result<Arc<dyn AnyPlugin>, Vec<Problem>> {
    let empty = Value::Object(Map::new());
    let config = if config.is_null() { &empty } else { config };
    let config = crate::snapshot::compile::read(config)?;
    Ok(Arc::new(Erased(P::build(config, context)?)))
}

fn info<P: Plugin>() -> PluginKindInfo {
    PluginKindInfo {
        name: P::NAME,
        aliases: P::ALIASES,
        about: P::ABOUT,
        phases: P::PHASES,
        schema: schema::<P::Config>(),
        examples: P::examples(),
    }
}

/// The schema of `C` with everything that it refers to.
fn schema<C: ToSchema>() -> Value {
    let mut schemas = vec![(C::name().into_owned(), <C as PartialSchema>::schema())];
    C::schemas(&mut schemas);
    let schemas: Map<String, Value> =
        schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    json!({
        "$ref": format!("#/components/schemas/{}", C::name()),
        "components": {"schemas": schemas}
    })
}
