use proptest::prelude::*;

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{Message, OutputFormat, Part, Role, Signature, Tool, ToolChoice};
use crate::proof;

/// What the format carries, for models that take all that it has.
const CARRIES: Carries = Carries {
    developer: false,
    names: false,
    image_detail: false,
    audio: false,
    custom_tools: false,
    allowed_tools: false,
    result_names: false,
    call_signatures: false,
    refusals: false,
    citations: false,
    penalties: false,
    seed: false,
    n: false,
    logit_bias: false,
    logprobs: false,
    json_object: false,
    schema_details: false,
    effort: false,
    verbosity: false,
    safety_identifier: false,
    metadata: false,
    store: false,
    prompt_cache_key: false,
    prediction: false,
    created: false,
    fingerprint: false,
    ..Carries::all(Format::Anthropic)
};

/// Unsigned thinking is not sent.
fn sign(parts: &mut [Part]) {
    for part in parts {
        if let Part::Reasoning(reasoning) = part {
            let data = "c2lnbmVk".to_owned();
            reasoning.signature.get_or_insert(Signature { format: Format::Anthropic, data });
        }
    }
}

/// A request in the form in which this format's decoder makes it.
fn request() -> impl Strategy<Value = Request> {
    arbitrary::request(CARRIES).prop_map(|mut request| {
        for message in &mut request.messages {
            sign(&mut message.content);
        }
        for tool in &mut request.tools {
            if let Tool::Function(tool) = tool {
                tool.parameters.get_or_insert_with(|| {
                    crate::json::Json::parse(r#"{"type":"object","properties":{}}"#).unwrap()
                });
            }
        }
        if request.tool_choice.is_none() || matches!(request.tool_choice, Some(ToolChoice::None)) {
            request.parallel_tool_calls = None;
        }
        // Thinking with a budget goes with little else.
        let turns = request.messages.iter().rev();
        let ends_with_results = turns
            .take_while(|message| message.role != Role::Assistant)
            .any(|message| message.role == Role::Tool);
        request.reasoning = request.reasoning.filter(|_| {
            !matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)))
                && !ends_with_results
        });
        if request.reasoning.is_some() {
            (request.temperature, request.top_p, request.top_k) = (None, None, None);
        }
        if request.temperature.is_some() {
            request.top_p = None;
        }
        request.max_tokens.get_or_insert(5_000);
        request.stream = false;
        request.stream_usage = true;
        // Without tools, calls of the history are declared.
        if request.tools.is_empty() {
            for message in &mut request.messages {
                message
                    .content
                    .retain(|part| !matches!(part, Part::ToolCall(_) | Part::ToolResult(_)));
            }
            request.messages.retain(|message| !message.content.is_empty());
        }
        request
    })
}

proptest! {
    #[test]
    fn what_the_format_carries_comes_back(request in request()) {
        let (body, losses) = encoded(&request, "claude-sonnet-4-5");
        let back = MESSAGES.decode_request(body.as_bytes()).unwrap();
        let expected = Request { model: "claude-sonnet-4-5".into(), ..request };
        prop_assert_eq!(back, expected);
        prop_assert!(losses.is_empty(), "{:?}", losses);
    }

    #[test]
    fn answers_come_back_whole_and_streamed(
        response in arbitrary::response(CARRIES),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let response = Response { id: format!("msg_{}", response.id), ..response };
        let mut losses = Losses::default();
        let body = MESSAGES.encode_response(&response, &proof::asked(), &mut losses);
        prop_assert_eq!(MESSAGES.decode_response(&body).unwrap(), response.clone());
        prop_assert!(losses.is_empty(), "{:?}", losses);
        let (stream, losses) = proof::streamed(&MESSAGES, response.clone());
        prop_assert!(losses.is_empty(), "{:?}", losses);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let pieces = places.windows(2).map(|ends| &stream[ends[0]..ends[1]]);
        let said = proof::deltas(&MESSAGES, pieces);
        prop_assert_eq!(&said, &proof::deltas(&MESSAGES, [stream.as_slice()]));
        prop_assert_eq!(proof::fold(said), Some(Ok(response)));
    }

    #[test]
    fn everything_that_is_asked_for_arrives_or_is_reported(
        request in arbitrary::request(Carries::all(Format::Chat)),
        model in prop_oneof![Just("claude-opus-5"), Just("claude-sonnet-4-5"), Just("claude-3-haiku")],
    ) {
        let mut losses = Losses::default();
        match MESSAGES.encode_request(&request, &target(model), &mut losses) {
            Err(error) => prop_assert!(!error.message.is_empty()),
            Ok(body) => {
                let back = MESSAGES.decode_request(&body).unwrap();
                let lost = |field: &str| losses.iter().any(|loss| loss.field.starts_with(field));
                prop_assert!(request.seed.is_none() || lost("seed"));
                prop_assert!(request.temperature == back.temperature || lost("temperature")
                    || request.temperature == Some(1.0));
                prop_assert!(request.stop == back.stop || lost("stop"));
                let object = request.output == Some(OutputFormat::JsonObject);
                prop_assert!(!object || lost("output"));
                prop_assert!(texts(&request.messages) == texts(&back.messages) || lost("messages")
                    || lost("output"));
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "(event: (error|message_start|content_block_start|content_block_delta|message_delta)\n|data: |\n|\\{\"type\":\"[a-z_]{0,8}\",|\"index\":[0-2],|\"delta\":\\{|\"content_block\":\\{|\"type\":\"(text|tool_use|thinking|text_delta|input_json_delta|server_tool_use)\"|,|\\}|\"text\":\"a\"|\"id\":\"a\"|\"name\":\"b\"|\"input\":\\{\\}){0,40}",
        json in "(\\{\"(model|messages|system|tools|thinking|content|usage|stop_reason)\":|\\[|\\]|\\}|,|\"a\"|1|null|\"role\":\"user\"|\"type\":\"text\"){0,30}",
    ) {
        for stream in [&bytes[..], text.as_bytes()] {
            let (a, b) = stream.split_at(stream.len() / 2);
            proof::deltas(&MESSAGES, [a, b]);
        }
        for body in [&bytes[..], text.as_bytes(), json.as_bytes()] {
            let _ = MESSAGES.decode_request(body);
            let _ = MESSAGES.decode_response(body);
            let _ = MESSAGES.decode_error(400, body);
        }
    }
}

fn texts(messages: &[Message]) -> Vec<String> {
    let parts = messages.iter().flat_map(|message| &message.content);
    let texts = parts.filter_map(|part| match part {
        Part::Text(text) => Some(text.text.clone()),
        _ => None,
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}
