//! Anthropic counts what the cache had beside the input, and in a stream it counts in parts.

use serde::{Deserialize, Serialize};

use crate::canonical::Usage;

/// `usage`, as far as it is told: members of a stream's later events replace those of earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerToolUse>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Option<u64>,
}

impl Counts {
    /// Reads a `usage` object.
    pub(super) fn read(raw: &[u8]) -> Option<Self> {
        serde_json::from_slice(raw).ok()
    }

    /// Takes what is told now; what is not told stays.
    pub(super) fn merge(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens =
            later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
        self.server_tool_use = later.server_tool_use.or(self.server_tool_use);
    }

    /// As sums; `None` when nothing is counted.
    pub(super) fn usage(&self) -> Option<Usage> {
        if self.input_tokens.is_none() && self.output_tokens.is_none() {
            return None;
        }
        let kept = self.cache_creation.unwrap_or_default();
        let (short, long) = (
            kept.ephemeral_5m_input_tokens.unwrap_or(0),
            kept.ephemeral_1h_input_tokens.unwrap_or(0),
        );
        let cache_write = self.cache_creation_input_tokens.unwrap_or(short.saturating_add(long));
        let cache_read = self.cache_read_input_tokens.unwrap_or(0);
        Some(Usage {
            input: self
                .input_tokens
                .unwrap_or(0)
                .saturating_add(cache_write)
                .saturating_add(cache_read),
            output: self.output_tokens.unwrap_or(0),
            cache_read,
            cache_write,
            cache_write_1h: long.min(cache_write),
            reasoning: self.output_tokens_details.and_then(|d| d.thinking_tokens).unwrap_or(0),
            web_searches: self.server_tool_use.and_then(|u| u.web_search_requests).unwrap_or(0),
            ..Usage::default()
        })
    }
}

/// `usage` as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    input_tokens: u64,
    output_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheCreation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_tool_use: Option<ServerToolUse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Of these sums, and the tier that served them.
    pub(super) fn of(usage: &Usage, service_tier: Option<&'a str>) -> Self {
        let cached = usage.cache_read.saturating_add(usage.cache_write);
        Self {
            input_tokens: usage.input.saturating_sub(cached),
            output_tokens: usage.output,
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cache_read,
            cache_creation: (usage.cache_write > 0).then(|| CacheCreation {
                ephemeral_5m_input_tokens: Some(
                    usage.cache_write.saturating_sub(usage.cache_write_1h),
                ),
                ephemeral_1h_input_tokens: Some(usage.cache_write_1h),
            }),
            output_tokens_details: (usage.reasoning > 0)
                .then_some(OutputDetails { thinking_tokens: Some(usage.reasoning) }),
            server_tool_use: (usage.web_searches > 0)
                .then_some(ServerToolUse { web_search_requests: Some(usage.web_searches) }),
            service_tier: service_tier.map(tier_written),
        }
    }
}

/// The tier as OpenAI and the canonical types call it.
pub(super) fn tier_read(tier: &str) -> &str {
    if tier == "standard" { "default" } else { tier }
}

fn tier_written(tier: &str) -> &str {
    if tier == "default" { "standard" } else { tier }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cache_had_is_counted_within_the_input_and_written_beside_it() {
        let read = |text: &str| Counts::read(text.as_bytes()).unwrap();
        let mut counts = read(
            r#"{"input_tokens":10,"cache_creation_input_tokens":7,"cache_read_input_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":3},
            "output_tokens":1,"service_tier":"standard","inference_geo":"us"}"#,
        );
        counts.merge(read(
            r#"{"output_tokens":9,"input_tokens":null,"output_tokens_details":{"thinking_tokens":2},
            "server_tool_use":{"web_search_requests":1,"web_fetch_requests":0}}"#,
        ));
        let usage = Usage {
            input: 22,
            output: 9,
            cache_read: 5,
            cache_write: 7,
            cache_write_1h: 3,
            reasoning: 2,
            web_searches: 1,
            ..Usage::default()
        };
        assert_eq!(counts.usage(), Some(usage));
        let written = serde_json::to_vec(&Written::of(&usage, Some("default"))).unwrap();
        assert_eq!(Counts::read(&written).unwrap().usage(), Some(usage));
        assert_eq!(read("{}").usage(), None);
        assert!(Counts::read(b"null").is_none());
    }
}
