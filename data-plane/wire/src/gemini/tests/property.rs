//! What the format can carry comes back as it was; whatever the bytes are, nothing panics.

use proptest::prelude::*;

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{Part, Role, Text, unfold};

/// Requests for Gemini 3 on AI Studio.
const REQUEST: Carries = Carries {
    developer: false,
    names: false,
    image_detail: false,
    document_files: false,
    document_text: false,
    document_context: false,
    document_names: false,
    cited: false,
    cache: false,
    strict: false,
    custom_tools: false,
    // One that is required reads as that one.
    allowed_tools: false,
    parallel_tool_calls: false,
    redacted: false,
    refusals: false,
    citations: false,
    penalties: false,
    logit_bias: false,
    schema_details: false,
    budget: false,
    verbosity: false,
    user: false,
    safety_identifier: false,
    metadata: false,
    service_tier: false,
    prompt_cache_key: false,
    prediction: false,
    ..Carries::all(Format::Gemini)
};

const ANSWER: Carries = Carries { any_order: false, created: false, fingerprint: false, ..REQUEST };

/// As the format says it: texts of a result in one, no thoughts without signature, turns of one side
/// in one, and nothing of what stands in the address.
fn as_carried(mut request: Request) -> Request {
    request.model = String::new();
    (request.stream, request.stream_usage) = (false, true);
    if let Some(reasoning) = &mut request.reasoning {
        reasoning.display = Some("auto".into());
    }
    let mut messages: Vec<crate::canonical::Message> = Vec::new();
    for mut message in std::mem::take(&mut request.messages) {
        message.content.retain(
            |part| !matches!(part, Part::Reasoning(thought) if thought.signature.is_none()),
        );
        for part in &mut message.content {
            let Part::ToolResult(result) = part else { continue };
            let (texts, mut others): (Vec<Part>, Vec<Part>) =
                result.content.drain(..).partition(|part| matches!(part, Part::Text(_)));
            let texts = texts.iter().filter_map(|part| match part {
                Part::Text(text) => Some(text.text.as_str()),
                _ => None,
            });
            let text = texts.collect::<Vec<_>>().join("\n");
            if !text.is_empty() {
                others.insert(0, Part::Text(Text::new(text)));
            }
            result.content = others;
        }
        match messages.last_mut() {
            _ if message.content.is_empty() => {}
            Some(last) if last.role == message.role && last.role != Role::Tool => {
                last.content.append(&mut message.content);
            }
            _ => messages.push(message),
        }
    }
    request.messages = messages;
    request
}

fn as_answered(mut response: Response) -> Response {
    response.id = "id1".into();
    response.model = "asked".into();
    if let Some(usage) = &mut response.usage {
        usage.cache_write = 0;
    }
    response
}

proptest! {
    #[test]
    fn requests_come_back(request in arbitrary::request(REQUEST)) {
        let mut losses = Losses::default();
        let request = as_carried(request);
        let written = AI_STUDIO.encode_request(&request, &target("gemini-3-pro"), &mut losses);
        prop_assert_eq!(losses.header(), "");
        prop_assert_eq!(AI_STUDIO.decode_request(&written.unwrap()).unwrap(), request);
    }

    #[test]
    fn answers_come_back_whole_and_streamed(response in arbitrary::response(ANSWER)) {
        let response = as_answered(response);
        let mut losses = Losses::default();
        let whole = AI_STUDIO.encode_response(&response, &asked(), &mut losses);
        prop_assert_eq!(losses.header(), "");
        prop_assert_eq!(&AI_STUDIO.decode_response(&whole).unwrap(), &response);

        let (mut encoder, mut stream) = (AI_STUDIO.encoder(asked()), Vec::new());
        for delta in unfold(response.clone()) {
            encoder.delta(&delta, &mut stream);
        }
        prop_assert!(encoder.losses().is_empty());
        prop_assert_eq!(fold(&decode(&stream)), Some(Ok(response)));
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9\n ]{0,100}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let _ = AI_STUDIO.decode_request(input);
            let _ = AI_STUDIO.decode_response(input);
            let _ = AI_STUDIO.decode_error(400, input);
            let _ = decode(input);
            let _ = decode(&[b"data: ", input, b"\n\n"].concat());
        }
    }

    #[test]
    fn members_of_any_type_do_not_panic(value in "(null|1|-1|\"\"|\\[\\]|\\{\\}|\\[null\\]|\\[\\{\\}\\]|\\[\\[1\\]\\])", name in prop_oneof![
        Just("contents"), Just("tools"), Just("toolConfig"), Just("generationConfig"),
        Just("systemInstruction"), Just("candidates"), Just("usageMetadata"), Just("promptFeedback"),
    ]) {
        let body = format!(r#"{{"{name}":{value}}}"#);
        if let Ok(request) = AI_STUDIO.decode_request(body.as_bytes()) {
            let _ = VERTEX.encode_request(&request, &target("gemini-2.0-flash"), &mut Losses::default());
        }
        let _ = AI_STUDIO.decode_response(body.as_bytes());
        let _ = decode(format!("data: {body}\n\n").as_bytes());
    }
}
