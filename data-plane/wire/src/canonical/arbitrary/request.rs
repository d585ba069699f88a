use proptest::collection::vec;
use proptest::prelude::*;

use super::tools::tool_choice;
use super::*;

fn output(carries: Carries) -> impl Strategy<Value = Option<OutputFormat>> {
    let details = (name(), maybe(true, words()), maybe(true, any::<bool>()));
    let schema = (schema(), details).prop_map(move |(schema, (name, description, strict))| {
        let details = carries.schema_details;
        OutputFormat::JsonSchema {
            name: details.then_some(name),
            description: description.filter(|_| details),
            schema,
            strict: strict.filter(|_| details),
        }
    });
    prop_oneof![
        Just(None),
        Just(carries.json_object.then_some(OutputFormat::JsonObject)),
        schema.prop_map(move |schema| carries.json_schema.then_some(schema)),
    ]
}

fn reasoning_request(carries: Carries) -> impl Strategy<Value = Option<ReasoningRequest>> {
    let effort = prop_oneof![Just(Effort::Low), Just(Effort::Medium), Just(Effort::High)];
    prop_oneof![
        Just(None),
        effort.prop_map(move |effort| carries
            .effort
            .then(|| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() })),
        (1_024_u64..4_096).prop_map(move |budget| carries
            .budget
            .then(|| ReasoningRequest { budget: Some(budget), ..ReasoningRequest::default() })),
    ]
}

/// Quarters: what is read again is the same.
fn quarters(to: i32) -> impl Strategy<Value = f64> {
    (0..=to * 4).prop_map(|quarters| f64::from(quarters) / 4.0)
}

/// A request.
pub(crate) fn request(carries: Carries) -> impl Strategy<Value = Request> {
    let sampling = (
        maybe(true, quarters(1)),
        maybe(true, quarters(1)),
        maybe(carries.top_k, 1_u64..100),
        maybe(carries.penalties, quarters(2)),
        maybe(carries.penalties, quarters(2)),
        vec(words(), 0..3),
        maybe(carries.seed, any::<i32>()),
        maybe(carries.n, 1_u64..4),
    );
    let tooling =
        (tools(carries), tool_choice(carries), maybe(carries.parallel_tool_calls, any::<bool>()));
    let asked = (
        maybe(true, 4_096_u64..9_000),
        output(carries),
        reasoning_request(carries),
        maybe(carries.verbosity, Just("low".to_owned())),
        maybe(carries.logprobs, 0_u64..6),
        maybe(carries.logit_bias, Just(Json::parse(r#"{"50256":-100}"#).unwrap())),
        maybe(
            carries.prediction,
            Just(Json::parse(r#"{"type":"content","content":"a"}"#).unwrap()),
        ),
    );
    let labels = (
        maybe(carries.user, name()),
        maybe(carries.safety_identifier, name()),
        maybe(carries.metadata, (name(), words())),
        maybe(carries.service_tier, Just("auto".to_owned())),
        maybe(carries.store, any::<bool>()),
        maybe(carries.prompt_cache_key, name()),
        any::<bool>(),
    );
    (messages(carries), sampling, tooling, asked, labels).prop_map(
        move |(messages, sampling, tooling, asked, labels)| {
            let (tools, tool_choice, parallel_tool_calls) = tooling;
            let some = !tools.is_empty();
            let (user, safety_identifier, metadata, service_tier, store, prompt_cache_key, stream) =
                labels;
            Request {
                model: "model".into(),
                messages,
                tools,
                tool_choice: tool_choice.filter(|_| some),
                parallel_tool_calls: parallel_tool_calls.filter(|_| some),
                stream,
                stream_usage: stream,
                max_tokens: asked.0,
                temperature: sampling.0,
                top_p: sampling.1,
                top_k: sampling.2,
                frequency_penalty: sampling.3,
                presence_penalty: sampling.4,
                stop: if carries.stop { sampling.5 } else { Vec::new() },
                seed: sampling.6.map(i64::from),
                n: sampling.7,
                logit_bias: asked.5,
                logprobs: asked.4.map(|_| true),
                top_logprobs: asked.4.filter(|&top| top > 0),
                output: asked.1,
                reasoning: asked.2,
                verbosity: asked.3,
                prediction: asked.6,
                user,
                safety_identifier,
                metadata: metadata.into_iter().collect(),
                service_tier,
                store,
                prompt_cache_key,
                ..Request::default()
            }
        },
    )
}
