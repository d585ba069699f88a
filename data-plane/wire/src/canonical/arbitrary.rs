//! Canonical values for property tests: in normal form and moderately small. A format's tests say in
//! [`Carries`] what it can carry, so that `decode(encode(x)) = x` can be asked of it; what is
//! particular to one format they change with `prop_map`.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::format::Format;
use crate::json::Json;

/// What a format carries. Strategies make nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carries {
    /// Whose signatures, files and native members are made.
    pub(crate) format: Format,
    pub(crate) developer: bool,
    pub(crate) names: bool,
    pub(crate) images: bool,
    pub(crate) image_detail: bool,
    pub(crate) image_urls: bool,
    pub(crate) audio: bool,
    pub(crate) documents: bool,
    pub(crate) document_urls: bool,
    pub(crate) document_files: bool,
    pub(crate) document_text: bool,
    pub(crate) document_context: bool,
    pub(crate) document_names: bool,
    /// `cited` of documents.
    pub(crate) cited: bool,
    /// Cache breakpoints on parts, results and tools.
    pub(crate) cache: bool,
    /// `ttl` of cache breakpoints.
    pub(crate) cache_ttl: bool,
    pub(crate) tools: bool,
    pub(crate) strict: bool,
    pub(crate) custom_tools: bool,
    pub(crate) allowed_tools: bool,
    pub(crate) parallel_tool_calls: bool,
    /// Names in tool results.
    pub(crate) result_names: bool,
    pub(crate) result_errors: bool,
    pub(crate) result_images: bool,
    pub(crate) reasoning: bool,
    /// Signatures of reasoning.
    pub(crate) signatures: bool,
    /// Signatures of calls.
    pub(crate) call_signatures: bool,
    /// Reasoning that is nothing but a signature.
    pub(crate) redacted: bool,
    pub(crate) refusals: bool,
    pub(crate) citations: bool,
    /// Several texts, in any order with reasoning and calls; otherwise reasoning, one text, one
    /// refusal and calls, in this order.
    pub(crate) any_order: bool,
    pub(crate) top_k: bool,
    pub(crate) penalties: bool,
    pub(crate) seed: bool,
    /// `n`, and answers of several choices.
    pub(crate) n: bool,
    pub(crate) logit_bias: bool,
    pub(crate) logprobs: bool,
    pub(crate) stop: bool,
    pub(crate) json_object: bool,
    pub(crate) json_schema: bool,
    /// `name`, `description` and `strict` of a schema.
    pub(crate) schema_details: bool,
    pub(crate) effort: bool,
    pub(crate) budget: bool,
    pub(crate) verbosity: bool,
    pub(crate) user: bool,
    pub(crate) safety_identifier: bool,
    pub(crate) metadata: bool,
    pub(crate) service_tier: bool,
    pub(crate) store: bool,
    pub(crate) prompt_cache_key: bool,
    pub(crate) prediction: bool,
    pub(crate) created: bool,
    pub(crate) fingerprint: bool,
}

impl Carries {
    /// Everything.
    pub(crate) const fn all(format: Format) -> Self {
        Self {
            format,
            developer: true,
            names: true,
            images: true,
            image_detail: true,
            image_urls: true,
            audio: true,
            documents: true,
            document_urls: true,
            document_files: true,
            document_text: true,
            document_context: true,
            document_names: true,
            cited: true,
            cache: true,
            cache_ttl: true,
            tools: true,
            strict: true,
            custom_tools: true,
            allowed_tools: true,
            parallel_tool_calls: true,
            result_names: true,
            result_errors: true,
            result_images: true,
            reasoning: true,
            signatures: true,
            call_signatures: true,
            redacted: true,
            refusals: true,
            citations: true,
            any_order: true,
            top_k: true,
            penalties: true,
            seed: true,
            n: true,
            logit_bias: true,
            logprobs: true,
            stop: true,
            json_object: true,
            json_schema: true,
            schema_details: true,
            effort: true,
            budget: true,
            verbosity: true,
            user: true,
            safety_identifier: true,
            metadata: true,
            service_tier: true,
            store: true,
            prompt_cache_key: true,
            prediction: true,
            created: true,
            fingerprint: true,
        }
    }
}

/// `strategy` half the time, where it is carried.
pub(crate) fn maybe<S: Strategy>(
    carried: bool,
    strategy: S,
) -> impl Strategy<Value = Option<S::Value>> {
    option::of(strategy).prop_map(move |value| value.filter(|_| carried))
}

fn flag(carried: bool) -> impl Strategy<Value = bool> {
    any::<bool>().prop_map(move |flag| flag && carried)
}

/// Text that is not empty, begins and ends with something to see, and has what escapes have to do
/// with.
pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\é😀<{:][a-zA-Z0-9 \n\t\"\\\\é😀<>{}:,/]{0,14}[a-z.}é]"
}

/// A name of a tool or schema.
pub(crate) fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_]{0,9}"
}

/// Base64 of a few bytes.
pub(crate) fn base64() -> impl Strategy<Value = String> {
    "([A-Za-z0-9+/]{4}){1,4}"
}

/// The text of a JSON object, without blanks.
pub(crate) fn object() -> impl Strategy<Value = Json> {
    let value = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        words().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        vec(any::<u8>(), 0..3).prop_map(serde_json::Value::from),
    ];
    proptest::collection::btree_map(name(), value, 0..3)
        .prop_map(|members| Json::of(&members).unwrap())
}

/// A JSON Schema of an object.
pub(crate) fn schema() -> impl Strategy<Value = Json> {
    name().prop_map(|name| {
        let text = format!(
            r#"{{"type":"object","properties":{{"{name}":{{"type":"string"}}}},"required":["{name}"],"additionalProperties":false}}"#
        );
        Json::parse(text).unwrap()
    })
}

fn cache(carries: Carries) -> impl Strategy<Value = Option<CacheControl>> {
    let ttl = maybe(carries.cache_ttl, prop_oneof![Just("5m".to_owned()), Just("1h".to_owned())]);
    let cache = ttl.prop_map(|ttl| CacheControl { ttl });
    proptest::option::weighted(0.2, cache).prop_map(move |cache| cache.filter(|_| carries.cache))
}

fn signature(carried: bool, format: Format) -> impl Strategy<Value = Option<Signature>> {
    maybe(carried, base64().prop_map(move |data| Signature { format, data }))
}

/// A text as a person, an operator or a tool says it.
pub(crate) fn text(carries: Carries) -> impl Strategy<Value = Part> {
    (words(), cache(carries))
        .prop_map(|(text, cache)| Part::Text(Text { text, cache, ..Text::default() }))
}

/// A picture.
pub(crate) fn image(carries: Carries) -> impl Strategy<Value = Part> {
    let data = base64().prop_map(|data| Source::Data { media_type: "image/png".into(), data });
    let url = Just(Source::Url("https://example.com/a.png".into()));
    let source = if carries.image_urls { prop_oneof![data, url].boxed() } else { data.boxed() };
    let detail =
        maybe(carries.image_detail, prop_oneof![Just("low".to_owned()), Just("high".to_owned())]);
    (source, detail, cache(carries))
        .prop_map(|(source, detail, cache)| Part::Image(Image { source, detail, cache }))
}

/// A file.
pub(crate) fn document(carries: Carries) -> impl Strategy<Value = Part> {
    let data =
        base64().prop_map(|data| Source::Data { media_type: "application/pdf".into(), data });
    let mut sources = vec![data.boxed()];
    if carries.document_urls {
        sources.push(Just(Source::Url("https://example.com/a.pdf".into())).boxed());
    }
    if carries.document_files {
        let format = carries.format;
        sources.push(name().prop_map(move |id| Source::File { format, id }).boxed());
    }
    if carries.document_text {
        sources.push(words().prop_map(Source::Text).boxed());
    }
    (
        proptest::strategy::Union::new(sources),
        maybe(carries.document_names, name()),
        maybe(carries.document_context, words()),
        flag(carries.cited),
        cache(carries),
    )
        .prop_map(|(source, name, context, cited, cache)| {
            Part::Document(Document { source, name, context, cited, cache })
        })
}

/// What a person says.
pub(crate) fn user_part(carries: Carries) -> impl Strategy<Value = Part> {
    let mut parts = vec![text(carries).boxed(), text(carries).boxed()];
    if carries.images {
        parts.push(image(carries).boxed());
    }
    if carries.documents {
        parts.push(document(carries).boxed());
    }
    if carries.audio {
        let sound = |data| Audio { data, format: "wav".into(), ..Audio::default() };
        parts.push(base64().prop_map(move |data| Part::Audio(sound(data))).boxed());
    }
    proptest::strategy::Union::new(parts)
}

/// What the model thought; empty only where it is signed.
pub(crate) fn reasoning(carries: Carries) -> impl Strategy<Value = Reasoning> {
    let shown = (words(), signature(carries.signatures, carries.format))
        .prop_map(|(text, signature)| Reasoning { text, signature, ..Reasoning::default() });
    let format = carries.format;
    let hidden = base64().prop_map(move |data| Reasoning {
        signature: Some(Signature { format, data }),
        redacted: true,
        ..Reasoning::default()
    });
    if carries.redacted { prop_oneof![3 => shown, 1 => hidden].boxed() } else { shown.boxed() }
}

/// A call, its id to be numbered by [`number_calls`].
pub(crate) fn tool_call(carries: Carries) -> impl Strategy<Value = ToolCall> {
    let arguments = (object(), words(), flag(carries.custom_tools));
    (name(), arguments, signature(carries.call_signatures, carries.format)).prop_map(
        |(name, (object, text, custom), signature)| ToolCall {
            id: String::new(),
            name,
            arguments: if custom { text } else { object.text().to_owned() },
            custom,
            signature,
            cache: None,
        },
    )
}

/// Gives every call an id of its own, of nine letters and digits.
pub(crate) fn number_calls(from: usize, parts: &mut [Part]) {
    for (index, part) in parts.iter_mut().enumerate() {
        if let Part::ToolCall(call) = part {
            call.id = format!("call{:05}", from + index);
        }
    }
}

fn citation() -> impl Strategy<Value = Citation> {
    ("[a-z]{1,8}", words(), 0_u64..5).prop_map(|(page, title, start)| Citation {
        url: Some(format!("https://example.com/{page}")),
        title: Some(title),
        span: Some((start, start + 2)),
        ..Citation::default()
    })
}

/// What the model says. Never empty.
pub(crate) fn assistant(carries: Carries) -> impl Strategy<Value = Vec<Part>> {
    let citations = vec(citation(), if carries.citations { 0..2 } else { 0..1 });
    let text = (words(), citations).prop_map(move |(text, mut citations)| {
        citations.truncate(if carries.citations { 2 } else { 0 });
        Part::Text(Text { text, citations, ..Text::default() })
    });
    let text = text.boxed();
    let reasoning = maybe(carries.reasoning, reasoning(carries).prop_map(Part::Reasoning));
    let refusal = words().prop_map(|text| Part::Refusal(Refusal { text }));
    let refusal = proptest::option::weighted(0.1, refusal)
        .prop_map(move |refusal| refusal.filter(|_| carries.refusals));
    let calls = vec(tool_call(carries).prop_map(Part::ToolCall), 0..3)
        .prop_map(move |calls| if carries.tools { calls } else { Vec::new() });
    let ordered = (reasoning, option::of(text.clone()), refusal, calls, text.clone()).prop_map(
        |(reasoning, text, refusal, calls, other)| {
            let mut parts: Vec<Part> = reasoning.into_iter().chain(text).chain(refusal).collect();
            if parts.is_empty() && calls.is_empty() {
                parts.push(other);
            }
            parts.extend(calls);
            parts
        },
    );
    if !carries.any_order {
        return ordered.boxed();
    }
    (ordered, option::of(text))
        .prop_flat_map(|(mut parts, more)| {
            parts.extend(more);
            Just(parts).prop_shuffle()
        })
        .boxed()
}

fn tool_result(carries: Carries) -> impl Strategy<Value = ToolResult> {
    let text = text(Carries { cache: false, ..carries });
    let image = image(Carries { cache: false, image_detail: false, ..carries });
    let part = if carries.result_images {
        prop_oneof![3 => text, 1 => image].boxed()
    } else {
        text.boxed()
    };
    (vec(part, 1..3), flag(carries.result_errors), cache(carries)).prop_map(
        |(content, is_error, cache)| ToolResult {
            call_id: String::new(),
            name: None,
            content,
            is_error,
            custom: false,
            cache,
        },
    )
}

/// A conversation: system, then the person and the model in turns, results after calls.
pub(crate) fn messages(carries: Carries) -> impl Strategy<Value = Vec<Message>> {
    let system = option::of((vec(text(carries), 1..3), flag(carries.developer)));
    let said = (vec(user_part(carries), 1..3), maybe(carries.names, name()));
    let turn = (said, option::of((assistant(carries), vec(tool_result(carries), 3..4))));
    (system, vec(turn, 1..3)).prop_map(move |(system, turns)| {
        let mut messages = Vec::new();
        if let Some((content, developer)) = system {
            let role = if developer { Role::Developer } else { Role::System };
            messages.push(Message::new(role, content));
        }
        let last = turns.len() - 1;
        for (index, ((content, name), answer)) in turns.into_iter().enumerate() {
            messages.push(Message { role: Role::User, content, name });
            let Some((mut answer, results)) = answer else {
                if index < last {
                    messages.push(Message::new(Role::Assistant, vec![Part::Text(Text::new("ok"))]));
                }
                continue;
            };
            number_calls(index * 100, &mut answer);
            let calls = answer.iter().filter_map(|part| match part {
                Part::ToolCall(call) => Some(call),
                _ => None,
            });
            let results: Vec<Part> = calls
                .zip(results.into_iter().cycle())
                .map(|(call, result)| {
                    Part::ToolResult(ToolResult {
                        call_id: call.id.clone(),
                        name: carries.result_names.then(|| call.name.clone()),
                        custom: call.custom,
                        ..result
                    })
                })
                .collect();
            messages.push(Message::new(Role::Assistant, answer));
            if !results.is_empty() {
                messages.push(Message::new(Role::Tool, results));
            }
        }
        messages
    })
}

/// Functions and custom tools, each name once.
pub(crate) fn tools(carries: Carries) -> impl Strategy<Value = Vec<Tool>> {
    let function = (
        maybe(true, words()),
        maybe(true, schema()),
        maybe(carries.strict, any::<bool>()),
        cache(carries),
    )
        .prop_map(|(description, parameters, strict, cache)| {
            Tool::Function(FunctionTool {
                name: String::new(),
                description,
                parameters,
                strict,
                cache,
            })
        });
    let custom = maybe(true, words()).prop_map(|description| {
        Tool::Custom(CustomTool { name: String::new(), description, format: None })
    });
    let tool = if carries.custom_tools {
        prop_oneof![3 => function, 1 => custom].boxed()
    } else {
        function.boxed()
    };
    vec(tool, 0..3).prop_map(move |mut tools| {
        for (index, tool) in tools.iter_mut().enumerate() {
            match tool {
                Tool::Function(tool) => tool.name = format!("tool_{index}"),
                Tool::Custom(tool) => tool.name = format!("tool_{index}"),
                Tool::Native(_) => {}
            }
        }
        if carries.tools { tools } else { Vec::new() }
    })
}

fn tool_choice(carries: Carries) -> impl Strategy<Value = Option<ToolChoice>> {
    let mut choices = vec![
        Just(ToolChoice::Auto).boxed(),
        Just(ToolChoice::None).boxed(),
        Just(ToolChoice::Required).boxed(),
        Just(ToolChoice::Named("tool_0".into())).boxed(),
    ];
    if carries.allowed_tools {
        let allowed = |required| ToolChoice::Allowed { required, names: vec!["tool_0".into()] };
        choices.push(any::<bool>().prop_map(allowed).boxed());
    }
    option::of(proptest::strategy::Union::new(choices))
}

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

/// Counts whose details are within their sums.
pub(crate) fn usage() -> impl Strategy<Value = Usage> {
    (0_u64..50, 0_u64..50, 0_u64..50, 0_u64..50, 0_u64..50).prop_map(
        |(input, output, cache_read, cache_write, reasoning)| Usage {
            input: input + cache_read + cache_write,
            output: output + reasoning,
            cache_read,
            cache_write,
            reasoning,
            ..Usage::default()
        },
    )
}

fn logprobs() -> impl Strategy<Value = Vec<TokenLogprob>> {
    let top = || {
        (words(), -9_i32..0).prop_map(|(token, logprob)| TopLogprob {
            token,
            logprob: f64::from(logprob) / 4.0,
            bytes: None,
        })
    };
    let token = (top(), vec(top(), 0..2)).prop_map(|(token, top)| TokenLogprob {
        token: token.token,
        logprob: token.logprob,
        bytes: None,
        top,
    });
    vec(token, 0..2)
}

/// An answer. It finishes for calls where there are some.
pub(crate) fn response(carries: Carries) -> impl Strategy<Value = Response> {
    let finish = prop_oneof![3 => Just(Finish::Stop), 1 => Just(Finish::Length)];
    let choice = (assistant(carries), finish, logprobs());
    let head =
        (name(), maybe(carries.created, 1_i64..2_000_000_000), maybe(carries.fingerprint, name()));
    let tier = maybe(carries.service_tier, Just("default".to_owned()));
    (head, vec(choice, 1..3), usage(), tier).prop_map(
        move |((id, created, system_fingerprint), mut choices, usage, service_tier)| {
            choices.truncate(if carries.n { 2 } else { 1 });
            let choices = (0..).zip(choices).map(|(index, (mut content, finish, logprobs))| {
                number_calls(index as usize * 100, &mut content);
                let calls = content.iter().any(|part| matches!(part, Part::ToolCall(_)));
                Choice {
                    index,
                    content,
                    finish: Some(if calls { Finish::ToolCalls } else { finish }),
                    logprobs: if carries.logprobs { logprobs } else { Vec::new() },
                }
            });
            Response {
                id,
                model: "model".into(),
                created,
                choices: choices.collect(),
                usage: Some(usage),
                service_tier,
                system_fingerprint,
                extras: Vec::new(),
            }
        },
    )
}
