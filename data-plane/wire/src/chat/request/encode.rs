//! A request, written in a dialect.

use crate::canonical::{Effort, OutputFormat, ReasoningRequest, Request};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::ObjectWriter;

use super::super::dialect::{Chat, Logprobs, Thinking};
use super::super::models;
use super::{history, tools};

/// Writes a request.
pub(in crate::chat) fn encode(
    chat: &Chat,
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    body.text("model", target.model);
    let mut list = body.list("messages");
    if let Some(OutputFormat::JsonSchema { schema, .. }) = &request.output
        && !chat.json_schema
    {
        history::write_instruction(&mut list, schema);
    }
    let mut writer = history::Writer { chat, request, model: target.model, losses };
    writer.messages(&mut list)?;
    list.close();
    let mut rest = Rest { body: &mut body, chat, request, target, losses };
    rest.sampling()?;
    rest.output()?;
    rest.thinking();
    rest.labels()?;
    rest.extras();
    tools::encode(&mut body, request, chat, losses)?;
    if target.stream {
        body.value("stream", &true);
        if chat.stream_options {
            body.key("stream_options").extend_from_slice(b"{\"include_usage\":true}");
        }
    }
    body.close();
    Ok(out)
}

/// Everything but the conversation and the tools.
struct Rest<'r, 'o, 'a> {
    body: &'r mut ObjectWriter<'o>,
    chat: &'a Chat,
    request: &'a Request,
    target: &'a Target<'a>,
    losses: &'r mut Losses,
}

impl Rest<'_, '_, '_> {
    /// Whether a member is sent: the dialect has it, and the model does not refuse it.
    fn may(&mut self, field: &'static str, known: bool) -> bool {
        if !known {
            self.losses.dropped(field);
            return false;
        }
        if self.target.parameters == Parameters::Drop
            && models::refuses(self.chat.models, self.target.model, field, self.request)
        {
            self.losses.refused_by_model(field, "the model would refuse it");
            return false;
        }
        true
    }

    /// A member of the same name.
    fn plain(&mut self, field: &'static str, known: bool, value: Option<&impl serde::Serialize>) {
        if let Some(value) = value
            && self.may(field, known)
        {
            self.body.value(field, value);
        }
    }

    fn sampling(&mut self) -> Result<(), Unsupported> {
        let (chat, request) = (self.chat, self.request);
        self.body.option(chat.max_tokens, request.max_tokens.as_ref());
        // Models that take no other value take the one that they have.
        let usual = |value: f64| (value - 1.0).abs() < f64::EPSILON;
        for (field, value) in [("temperature", request.temperature), ("top_p", request.top_p)] {
            if value.is_none_or(usual) {
                self.body.option(field, value.as_ref());
            } else {
                self.plain(field, true, value.as_ref());
            }
        }
        self.plain("top_k", chat.top_k, request.top_k.as_ref());
        let penalties = chat.penalties;
        self.plain("frequency_penalty", penalties, request.frequency_penalty.as_ref());
        self.plain("presence_penalty", penalties, request.presence_penalty.as_ref());
        let stop = (!request.stop.is_empty()).then_some(&request.stop);
        self.plain("stop", true, stop);
        match (request.seed, chat.seed) {
            (Some(seed), Some(name)) => self.body.value(name, &seed),
            (Some(_), None) => self.losses.dropped("seed"),
            (None, _) => {}
        }
        match request.n {
            Some(n) if chat.n => self.body.value("n", &n),
            None | Some(1) => {}
            Some(_) => {
                return Err(Unsupported::new("n", "the provider gives one answer at a time"));
            }
        }
        self.plain("logit_bias", chat.logit_bias, request.logit_bias.as_ref());
        match chat.logprobs {
            Logprobs::Number if request.logprobs == Some(true) => {
                self.body.value("logprobs", &request.top_logprobs.unwrap_or(1));
            }
            // It is the default.
            Logprobs::Number | Logprobs::None if request.logprobs == Some(false) => {}
            known => {
                let known = known == Logprobs::Flag;
                self.plain("logprobs", known, request.logprobs.as_ref());
                self.plain("top_logprobs", known, request.top_logprobs.as_ref());
            }
        }
        Ok(())
    }

    fn output(&mut self) -> Result<(), Unsupported> {
        let (chat, request) = (self.chat, self.request);
        match &request.output {
            Some(OutputFormat::JsonSchema { name, description, schema, strict })
                if chat.json_schema =>
            {
                let mut format = self.body.object("response_format");
                format.text("type", "json_schema");
                let mut inner = format.object("json_schema");
                // It wants one.
                inner.text("name", name.as_deref().unwrap_or("output"));
                inner.option("description", description.as_deref());
                inner.json("schema", schema);
                inner.option("strict", strict.as_ref());
                inner.close();
                format.close();
            }
            Some(asked) => {
                if matches!(asked, OutputFormat::JsonSchema { .. }) {
                    let note = "as json_object, with the schema as an instruction";
                    self.losses.approximated("output", note);
                }
                let mut format = self.body.object("response_format");
                format.text("type", "json_object");
                format.close();
            }
            None => {}
        }
        self.plain("verbosity", chat.verbosity, request.verbosity.as_ref());
        if !request.modalities.is_empty() {
            if !chat.audio && request.modalities.iter().any(|modality| modality == "audio") {
                return Err(Unsupported::new("modalities", "the provider does not speak"));
            }
            self.body.value("modalities", &request.modalities);
        }
        self.plain("audio", chat.audio, request.audio.as_ref());
        self.plain("prediction", chat.prediction, request.prediction.as_ref());
        Ok(())
    }

    fn thinking(&mut self) {
        let Some(asked) = &self.request.reasoning else { return };
        if !self.may("reasoning", true) {
            return;
        }
        if self.chat.thinking == Thinking::Object {
            self.thinking_object(asked);
            return;
        }
        if asked.display.is_some() {
            self.losses.dropped("reasoning.display");
        }
        match self.chat.thinking {
            Thinking::Object => {}
            Thinking::Effort(words) => {
                if let Some(effort) = self.effort(asked, words) {
                    self.body.text("reasoning_effort", effort.word());
                }
            }
            Thinking::Switch(words) => {
                let off = asked.effort == Some(Effort::None);
                let mut thinking = self.body.object("thinking");
                thinking.text("type", if off { "disabled" } else { "enabled" });
                thinking.close();
                if !off && let Some(effort) = self.effort(asked, words) {
                    self.body.text("reasoning_effort", effort.word());
                }
            }
        }
    }

    /// How hard, in a word that the dialect has.
    fn effort(&mut self, asked: &ReasoningRequest, words: &[Effort]) -> Option<Effort> {
        let exact = asked.effort;
        if asked.budget.is_some() || (asked.adaptive && exact.is_none()) {
            self.losses.approximated("reasoning", "as an effort");
        }
        let wanted = exact.or_else(|| asked.budget.map(Effort::near))?;
        if words.contains(&wanted) {
            return Some(wanted);
        }
        self.losses.approximated("reasoning.effort", "the nearest that the provider has");
        let distance = |word: &&Effort| (**word as i32).abs_diff(wanted as i32);
        words.iter().min_by_key(distance).copied()
    }

    /// As OpenRouter has it.
    fn thinking_object(&mut self, asked: &ReasoningRequest) {
        let mut object = self.body.object("reasoning");
        object.option("effort", asked.effort.map(Effort::word));
        object.option("max_tokens", asked.budget.as_ref());
        if asked.adaptive && asked.effort.is_none() && asked.budget.is_none() {
            object.value("enabled", &true);
        }
        match asked.display.as_deref() {
            Some("omitted") => object.value("exclude", &true),
            Some(summary @ ("auto" | "concise" | "detailed")) => object.text("summary", summary),
            Some(_) => self.losses.dropped("reasoning.display"),
            None => {}
        }
        object.close();
    }

    fn labels(&mut self) -> Result<(), Unsupported> {
        let (chat, request) = (self.chat, self.request);
        match (&request.user, chat.user) {
            (Some(user), Some(name)) => self.body.text(name, user),
            (Some(_), None) => self.losses.dropped("user"),
            (None, _) => {}
        }
        self.plain("safety_identifier", chat.safety_identifier, request.safety_identifier.as_ref());
        if !request.metadata.is_empty() && self.may("metadata", chat.metadata) {
            let mut object = self.body.object("metadata");
            for (name, value) in &request.metadata {
                object.text(name, value);
            }
            object.close();
        }
        self.plain("service_tier", chat.service_tier, request.service_tier.as_ref());
        // What is not kept by default need not be told so.
        if chat.store || request.store == Some(true) {
            self.plain("store", chat.store, request.store.as_ref());
        }
        self.plain("prompt_cache_key", chat.prompt_cache_key, request.prompt_cache_key.as_ref());
        if let Some(cache) = &request.cache {
            match chat.cache {
                super::super::dialect::Cache::Control => history::write_control(self.body, cache),
                _ => self.losses.approximated("cache", "the provider caches by itself, if at all"),
            }
        }
        if request.previous_response_id.is_some() {
            let message = "the provider keeps no answers";
            return Err(Unsupported::new("previous_response_id", message));
        }
        Ok(())
    }

    fn extras(&mut self) {
        for extra in &self.request.extras {
            let known = |others: &&'static [&'static str]| others.contains(&&*extra.name);
            if extra.format == Format::Chat && self.chat.others.as_ref().is_none_or(known) {
                self.body.json(&extra.name, &extra.json);
            } else {
                self.losses.dropped(extra.name.clone());
            }
        }
    }
}
