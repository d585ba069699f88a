use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{
    Document, Effort, ErrorKind, Finish, Image, Message, Part, ReasoningRequest, Role, Source,
    Text, ToolChoice, ToolResult,
};
use crate::format::Parameters;
use crate::proof;

fn target(model: &str) -> Target<'_> {
    Target { model, stream: false, parameters: Parameters::Drop }
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read(folder.join("src/ollama/fixtures").join(name)).unwrap()
}

proof::goldens!(OLLAMA, "ndjson");

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    for name in ["text", "parallel_tools", "length"] {
        let stream = fixture(&format!("{name}.ndjson"));
        let folded = proof::fold(proof::deltas(&OLLAMA, [stream.as_slice()])).unwrap().unwrap();
        let whole = OLLAMA.decode_response(&fixture(&format!("{name}.response.json"))).unwrap();
        assert_eq!(folded, whole, "{name}");
    }
}

#[test]
fn calls_are_answered_by_name_where_they_have_no_ids() {
    let request = OLLAMA.decode_request(&fixture("tools.request.json")).unwrap();
    let ids = |message: &Message| -> Vec<String> {
        let id = |part: &Part| match part {
            Part::ToolCall(call) => Some(call.id.clone()),
            Part::ToolResult(result) => Some(result.call_id.clone()),
            _ => None,
        };
        message.content.iter().filter_map(id).collect()
    };
    assert_eq!(ids(&request.messages[1]), ["call_1_0", "call_b"]);
    assert_eq!(ids(&request.messages[2]), ["call_1_0", "call_b"]);
}

#[test]
fn errors_are_told_by_their_status() {
    let read = |status| {
        let error = OLLAMA.decode_error(status, br#"{"error":"why"}"#);
        assert_eq!((&*error.message, error.status), ("why", status));
        error.kind
    };
    assert_eq!(read(400), ErrorKind::InvalidRequest);
    assert_eq!(read(401), ErrorKind::Authentication);
    assert_eq!(read(404), ErrorKind::NotFound);
    assert_eq!(read(429), ErrorKind::RateLimit);
    assert_eq!(read(500), ErrorKind::Server);
    assert_eq!(read(503), ErrorKind::Overloaded);
    assert_eq!(OLLAMA.decode_error(502, b"<html>").message, "<html>");
    let error = ProviderError::new(ErrorKind::RateLimit, "slow down");
    assert_eq!(OLLAMA.decode_error(429, &OLLAMA.encode_error(&error)), error);
    let whole = OLLAMA.decode_response(br#"{"error":"out of memory"}"#);
    assert!(matches!(whole, Err(Failure::Error(error)) if error.message == "out of memory"));
    assert!(matches!(OLLAMA.decode_response(b"{}"), Err(Failure::Invalid(_))));
}

fn user(parts: Vec<Part>) -> Request {
    Request { messages: vec![Message::new(Role::User, parts)], ..Request::default() }
}

fn encoded(request: &Request, model: &str) -> (Value, String) {
    let mut losses = Losses::default();
    let body = OLLAMA.encode_request(request, &target(model), &mut losses).unwrap();
    (parse(&body), losses.header())
}

#[test]
fn models_are_told_to_think_in_their_own_words() {
    let asked = |effort| Request {
        reasoning: Some(ReasoningRequest { effort: Some(effort), ..Default::default() }),
        ..user(vec![Part::Text(Text::new("Hi"))])
    };
    let think = |effort, model| {
        let (body, losses) = encoded(&asked(effort), model);
        (body["think"].clone(), losses)
    };
    assert_eq!(think(Effort::High, "gpt-oss:20b"), (json!("high"), String::new()));
    assert_eq!(
        think(Effort::Minimal, "gpt-oss:20b"),
        (json!("low"), "approximated=reasoning.effort".to_owned())
    );
    assert_eq!(
        think(Effort::High, "qwen3:8b"),
        (json!(true), "approximated=reasoning.effort".to_owned())
    );
    assert_eq!(think(Effort::None, "qwen3:8b"), (json!(false), String::new()));
    assert_eq!(think(Effort::High, "llama3.2"), (Value::Null, "dropped=reasoning".to_owned()));
}

#[test]
fn tools_are_left_out_where_none_may_be_called_and_refused_where_one_must() {
    let mut request = OLLAMA.decode_request(&fixture("tools.request.json")).unwrap();
    request.tools.truncate(1);
    request.tool_choice = Some(ToolChoice::None);
    let (body, losses) = encoded(&request, "qwen3:8b");
    assert_eq!((body.get("tools"), losses.as_str()), (None, ""));
    for choice in [ToolChoice::Required, ToolChoice::Named("weather".into())] {
        request.tool_choice = Some(choice);
        let mut losses = Losses::default();
        let refused = OLLAMA.encode_request(&request, &target("qwen3:8b"), &mut losses);
        assert_eq!(refused.unwrap_err().field, "tool_choice");
    }
}

#[test]
fn results_say_that_they_failed_and_show_pictures_after_them() {
    let data = Source::Data { media_type: "image/png".into(), data: "iVBORw0K".into() };
    let result = ToolResult {
        call_id: "c".into(),
        name: Some("look".into()),
        content: vec![Part::Image(Image { source: data, detail: None, cache: None })],
        is_error: true,
        custom: false,
        cache: None,
    };
    let request = Request {
        messages: vec![Message::new(Role::Tool, vec![Part::ToolResult(result)])],
        ..Request::default()
    };
    let (body, losses) = encoded(&request, "gemma3");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "tool", "content": "Error: (see below)", "tool_name": "look", "tool_call_id": "c"},
            {"role": "user", "content": "", "images": ["iVBORw0K"]},
        ])
    );
    assert_eq!(losses, "approximated=messages.tool_result.is_error,messages.tool_result.content");
}

#[test]
fn what_would_fake_an_answer_is_refused() {
    let refused = |request: &Request| {
        let mut losses = Losses::default();
        OLLAMA.encode_request(request, &target("qwen3"), &mut losses).unwrap_err().field
    };
    assert_eq!(refused(&Request { n: Some(2), ..Request::default() }), "n");
    assert_eq!(
        refused(&Request { previous_response_id: Some("r".into()), ..Request::default() }),
        "previous_response_id"
    );
    let pdf = Source::Data { media_type: "application/pdf".into(), data: "JVBE".into() };
    let document = Document { source: pdf, name: None, context: None, cited: false, cache: None };
    assert_eq!(refused(&user(vec![Part::Document(document)])), "messages.document");
    let url = Source::Url("https://example.com/a.png".into());
    let image = Part::Image(Image { source: url, detail: None, cache: None });
    assert_eq!(refused(&user(vec![image])), "messages.image");
    assert!(!OLLAMA.takes_url(Media::Image, "https://example.com/a.png"));
    let sound = crate::canonical::Audio { data: "UklG".into(), ..Default::default() };
    assert_eq!(refused(&user(vec![Part::Audio(sound)])), "messages.audio");
}

#[test]
fn a_heartbeat_is_a_line_that_says_nothing() {
    let encoder = OLLAMA.encoder(proof::asked());
    assert!(parse(encoder.heartbeat())["message"].is_object());
    assert_eq!(proof::deltas(&OLLAMA, [encoder.heartbeat()]), []);
}

/// What Ollama carries.
fn carries() -> Carries {
    Carries {
        developer: false,
        names: false,
        image_detail: false,
        image_urls: false,
        audio: false,
        documents: false,
        cache: false,
        strict: false,
        custom_tools: false,
        allowed_tools: false,
        parallel_tool_calls: false,
        result_errors: false,
        result_images: false,
        signatures: false,
        call_signatures: false,
        redacted: false,
        refusals: false,
        citations: false,
        any_order: false,
        n: false,
        logit_bias: false,
        schema_details: false,
        effort: false,
        budget: false,
        verbosity: false,
        user: false,
        safety_identifier: false,
        metadata: false,
        service_tier: false,
        store: false,
        prompt_cache_key: false,
        prediction: false,
        fingerprint: false,
        ..Carries::all(Format::Ollama)
    }
}

/// In the form that a request has when it was read from Ollama: one text in a message, and pictures
/// after it, of which the bytes say what they are; results with the names of their tools.
fn as_read(mut request: Request) -> Request {
    request.stream = false;
    request.stream_usage = true;
    request.tool_choice = None;
    let called = request.clone();
    for message in &mut request.messages {
        if message.role != Role::Tool {
            message.content = plain(std::mem::take(&mut message.content));
        }
        for part in &mut message.content {
            if let Part::ToolResult(result) = part {
                result.name = called.tool_name(&result.call_id).map(str::to_owned);
                result.content = plain(std::mem::take(&mut result.content));
            }
        }
    }
    request
}

fn plain(parts: Vec<Part>) -> Vec<Part> {
    let (texts, mut others): (Vec<Part>, Vec<Part>) =
        parts.into_iter().partition(|part| matches!(part, Part::Text(_)));
    for part in &mut others {
        if let Part::Image(Image { source: Source::Data { data, .. }, .. }) = part {
            data.insert_str(0, "iVBORw0K");
        }
    }
    // Thinking comes before text, everything else after it.
    let thinking = usize::from(matches!(others.first(), Some(Part::Reasoning(_))));
    let rest = others.split_off(thinking);
    others.into_iter().chain(texts.into_iter().take(1)).chain(rest).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn requests_come_back_as_they_were(request in arbitrary::request(carries()).prop_map(as_read)) {
        let mut losses = Losses::default();
        let body = OLLAMA.encode_request(&request, &target("model"), &mut losses).unwrap();
        prop_assert_eq!(OLLAMA.decode_request(&body).unwrap(), request);
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn answers_come_back_as_they_were(mut response in arbitrary::response(carries())) {
        response.id.clear();
        response.created.get_or_insert(1_700_000_000);
        if let Some(usage) = &mut response.usage {
            (usage.reasoning, usage.cache_write, usage.cache_read) = (0, 0, 0);
        }
        for choice in &mut response.choices {
            choice.content = plain(std::mem::take(&mut choice.content));
            if choice.content.iter().any(|part| matches!(part, Part::ToolCall(_))) {
                choice.finish = Some(Finish::ToolCalls);
            }
        }
        let mut losses = Losses::default();
        let body = OLLAMA.encode_response(&response, &proof::asked(), &mut losses);
        prop_assert_eq!(&OLLAMA.decode_response(&body).unwrap(), &response);
        prop_assert_eq!(losses.header(), "");
        let (stream, losses) = proof::streamed(&OLLAMA, response.clone());
        let deltas = proof::deltas(&OLLAMA, [stream.as_slice()]);
        proof::is_in_order(&deltas);
        prop_assert_eq!(proof::fold(deltas), Some(Ok(response)));
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), time in "[0-9TZ:+. -]{0,30}") {
        let _ = OLLAMA.decode_request(&bytes);
        let _ = OLLAMA.decode_response(&bytes);
        let _ = OLLAMA.decode_error(500, &bytes);
        let _ = proof::deltas(&OLLAMA, [bytes.as_slice()]);
        let _ = time::read(&time);
    }
}
