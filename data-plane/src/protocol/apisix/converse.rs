//! Bedrock's Converse as callers speak it.

use std::borrow::Cow;

use sanmon_wire::canonical::Request;
use sanmon_wire::converse::CONVERSE;
use sanmon_wire::format::{Asked, Codec, Format};
use sanmon_wire::pass::Pass;
use sanmon_wire::translate::Translated;

use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::protocol::Dialect;
use crate::protocol::llm::{Front, Shape};
use crate::target::Candidate;

/// Converse, whoever answers.
pub(super) struct Converse;

/// What the path of a request says: `/model/<model>/converse`, `/model/<model>/converse-stream`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    pub(super) model: Option<Cow<'p, str>>,
    pub(super) streams: bool,
}

impl<'p> Place<'p> {
    pub(super) fn of(path: &'p str) -> Self {
        let mut segments = path.trim_end_matches('/').rsplit('/');
        let streams = segments.next() == Some("converse-stream");
        let (model, before) = (segments.next(), segments.next());
        let decoded = |model: &'p str| {
            // A plus stands for itself in a path.
            let model = model.replace('+', "%2B");
            let pair = format!("m={model}");
            let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
            pairs.next().map(|(_, model)| Cow::Owned(model.into_owned()))
        };
        let model = model.filter(|model| !model.is_empty() && before == Some("model"));
        Self { model: model.and_then(decoded), streams }
    }
}

impl Front for Converse {
    fn codec(&self) -> &'static dyn Codec {
        &CONVERSE
    }

    /// Its clients read `message` of any error.
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn shape(&self) -> &'static Shape {
        &Shape {
            limits: &[],
            tools: &["toolConfig"],
            input: &["system", "messages"],
            stream_options: false,
            content: "output",
        }
    }

    /// Its bodies have members that are for the gateway, and its streams are binary.
    fn always_translates(&self) -> bool {
        true
    }

    fn pass(&self, _: &Exchange, _: &Candidate, _: bool) -> Box<dyn Pass> {
        let (decode, encode) = (CONVERSE.decoder(), CONVERSE.encoder(Asked::default()));
        Box::new(Translated::new(decode, encode, &CONVERSE, Vec::new()))
    }

    fn prepare(&self, _: &Exchange, _: Format, request: &mut Request) -> Result<(), GatewayError> {
        request.extras.retain(|extra| !["model", "stream"].contains(&extra.name.as_str()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_model_and_stream() {
        let place = |path| {
            let place = Place::of(path);
            (place.model.map(Cow::into_owned), place.streams)
        };
        let model = |name: &str| Some(name.to_owned());
        assert_eq!(place("/model/a.b-v1%3A0/converse"), (model("a.b-v1:0"), false));
        assert_eq!(place("/x/model/a+b/converse-stream/"), (model("a+b"), true));
        assert_eq!(place("/bedrock/converse"), (None, false));
        assert_eq!(place("/converse"), (None, false));
    }
}
