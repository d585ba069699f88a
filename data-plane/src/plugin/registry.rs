//! The one list of plugins.

use super::PluginKind;
use super::ai_prompt_decorator::AiPromptDecorator;
use super::ai_prompt_guard::AiPromptGuard;
use super::ai_prompt_template::AiPromptTemplate;
use super::ai_proxy::AiProxy;
use super::ai_proxy_multi::AiProxyMulti;
use super::ai_rate_limiting::AiRateLimiting;
use super::anthropic_messages::AnthropicMessages;
use super::apikeys::Apikeys;
use super::cors::Cors;
use super::key_auth::KeyAuth;
use super::limit_count::LimitCount;
use super::llm_proxy::LlmProxy;
use super::llm_response::LlmResponse;
use super::llm_tokens_rate_limiting::LlmTokensRateLimiting;
use super::open_responses::OpenResponses;
use super::openai_api::OpenAiApi;
use super::openai_chat_completions::OpenAiChatCompletions;
use super::openai_completions::OpenAiCompletions;
use super::openai_embeddings::OpenAiEmbeddings;
use super::openai_models::OpenAiModels;
use super::openai_providers_with_models::OpenAiProvidersWithModels;
use super::openai_responses::OpenAiResponses;
use super::override_host::OverrideHost;
use super::prompt_context::PromptContext;
use super::prompt_template::PromptTemplate;
use super::proxy_buffering::ProxyBuffering;
use super::rate_limit::RateLimit;
use super::request_id::RequestIdHeader;

/// Every kind of plugin: a line each, so that two people can add one.
#[rustfmt::skip]
pub const PLUGINS: &[PluginKind] = &[
    PluginKind::of::<AiPromptDecorator>(),
    PluginKind::of::<AiPromptGuard>(),
    PluginKind::of::<AiPromptTemplate>(),
    PluginKind::of::<AiRateLimiting>(),
    PluginKind::of::<AiProxy>(),
    PluginKind::of::<AiProxyMulti>(),
    PluginKind::of::<AnthropicMessages>(),
    PluginKind::of::<Apikeys>(),
    PluginKind::of::<Cors>(),
    PluginKind::of::<KeyAuth>(),
    PluginKind::of::<LlmProxy>(),
    PluginKind::of::<LimitCount>(),
    PluginKind::of::<LlmResponse>(),
    PluginKind::of::<LlmTokensRateLimiting>(),
    PluginKind::of::<OpenResponses>(),
    PluginKind::of::<OpenAiApi>(),
    PluginKind::of::<OpenAiChatCompletions>(),
    PluginKind::of::<OpenAiCompletions>(),
    PluginKind::of::<OpenAiEmbeddings>(),
    PluginKind::of::<OpenAiModels>(),
    PluginKind::of::<OpenAiProvidersWithModels>(),
    PluginKind::of::<OpenAiResponses>(),
    PluginKind::of::<OverrideHost>(),
    PluginKind::of::<PromptContext>(),
    PluginKind::of::<PromptTemplate>(),
    PluginKind::of::<ProxyBuffering>(),
    PluginKind::of::<RateLimit>(),
    PluginKind::of::<RequestIdHeader>(),
];

/// The kind with this name or alias.
pub fn find(name: &str) -> Option<&'static PluginKind> {
    PLUGINS.iter().find(|kind| kind.is_called(name))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::plugin::BuildContext;

    #[test]
    fn names_and_aliases_are_each_taken_once() {
        let mut seen = HashSet::new();
        for kind in PLUGINS {
            for name in kind.aliases.iter().chain([&kind.name]) {
                assert!(seen.insert(*name), "{name} is taken twice");
                assert_eq!(find(name).map(|found| found.name), Some(kind.name));
            }
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(kind.name.chars().all(kebab), "{} is not in kebab case", kind.name);
        }
    }

    #[test]
    fn every_example_builds() {
        let context = BuildContext {
            owner: "test",
            seal: None,
            elsewhere: &sanmon_shared::reference::Nowhere,
            targets: None,
        };
        for kind in PLUGINS {
            let examples = kind.info().examples;
            assert!(!examples.is_empty(), "{} has no example", kind.name);
            for example in examples {
                let built = kind.build(&example, &context).map(|plugin| plugin.name());
                assert_eq!(built, Ok(kind.name), "{example}");
            }
        }
    }

    #[test]
    fn every_schema_has_what_it_refers_to() {
        for kind in PLUGINS {
            let schema = kind.info().schema;
            let text = schema.to_string();
            for reference in text.split("\"$ref\":\"#").skip(1) {
                let pointer = reference.split('"').next().unwrap();
                assert!(schema.pointer(pointer).is_some(), "{}: {pointer}", kind.name);
            }
        }
    }
}
