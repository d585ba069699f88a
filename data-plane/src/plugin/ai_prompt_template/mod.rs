//! `ai-prompt-template`: makes the bodies of requests from templates of its config, which callers name
//! and fill (APISIX's plugin of this name).

mod template;
#[cfg(test)]
mod tests;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use self::template::Template;
use super::{BuildContext, Plugin, Step};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::apisix::body::read;
use crate::protocol::llm::body::text;

/// The plugin.
pub struct AiPromptTemplate {
    templates: Box<[(Box<str>, Template)]>,
    most: usize,
}

/// The templates.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AiPromptTemplateConfig)]
pub struct Config {
    /// At least one.
    #[schema(min_items = 1)]
    templates: Vec<Named>,
    /// Bytes of a request's body.
    #[serde(default = "most")]
    #[schema(minimum = 1)]
    max_req_body_size: usize,
}

/// A template with a name.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AiPromptTemplateNamed)]
struct Named {
    /// As `template_name` of a body says it.
    #[schema(min_length = 1)]
    name: String,
    /// The body that takes the request's place: `model`, `messages`, and whatever else. `{{ name }}` in
    /// its texts stands for a member of the request's body; nothing, where it has none.
    #[schema(
        value_type = Object,
        example = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "{{ question }}"}]})
    )]
    template: Map<String, Value>,
}

/// As many bytes as APISIX takes.
pub(super) const fn most() -> usize {
    64 * 1024 * 1024
}

impl Plugin for AiPromptTemplate {
    const NAME: &'static str = "ai-prompt-template";
    const ABOUT: &'static str = "Makes bodies from templates that callers name and fill.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"templates": [{
            "name": "explain",
            "template": {"model": "gpt-4o", "messages": [
                {"role": "system", "content": "Explain for a {{ level }}."},
                {"role": "user", "content": "{{ question }}"}
            ]}
        }]})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut templates: Vec<(Box<str>, Template)> = Vec::new();
        if config.templates.is_empty() {
            problems.push(Problem::at("/templates", "there is no template"));
        }
        for (index, Named { name, template }) in config.templates.into_iter().enumerate() {
            let at = join_pointer("/templates", &index.to_string());
            if templates.iter().any(|(known, _)| **known == *name) {
                problems.push(Problem::at(join_pointer(&at, "name"), "there is another one of it"));
            }
            match Template::compile(template) {
                Ok(template) => templates.push((name.into(), template)),
                Err(text) => problems.push(Problem::at(join_pointer(&at, "template"), text)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { templates: templates.into(), most: config.max_req_body_size })
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        Step::Wait(Box::pin(self.fill(exchange)))
    }
}

impl AiPromptTemplate {
    async fn fill(&self, exchange: &mut Exchange) -> Result<(), GatewayError> {
        let bad = |text: String| GatewayError::new(Code::BadRequest, text).param("template_name");
        let request = read(exchange, self.most).await?;
        let object = request.object();
        let name = text(&object, "template_name")?;
        let name = name.ok_or_else(|| bad("template name is missing in request.".to_owned()))?;
        let found = self.templates.iter().find(|(known, _)| **known == *name);
        let (_, template) =
            found.ok_or_else(|| bad(format!("template: {name} not configured.")))?;
        let filled = template.fill(&object, exchange.worker.limits.body_bytes)?;
        exchange.give_back(filled.into());
        Ok(())
    }
}
