use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error;
use super::super::parts::read_said;
use super::super::types::{Raw, ReadItem, list, some_text};
use super::super::usage::Counted;
use crate::canonical::{Choice, ErrorKind, Finish, Part, ProviderError, Response, Usage};
use crate::format::Failure;
use crate::lenient::null_as_default;

/// The resource, as far as it is no echo of the request.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct ReadAnswer<'a> {
    #[serde(deserialize_with = "null_as_default")]
    object: String,
    #[serde(borrow)]
    pub(in super::super) id: Raw<'a>,
    #[serde(borrow)]
    pub(in super::super) model: Raw<'a>,
    #[serde(borrow)]
    created_at: Raw<'a>,
    #[serde(deserialize_with = "null_as_default")]
    status: String,
    #[serde(borrow)]
    error: Raw<'a>,
    #[serde(borrow)]
    incomplete_details: Raw<'a>,
    #[serde(borrow)]
    pub(in super::super) output: Raw<'a>,
    #[serde(borrow)]
    usage: Raw<'a>,
    #[serde(borrow)]
    pub(in super::super) service_tier: Raw<'a>,
}

/// How far an answer has come.
pub(in super::super) enum Status {
    /// To its end, for this reason where one is given; calls are another.
    Over(Option<Finish>),
    /// It failed.
    Failed(ProviderError),
}

impl ReadAnswer<'_> {
    /// Seconds, also where they are written as a fraction.
    pub(in super::super) fn created(&self) -> Option<i64> {
        let seconds = serde_json::from_str::<f64>(self.created_at?.get()).ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "`as` keeps within the bounds")]
        Some(seconds as i64)
    }

    pub(in super::super) fn usage(&self) -> Option<Usage> {
        serde_json::from_str::<Counted>(self.usage?.get()).ok().map(Usage::from)
    }

    pub(in super::super) fn status(&self) -> Status {
        #[derive(Default, Deserialize)]
        struct Incomplete {
            reason: Option<String>,
        }
        match self.status.as_str() {
            "failed" => Status::Failed(self.error().unwrap_or_else(|| {
                ProviderError::new(ErrorKind::Server, "the provider's answer failed")
            })),
            "incomplete" => {
                let details = self.incomplete_details.map(RawValue::get).unwrap_or_default();
                let details = serde_json::from_str::<Incomplete>(details).unwrap_or_default();
                Status::Over(Some(match details.reason.as_deref() {
                    Some("max_output_tokens") => Finish::Length,
                    Some("content_filter") => Finish::ContentFilter,
                    other => Finish::Other(other.unwrap_or("incomplete").to_owned()),
                }))
            }
            "completed" | "" => Status::Over(None),
            other => Status::Over(Some(Finish::Other(other.to_owned()))),
        }
    }

    fn error(&self) -> Option<ProviderError> {
        error::read(self.error?, None)
    }
}

/// Why an answer that was complete ended.
pub(in super::super) fn completed(calls: bool) -> Finish {
    if calls { Finish::ToolCalls } else { Finish::Stop }
}

/// `None` where it is no resource.
pub(in super::super) fn read_answer(raw: &[u8]) -> Option<ReadAnswer<'_>> {
    serde_json::from_slice(raw).ok()
}

/// Reads a whole answer.
pub(in super::super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let invalid = |what: &str| Failure::Invalid(what.to_owned());
    let answer = read_answer(body).ok_or_else(|| invalid("the answer is no JSON object"))?;
    if answer.object != "response" && answer.output.is_none() {
        return Err(match answer.error() {
            Some(error) => Failure::Error(error),
            None => invalid("the answer is no response"),
        });
    }
    let finish = match answer.status() {
        Status::Failed(error) => return Err(Failure::Error(error)),
        Status::Over(finish) => finish,
    };
    let mut choice = Choice::default();
    for raw in list(answer.output).ok_or_else(|| invalid("`output` is no list"))? {
        let item = serde_json::from_str::<ReadItem<'_>>(raw.get())
            .map_err(|_| invalid("an item of `output` is no object"))?;
        read_said(&item, raw, &mut choice.content, &mut choice.logprobs)
            .ok_or_else(|| invalid("the content of an item is no list"))?;
    }
    let calls = choice.content.iter().any(|part| matches!(part, Part::ToolCall(_)));
    choice.finish = Some(finish.unwrap_or_else(|| completed(calls)));
    Ok(Response {
        id: some_text(answer.id).unwrap_or_default(),
        model: some_text(answer.model).unwrap_or_default(),
        created: answer.created(),
        choices: vec![choice],
        usage: answer.usage(),
        service_tier: some_text(answer.service_tier),
        system_fingerprint: None,
        extras: Vec::new(),
    })
}
