//! The native format of Otoroshi's LLM proxy: requests of Chat Completions, whose answers are wrapped as
//! `{"generations": [{"message"}], "metadata": {"usage"}}`, and whose streams end without `[DONE]`.

use serde::Deserialize;

use crate::canonical::{Delta, ProviderError, Request, Response, Usage};
use crate::chat;
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};
use crate::json::{Elements, Json, Object};
use crate::lenient::null_as_default;

/// Chat Completions, with answers in generations.
pub static GENERATIONS: Generations = Generations;

/// The codec.
#[derive(Debug)]
pub struct Generations;

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "null_as_default")]
    generations: Vec<Generation>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Generation {
    message: Json,
}

#[derive(Deserialize)]
struct Metadata {
    usage: Option<Counted>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Counted {
    prompt_tokens: i64,
    generation_tokens: i64,
    reasoning_tokens: i64,
}

impl Codec for Generations {
    fn format(&self) -> Format {
        Format::Chat
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, BadRequest> {
        chat::OPENAI.decode_request(body)
    }

    fn encode_request(
        &self,
        request: &Request,
        target: &Target<'_>,
        losses: &mut Losses,
    ) -> Result<Vec<u8>, Unsupported> {
        chat::OPENAI.encode_request(request, target, losses)
    }

    fn takes_url(&self, media: Media, url: &str) -> bool {
        chat::OPENAI.takes_url(media, url)
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure> {
        let invalid = |error: serde_json::Error| Failure::Invalid(error.to_string());
        let Answer { generations, metadata } = serde_json::from_slice(body).map_err(invalid)?;
        let mut out = b"{\"choices\":[".to_vec();
        for (index, generation) in generations.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(format!("{{\"index\":{index},\"message\":").as_bytes());
            out.extend_from_slice(generation.message.text().as_bytes());
            let calls = Object::scan(generation.message.text().as_bytes())
                .is_ok_and(|message| message.first("tool_calls").is_some_and(|c| !c.is_null()));
            let finish = if calls { "tool_calls" } else { "stop" };
            out.extend_from_slice(format!(",\"finish_reason\":\"{finish}\"}}").as_bytes());
        }
        out.extend_from_slice(b"]}");
        let mut response = chat::OPENAI.decode_response(&out)?;
        response.usage = metadata.and_then(|metadata| metadata.usage).map(|usage| {
            let count = |tokens: i64| u64::try_from(tokens).unwrap_or(0);
            Usage {
                input: count(usage.prompt_tokens),
                output: count(usage.generation_tokens),
                reasoning: count(usage.reasoning_tokens),
                ..Usage::default()
            }
        });
        Ok(response)
    }

    fn encode_response(&self, response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
        let body = chat::OPENAI.encode_response(response, asked, losses);
        let mut out = b"{\"generations\":[".to_vec();
        let choices = Object::scan(&body).ok().and_then(|body| body.first("choices"));
        for choice in Elements::of(choices.map_or(b"[]".as_slice(), |choices| choices.raw)) {
            let Some(message) = choice.object().and_then(|choice| choice.first("message")) else {
                continue;
            };
            if !out.ends_with(b"[") {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"message\":");
            out.extend_from_slice(message.raw);
            out.push(b'}');
        }
        let usage = response.usage.unwrap_or_default();
        // Limits are those of the provider's account, which are not for callers: unknown is -1.
        let tail = format!(
            "],\"metadata\":{{\"rate_limit\":{{\"requests_limit\":-1,\"requests_remaining\":-1,\
             \"tokens_limit\":-1,\"tokens_remaining\":-1}},\"usage\":{{\"prompt_tokens\":{},\
             \"generation_tokens\":{},\"reasoning_tokens\":{}}}}}}}",
            usage.input, usage.output, usage.reasoning
        );
        out.extend_from_slice(tail.as_bytes());
        out
    }

    fn decoder(&self) -> Box<dyn Decode> {
        chat::OPENAI.decoder()
    }

    fn encoder(&self, mut asked: Asked) -> Box<dyn Encode> {
        // Usage is told whether it was asked for or not.
        asked.stream_usage = true;
        Box::new(Undone(chat::OPENAI.encoder(asked)))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        chat::OPENAI.decode_error(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        chat::OPENAI.encode_error(error)
    }
}

/// A chat stream without its `[DONE]`.
struct Undone(Box<dyn Encode>);

impl Encode for Undone {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        const DONE: &[u8] = b"data: [DONE]\n\n";
        self.0.delta(delta, out);
        if matches!(delta, Delta::End) && out.ends_with(DONE) {
            out.truncate(out.len() - DONE.len());
        }
    }

    fn losses(&self) -> &Losses {
        self.0.losses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Choice, Finish, Part, Text, unfold};

    fn answer() -> Response {
        Response {
            choices: vec![Choice {
                content: vec![Part::Text(Text::new("a gate"))],
                finish: Some(Finish::Stop),
                ..Choice::default()
            }],
            usage: Some(Usage { input: 3, output: 2, ..Usage::default() }),
            ..Response::default()
        }
    }

    #[test]
    fn answers_are_wrapped_and_read_back() {
        let mut losses = Losses::default();
        let body = GENERATIONS.encode_response(&answer(), &Asked::default(), &mut losses);
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["generations"][0]["message"]["content"], "a gate");
        assert_eq!(json["metadata"]["usage"]["generation_tokens"], 2);
        let read = GENERATIONS.decode_response(&body).unwrap();
        assert_eq!(read.choices, answer().choices);
        assert_eq!(read.usage, answer().usage);
    }

    #[test]
    fn streams_end_with_usage_and_without_done() {
        let mut encoder = GENERATIONS.encoder(Asked::default());
        let mut out = Vec::new();
        for delta in unfold(answer()) {
            encoder.delta(&delta, &mut out);
        }
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\"usage\":{") && !text.contains("[DONE]"), "{text}");
    }
}
