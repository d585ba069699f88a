//! Embeddings of a provider with a format of its own: several calls where it takes few inputs at a
//! time.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap as CallerHeaders;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::header::HeaderMap;
use sanmon_shared::resources;
use sanmon_wire::canonical::Usage;
use sanmon_wire::chat;
use sanmon_wire::embeddings::{EmbedCall, EmbedCodec, EmbedRequest, EmbedResponse, openai};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::Failure;
use sanmon_wire::json::{Object, write_string};
use tokio::time::{Instant, timeout};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::answer::{self, BYTES_PER_TOKEN, check_head, told, with};
use crate::protocol::llm::draft::Draft;
use crate::protocol::llm::model::Chosen;
use crate::protocol::llm::{Failed, Trial, bad, headers, unsupported};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, errors};
use crate::provider::{Account, Fidelity, Member, Operation, Provider, Timeouts, Transport};
use crate::target::Candidate;
use crate::upstream::{Stage, UpstreamError};

/// Calls of one request that are under way at a time.
const AT_ONCE: usize = 8;

/// More inputs are refused, as OpenAI does.
const MOST_INPUTS: usize = 2_048;

/// Bedrock counts tokens beside the body.
const COUNTED: &str = "x-amzn-bedrock-input-token-count";

/// A request in canonical form, and where it goes.
pub(super) struct Translating<'c> {
    candidate: &'c Candidate,
    timeouts: Timeouts,
    codec: &'static dyn EmbedCodec,
    /// As the provider calls it.
    model: String,
    request: EmbedRequest,
    /// Options that only the provider knows: they go into bodies as they are.
    options: Vec<Member>,
    /// Losses are refused.
    strict: bool,
}

/// What one call brought.
struct Part {
    head: CallerHeaders,
    response: EmbedResponse,
}

impl<'c> Translating<'c> {
    pub(super) fn prepare(
        refs: &Refs<resources::EmbeddingModel>,
        body: &[u8],
        chosen: &Chosen<'_>,
        candidate: &'c Candidate,
        codec: &'static dyn EmbedCodec,
    ) -> Result<Self, GatewayError> {
        let provider = &candidate.provider;
        let mut request = openai::decode_request(body).map_err(|error| bad(&error))?;
        if request.inputs.len() > MOST_INPUTS {
            let text = format!("there are more than {MOST_INPUTS} inputs");
            return Err(GatewayError::new(Code::BadRequest, text).param("input"));
        }
        if chosen.names_provider() {
            request.extras.retain(|(name, _)| name != "provider");
        }
        let options = fill(&mut request, provider)?;
        Ok(Self {
            codec,
            model: chosen.model.as_deref().unwrap_or_default().to_owned(),
            request,
            options,
            strict: [provider.fidelity, refs.fidelity].contains(&Fidelity::Strict),
            timeouts: candidate.timeouts.with(&refs.timeouts),
            candidate,
        })
    }

    /// Calls the provider, and answers as OpenAI would.
    pub(super) async fn answer(
        self,
        exchange: &Exchange,
        trial: &mut Trial,
    ) -> Result<HttpResponse, Box<Failed>> {
        let account = match &self.candidate.provider.transport {
            Transport::Http(http) => http.account_at(self.candidate.account),
            Transport::Mock(_) => None,
        };
        let none = || GatewayError::new(Code::Internal, "the provider has no address");
        let account = account.ok_or_else(none)?;
        let (calls, losses) = self.encoded()?;
        let parts = self.call(exchange, account, calls).await?;
        trial.head(StatusCode::OK.as_u16());
        let (body, head) = self.written(exchange, parts, trial);
        exchange.account.set_fidelity(&losses);
        let response = HttpResponse::Ok().content_type("application/json").body(body);
        let mut response = with(response, head);
        headers::fidelity(&losses, response.headers_mut());
        Ok(response)
    }

    /// The calls that it takes, and what they cannot say.
    fn encoded(&self) -> Result<(Vec<EmbedCall>, Losses), GatewayError> {
        let mut losses = Losses::default();
        let calls = self.codec.encode_request(&self.request, &self.model, &mut losses);
        let calls = calls.map_err(|error| unsupported(&error))?;
        if self.strict && !losses.is_empty() {
            let text = format!(
                "the provider cannot be told all of this request, and fidelity is strict here: {}",
                losses.header()
            );
            let first = losses.iter().next().map(|loss| loss.field.clone());
            return Err(GatewayError::new(Code::Unsupported, text).param(first.unwrap_or_default()));
        }
        Ok((calls, losses))
    }

    /// What the provider cannot be told.
    pub(super) fn losses(&self) -> Result<Losses, GatewayError> {
        self.encoded().map(|(_, losses)| losses)
    }

    /// All calls, a few at a time, their answers in the order of the inputs; the first that fails ends
    /// the others.
    async fn call(
        &self,
        exchange: &Exchange,
        account: &Account,
        calls: Vec<EmbedCall>,
    ) -> Result<Vec<Part>, Box<Failed>> {
        exchange.account.upstream_began(Instant::now());
        let parts = stream::iter(calls)
            .map(|call| self.one(exchange, account, call))
            .buffered(AT_ONCE)
            .try_collect();
        let parts = timeout(self.timeouts.total, parts).await;
        exchange.account.upstream_ended(Instant::now());
        parts.unwrap_or_else(|_| Err(UpstreamError::Timeout(Stage::Total).into()))
    }

    async fn one(
        &self,
        exchange: &Exchange,
        account: &Account,
        call: EmbedCall,
    ) -> Result<Part, Box<Failed>> {
        let EmbedCall { body, inputs } = call;
        let operation = Operation::Embeddings { model: &self.model };
        let body = extended(&self.candidate.provider, &self.options, body)?;
        let request = account.call(&operation, self.timeouts.whole())?.bytes(body);
        let mut request = headers::request(exchange, request, "application/json");
        account.authorize(&exchange.worker, &mut request).await?;
        // The request as a whole is the attempt.
        let mut answer = exchange.worker.upstream.fetch(request).await?;
        let status = check_head(answer.status, &answer.headers)?;
        let body = answer.gather(exchange.worker.limits.answer_bytes).await?;
        let head = told(exchange, answer.status, &answer.headers);
        let response = read(self.codec, status, &answer.headers, &body, inputs);
        let response = response.map_err(|failure| match failure {
            Failure::Error(mut error) => {
                answer::withhold(&mut error, Some(account));
                let id = &exchange.request_id;
                let response = errors::of_provider(Dialect::OpenAi, &chat::OPENAI, &error, id);
                Failed::provider(error, with(response, head.clone()), &head)
            }
            Failure::Invalid(text) => invalid(text),
        })?;
        Ok(Part { head, response })
    }

    /// The caller's answer, its tokens summed where the provider tells them all, else guessed.
    fn written(
        &self,
        exchange: &Exchange,
        parts: Vec<Part>,
        trial: &mut Trial,
    ) -> (Vec<u8>, CallerHeaders) {
        let size = self.request.inputs.iter().map(sanmon_wire::embeddings::EmbedInput::size).sum();
        let counted = parts.iter().map(|part| part.response.input_tokens).sum::<Option<u64>>();
        let usage = counted.map(|input| Usage { input, ..Usage::default() });
        answer::count(exchange, trial, usage, size, 0);
        let tokens = counted.unwrap_or_else(|| size.div_ceil(BYTES_PER_TOKEN));
        let mut parts = parts.into_iter();
        let Some(Part { head, response: mut whole }) = parts.next() else {
            return (Vec::new(), CallerHeaders::new());
        };
        whole.vectors.extend(parts.flat_map(|part| part.response.vectors));
        (openai::encode_response(&whole, self.request.form, &self.model, tokens), head)
    }
}

/// Fills in what a provider's options say in the words of clients. The others are given back: they go into
/// bodies as they are.
pub(super) fn fill(
    request: &mut EmbedRequest,
    provider: &Provider,
) -> Result<Vec<Member>, GatewayError> {
    let (words, options): (Vec<&Member>, Vec<&Member>) =
        provider.options.members.iter().partition(|option| openai::is_member(&option.name));
    if !words.is_empty() {
        let mut text = b"{".to_vec();
        for (index, option) in words.into_iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            write_string(&mut text, &option.name);
            text.push(b':');
            text.extend_from_slice(option.value.json().as_bytes());
        }
        text.push(b'}');
        let read = Object::scan(&text).map_err(|error| {
            GatewayError::new(Code::Internal, "options are no object").detail(error.to_string())
        })?;
        request.fill(&read, provider.options.win).map_err(|error| bad(&error))?;
    }
    Ok(options.into_iter().cloned().collect())
}

/// A body with the members that its provider gets over all others.
pub(super) fn extended(
    provider: &Provider,
    options: &[Member],
    encoded: Vec<u8>,
) -> Result<Bytes, GatewayError> {
    let body = Bytes::from(encoded);
    if options.is_empty() && provider.additions.is_empty() && provider.renames.is_empty() {
        return Ok(body);
    }
    let object = Object::scan(&body).map_err(|error| {
        GatewayError::new(Code::Internal, "a translated request is no object")
            .detail(error.to_string())
    })?;
    let mut draft = Draft::of(&object);
    draft.adapt(provider, options, &[])?;
    Ok(draft.finish(&body))
}

/// The answer to a call with so many inputs.
pub(super) fn read(
    codec: &dyn EmbedCodec,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    inputs: usize,
) -> Result<EmbedResponse, Failure> {
    if !status.is_success() {
        return Err(Failure::Error(codec.decode_error(status.as_u16(), body)));
    }
    let mut response = codec.decode_response(body)?;
    if response.vectors.len() != inputs {
        let count = response.vectors.len();
        return Err(Failure::Invalid(format!("{count} vectors for {inputs} inputs")));
    }
    let counted = headers.get(COUNTED).and_then(|count| count.to_str().ok()?.parse().ok());
    response.input_tokens = response.input_tokens.or(counted);
    Ok(response)
}

/// An answer that is none.
pub(super) fn invalid(detail: String) -> Box<Failed> {
    let text = "the provider's answer holds no embeddings";
    GatewayError::new(Code::UpstreamInvalid, text).detail(detail).into()
}
