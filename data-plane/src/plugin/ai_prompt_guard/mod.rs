//! `ai-prompt-guard`: refuses requests by regular expressions over what is said in them (APISIX's
//! plugin of this name).
//!
//! It sees what the slots before it make of the conversation. A request of which the selection leaves
//! nothing passes; APISIX answers it with an empty 200 instead.

mod said;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use regex::Regex;
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use self::said::Selection;
use super::ai_prompt_template::most;
use super::{BuildContext, Plugin, Step};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::apisix::Spoken;
use crate::protocol::apisix::body::{scan, whole};
use crate::snapshot::compile;

/// The plugin.
pub struct AiPromptGuard {
    allow: Box<[Regex]>,
    deny: Box<[Regex]>,
    selection: Selection,
    unknown: FailMode,
    most: usize,
}

/// What is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AiPromptGuardConfig)]
pub struct Config {
    /// Regular expressions; without a match of one of them a request is refused. None: nothing is.
    allow_patterns: Vec<String>,
    /// Regular expressions; a request in which one matches is refused.
    deny_patterns: Vec<String>,
    /// Whether what others than the user say counts.
    match_all_roles: bool,
    /// Whether all messages count, and not the last one alone.
    match_all_conversation_history: bool,
    /// What happens to a body in which nobody says anything that this plugin understands.
    fail_mode: FailMode,
    /// Bytes of a request's body.
    #[schema(minimum = 1)]
    max_req_body_size: usize,
}

/// What happens to a request that is not understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AiPluginFailMode)]
pub enum FailMode {
    /// It passes.
    #[default]
    Skip,
    /// It passes, with a warning in the log.
    Warn,
    /// It is refused.
    Error,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_patterns: Vec::new(),
            deny_patterns: Vec::new(),
            match_all_roles: false,
            match_all_conversation_history: false,
            fail_mode: FailMode::Skip,
            max_req_body_size: most(),
        }
    }
}

impl Plugin for AiPromptGuard {
    const NAME: &'static str = "ai-prompt-guard";
    const ABOUT: &'static str = "Refuses chats by regular expressions over what is said.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"deny_patterns": ["(?i)ignore (all|your) instructions"]})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut compiled = |patterns: &[String], at: &str| -> Box<[Regex]> {
            let each = patterns.iter().enumerate().filter_map(|(index, pattern)| {
                let at = join_pointer(at, &index.to_string());
                let compiled = compile::bounded(pattern);
                compiled.map_err(|text| problems.push(Problem::at(at, text))).ok()
            });
            each.collect()
        };
        let built = Self {
            allow: compiled(&config.allow_patterns, "/allow_patterns"),
            deny: compiled(&config.deny_patterns, "/deny_patterns"),
            selection: Selection {
                everybody: config.match_all_roles,
                history: config.match_all_conversation_history,
            },
            unknown: config.fail_mode,
            most: config.max_req_body_size,
        };
        if problems.is_empty() { Ok(built) } else { Err(problems) }
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        if exchange.request.method().is_safe() && exchange.announced().is_none() {
            // It says nothing.
            return Step::NEXT;
        }
        Step::Wait(Box::pin(self.guard(exchange)))
    }
}

impl AiPromptGuard {
    async fn guard(&self, exchange: &mut Exchange) -> Result<(), GatewayError> {
        let body = whole(exchange, self.most).await?;
        let judged = self.judge(exchange, &body);
        exchange.give_back(body);
        judged
    }

    fn judge(&self, exchange: &Exchange, body: &Bytes) -> Result<(), GatewayError> {
        let refused = |text: &'static str| GatewayError::new(Code::BadRequest, text);
        if body.is_empty() {
            return Err(refused("Empty request body"));
        }
        let read = match scan(exchange, body.clone()) {
            Ok(read) => read,
            Err(error) => return self.not_understood(error),
        };
        let object = read.object();
        let spoken = Spoken::of(exchange.path(), &object).filter(|spoken| *spoken != Spoken::Other);
        let Some(spoken) = spoken else {
            let text = "Request format not recognized by ai-prompt-guard";
            return self.not_understood(refused(text));
        };
        let said = said::said(exchange, spoken, &object, self.selection)?;
        let Some(said) = said else { return Ok(()) };
        let matches = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(&said));
        if !self.allow.is_empty() && !matches(&self.allow) {
            return Err(refused("Request doesn't match allow patterns"));
        }
        if matches(&self.deny) {
            return Err(refused("Request contains prohibited content"));
        }
        Ok(())
    }

    fn not_understood(&self, error: GatewayError) -> Result<(), GatewayError> {
        match self.unknown {
            FailMode::Skip => Ok(()),
            FailMode::Warn => {
                tracing::warn!(%error, "a request passes ai-prompt-guard unseen");
                Ok(())
            }
            FailMode::Error => Err(error),
        }
    }
}
