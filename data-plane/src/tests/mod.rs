//! The server as callers see it: a real listener in this process, raw connections, and an upstream
//! that does what each test wants.

mod client;
mod gateway;
mod llm;
pub(crate) mod upstream;

mod accounting;
mod ai_proxy_multi;
mod apisix;
mod attempts;
mod by_body;
mod chat;
mod completions;
mod consumers;
mod embeddings;
mod failover;
mod faults;
mod forwarding;
mod hedging;
mod limits;
mod messages;
mod models;
mod openai_api;
mod prompts;
mod races;
mod rate_limits;
mod responses;
mod semantic;
mod serving;
mod slowness;
mod stopping;
mod translated;

use client::{Client, request};
use gateway::Gateway;
use upstream::Upstream;
