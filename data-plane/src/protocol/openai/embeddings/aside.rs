//! Embeddings that the gateway itself wants, on behalf of nobody: called as those of callers are, with
//! nothing of a caller in the call.

use std::time::Duration;

use actix_web::http::StatusCode;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::header::HeaderMap;
use sanmon_wire::embeddings::{
    EmbedCall, EmbedCodec, EmbedInput, EmbedRequest, EmbedResponse, openai,
};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::Failure;

use super::translated::{extended, fill, invalid, read};
use crate::error::{Code, GatewayError};
use crate::protocol::llm::answer::{BYTES_PER_TOKEN, check_head, heard, withhold};
use crate::protocol::llm::{Failed, headers, unsupported};
use crate::provider::mock::{self, Reply};
use crate::provider::{Account, Member, Operation, Provider, Transport};
use crate::upstream::Deadlines;
use crate::worker::Worker;

/// Calls of one request that are under way at a time.
const AT_ONCE: usize = 8;

/// Vectors, and what they cost.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    /// One for each text, in their order.
    pub(crate) vectors: Vec<Vec<f32>>,
    /// As the provider counted, or guessed.
    pub(crate) tokens: u64,
}

/// The vectors of these texts by this model; each call of the provider may take so long.
pub(crate) async fn embed(
    worker: &Worker,
    provider: &Provider,
    model: &str,
    texts: &[&str],
    within: Duration,
) -> Result<Embedded, Box<Failed>> {
    let inputs = texts.iter().map(|text| EmbedInput::Text((*text).to_owned())).collect();
    let mut request = EmbedRequest { inputs, ..EmbedRequest::default() };
    let options = fill(&mut request, provider)?;
    let codec = match &provider.transport {
        Transport::Http(http) => http.embeds(model).and_then(|embeds| embeds.codec),
        Transport::Mock(_) => None,
    };
    let codec = codec.unwrap_or(&openai::OPENAI);
    // Whoever asks has no wish that could get lost.
    let calls = codec.encode_request(&request, model, &mut Losses::default());
    let calls = calls.map_err(|error| unsupported(&error))?;
    let asking = Asking { worker, provider, model, codec, options: &options, within };
    let answers: Vec<EmbedResponse> =
        stream::iter(calls).map(|call| asking.one(call)).buffered(AT_ONCE).try_collect().await?;
    let counted = answers.iter().map(|answer| answer.input_tokens).sum::<Option<u64>>();
    let guess =
        || texts.iter().map(|text| text.len() as u64).sum::<u64>().div_ceil(BYTES_PER_TOKEN);
    Ok(Embedded {
        tokens: counted.unwrap_or_else(guess),
        vectors: answers.into_iter().flat_map(|answer| answer.vectors).collect(),
    })
}

/// Who is asked, and how.
struct Asking<'a> {
    worker: &'a Worker,
    provider: &'a Provider,
    model: &'a str,
    codec: &'static dyn EmbedCodec,
    options: &'a [Member],
    within: Duration,
}

impl Asking<'_> {
    async fn one(&self, call: EmbedCall) -> Result<EmbedResponse, Box<Failed>> {
        let EmbedCall { body, inputs } = call;
        let body = extended(self.provider, self.options, body)?;
        let http = match &self.provider.transport {
            Transport::Http(http) => http,
            Transport::Mock(script) => {
                let Reply::Whole { status, body, delay } = mock::embeddings(script, &body) else {
                    let text = "embeddings are no stream";
                    return Err(GatewayError::new(Code::Internal, text).into());
                };
                tokio::time::sleep(delay).await;
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                return self.answer(status, &HeaderMap::new(), &body, inputs, None);
            }
        };
        let nowhere = || GatewayError::new(Code::Internal, "the provider has no address");
        let account = http.account().ok_or_else(nowhere)?;
        let operation = Operation::Embeddings { model: self.model };
        let body = account.body(&operation, body)?;
        let call = account.call(&operation, Deadlines::within(self.within))?.bytes(body);
        let mut call = headers::own(call, "application/json");
        account.authorize(self.worker, &mut call).await?;
        let mut answer = self.worker.upstream.fetch(call).await?;
        let status = check_head(answer.status, &answer.headers)?;
        let body = answer.gather(self.worker.limits.answer_bytes).await?;
        self.answer(status, &answer.headers, &body, inputs, Some(account))
    }

    fn answer(
        &self,
        status: StatusCode,
        head: &HeaderMap,
        body: &[u8],
        inputs: usize,
        account: Option<&Account>,
    ) -> Result<EmbedResponse, Box<Failed>> {
        read(self.codec, status, head, body, inputs).map_err(|failure| match failure {
            Failure::Error(mut error) => {
                withhold(&mut error, account);
                let text = "the provider answered with an error";
                let said = GatewayError::new(Code::UpstreamUnavailable, text)
                    .detail(error.message.clone());
                let code = reqwest::StatusCode::from_u16(status.as_u16()).unwrap_or_default();
                Failed::told(said, &error, &heard(&self.worker.clock, code, head))
            }
            Failure::Invalid(text) => invalid(text),
        })
    }
}
