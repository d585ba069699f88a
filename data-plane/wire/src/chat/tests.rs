use proptest::prelude::*;

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{Choice, Delta, Fold, Part, unfold};
use crate::format::Parameters;

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

fn asked() -> Asked {
    Asked { id: "1".into(), model: "model".into(), stream_usage: true, ..Asked::default() }
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
    response.created.get_or_insert(0);
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

fn decode_stream(pieces: &[&[u8]]) -> Vec<Delta> {
    let mut decoder = OPENAI.decoder();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}

fn encode_stream(response: Response) -> Vec<u8> {
    let mut encoder = OPENAI.encoder(asked());
    let mut out = Vec::new();
    for delta in unfold(response) {
        encoder.delta(&delta, &mut out);
    }
    assert!(encoder.losses().is_empty(), "{:?}", encoder.losses());
    out
}

fn fold(deltas: Vec<Delta>) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta);
    }
    fold.finish()
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
        let body = OPENAI.encode_response(&response, &asked(), &mut losses);
        let text = String::from_utf8_lossy(&body).into_owned();
        prop_assert!(losses.is_empty(), "{losses:?}");
        prop_assert_eq!(OPENAI.decode_response(&body).unwrap(), response, "{}", text);
    }

    #[test]
    fn streams_say_what_whole_answers_say_wherever_they_are_cut(
        response in arbitrary::response(ANSWERS).prop_map(settle_response),
        cut in any::<prop::sample::Index>(),
    ) {
        let stream = encode_stream(response.clone());
        let whole = decode_stream(&[&stream]);
        let (a, b) = stream.split_at(cut.index(stream.len()));
        prop_assert_eq!(&decode_stream(&[a, b]), &whole);
        prop_assert_eq!(fold(whole), Some(Ok(response)), "{}", String::from_utf8_lossy(&stream));
    }

    #[test]
    fn nothing_panics(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        for body in [&bytes[..], text.as_bytes()] {
            let _ = OPENAI.decode_request(body);
            let _ = OPENAI.decode_response(body);
            OPENAI.decode_error(500, body);
            decode_stream(&[b"data: ", body, b"\n\n"]);
        }
    }
}
