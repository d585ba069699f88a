//! What the codec is asked.

use proptest::prelude::*;

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{Choice, Part};
use crate::format::Parameters;
use crate::proof;

mod encoding;
mod errors;
mod golden;

/// What OpenAI's dialect carries of a request.
const REQUESTS: Carries = Carries {
    document_urls: false,
    document_text: false,
    document_context: false,
    cited: false,
    cache_ttl: false,
    result_names: false,
    result_errors: false,
    result_images: false,
    reasoning: false,
    call_signatures: false,
    citations: false,
    any_order: false,
    top_k: false,
    budget: false,
    ..Carries::all(Format::Chat)
};

/// What answers carry.
const ANSWERS: Carries =
    Carries { call_signatures: false, any_order: false, ..Carries::all(Format::Chat) };

fn target(stream: bool) -> Target<'static> {
    Target { model: "model", stream, parameters: Parameters::Drop }
}

/// What is told otherwise than it was, without a loss.
fn settle_request(mut request: Request) -> Request {
    for message in &mut request.messages {
        for part in &mut message.content {
            if let Part::Document(document) = part
                && matches!(document.source, crate::canonical::Source::Data { .. })
            {
                document.name.get_or_insert("document.pdf".into());
            }
        }
    }
    // A breakpoint on a tool has no member.
    for tool in &mut request.tools {
        if let crate::canonical::Tool::Function(tool) = tool {
            tool.cache = None;
        }
    }
    request
}

/// Without an id of this format there would be another one.
fn settle_response(mut response: Response) -> Response {
    response.id = format!("chatcmpl-{}", response.id);
    response.created.get_or_insert(1);
    for Choice { content, .. } in &mut response.choices {
        // Chat knows no signatures of its own but whole entries.
        for part in content {
            if let Part::Reasoning(reasoning) = part
                && let Some(signature) = &mut reasoning.signature
            {
                signature.format = Format::Anthropic;
            }
        }
    }
    response
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn requests_are_the_same_written_and_read(
        request in arbitrary::request(REQUESTS).prop_map(settle_request)
    ) {
        let mut losses = Losses::default();
        let body = OPENAI.encode_request(&request, &target(request.stream), &mut losses).unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        prop_assert!(losses.is_empty(), "{losses:?}");
        prop_assert_eq!(OPENAI.decode_request(&body).unwrap(), request, "{}", text);
    }

    #[test]
    fn answers_are_the_same_written_and_read(
        response in arbitrary::response(ANSWERS).prop_map(settle_response)
    ) {
        let mut losses = Losses::default();
        let body = OPENAI.encode_response(&response, &proof::asked(), &mut losses);
        let text = String::from_utf8_lossy(&body).into_owned();
        prop_assert!(losses.is_empty(), "{losses:?}");
        prop_assert_eq!(OPENAI.decode_response(&body).unwrap(), response, "{}", text);
    }

    #[test]
    fn streams_say_what_whole_answers_say_wherever_they_are_cut(
        response in arbitrary::response(ANSWERS).prop_map(settle_response),
        cut in any::<prop::sample::Index>(),
    ) {
        let (stream, losses) = proof::streamed(&OPENAI, response.clone());
        prop_assert!(losses.is_empty(), "{losses:?}");
        let whole = proof::deltas(&OPENAI, [&stream[..]]);
        proof::is_in_order(&whole);
        let (a, b) = stream.split_at(cut.index(stream.len()));
        prop_assert_eq!(&proof::deltas(&OPENAI, [a, b]), &whole);
        let text = String::from_utf8_lossy(&stream);
        prop_assert_eq!(proof::fold(whole), Some(Ok(response)), "{}", text);
    }

    #[test]
    fn nothing_panics(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        for body in [&bytes[..], text.as_bytes()] {
            let _ = OPENAI.decode_request(body);
            let _ = OPENAI.decode_response(body);
            OPENAI.decode_error(500, body);
            proof::deltas(&OPENAI, [b"data: ", body, b"\n\n"]);
        }
    }
}
