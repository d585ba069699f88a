use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{
    Document, Effort, ErrorKind, Image, Message, OutputFormat, Part, ReasoningRequest, Role,
    Source, Text, ToolChoice, ToolResult,
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
    std::fs::read(folder.join("src/cohere/fixtures").join(name)).unwrap()
}

proof::goldens!(COHERE, "sse");

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    for name in ["text", "parallel_tools", "thinking", "citations"] {
        let stream = fixture(&format!("{name}.sse"));
        let folded = proof::fold(proof::deltas(&COHERE, [stream.as_slice()])).unwrap().unwrap();
        let whole = COHERE.decode_response(&fixture(&format!("{name}.response.json"))).unwrap();
        assert_eq!(folded, whole, "{name}");
    }
}

#[test]
fn errors_are_told_by_their_status() {
    let read = |status| {
        let error = COHERE.decode_error(status, br#"{"message":"why","id":"1"}"#);
        assert_eq!(error.message, "why");
        (error.kind, error.status)
    };
    assert_eq!(read(400), (ErrorKind::InvalidRequest, 400));
    assert_eq!(read(401), (ErrorKind::Authentication, 401));
    assert_eq!(read(404), (ErrorKind::NotFound, 404));
    assert_eq!(read(422), (ErrorKind::InvalidRequest, 422));
    assert_eq!(read(429), (ErrorKind::RateLimit, 429));
    assert_eq!(read(498), (ErrorKind::Authentication, 401));
    assert_eq!(read(499), (ErrorKind::Server, 500));
    assert_eq!(read(503), (ErrorKind::Overloaded, 503));
    let long = COHERE.decode_error(400, br#"{"message":"too many tokens: 130000"}"#);
    assert_eq!(long.kind, ErrorKind::ContextLength);
    assert_eq!(COHERE.decode_error(502, b"<html>").message, "<html>");
    let error = ProviderError::new(ErrorKind::RateLimit, "slow down");
    assert_eq!(COHERE.decode_error(429, &COHERE.encode_error(&error)), error);
    let whole = COHERE.decode_response(br#"{"message":"internal"}"#);
    assert!(matches!(whole, Err(Failure::Error(error)) if error.message == "internal"));
    let failed = br#"{"id":"a","finish_reason":"TIMEOUT","message":{"role":"assistant"}}"#;
    let whole = COHERE.decode_response(failed);
    assert!(matches!(whole, Err(Failure::Error(error)) if error.kind == ErrorKind::Timeout));
    assert!(matches!(COHERE.decode_response(b"{}"), Err(Failure::Invalid(_))));
}

fn user(parts: Vec<Part>) -> Request {
    Request { messages: vec![Message::new(Role::User, parts)], ..Request::default() }
}

fn encoded(request: &Request, model: &str) -> (Value, String) {
    let mut losses = Losses::default();
    let body = COHERE.encode_request(request, &target(model), &mut losses).unwrap();
    (parse(&body), losses.header())
}

#[test]
fn what_is_out_of_bounds_is_brought_within_and_told() {
    let request = Request {
        temperature: Some(1.5),
        top_p: Some(1.0),
        top_k: Some(900),
        presence_penalty: Some(-1.0),
        seed: Some(-1),
        stop: ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec(),
        user: Some("u".into()),
        reasoning: Some(ReasoningRequest { effort: Some(Effort::Low), ..Default::default() }),
        output: Some(OutputFormat::JsonSchema {
            name: Some("n".into()),
            description: None,
            schema: crate::json::Json::parse("{}").unwrap(),
            strict: Some(true),
        }),
        ..user(vec![Part::Text(Text::new("Hi"))])
    };
    let (body, losses) = encoded(&request, "command-r-plus-08-2024");
    assert_eq!(
        body,
        json!({
            "model": "command-r-plus-08-2024",
            "messages": [{"role": "user", "content": "Hi"}],
            "stream": false,
            "stop_sequences": ["a", "b", "c", "d", "e"],
            "temperature": 1.0,
            "p": 0.99,
            "presence_penalty": 0.0,
            "k": 500,
            "response_format": {"type": "json_object", "json_schema": {}},
        })
    );
    assert_eq!(
        losses,
        "dropped=seed,output.name,reasoning,user; approximated=stop,temperature,presence_penalty,top_k"
    );
    let (body, losses) = encoded(&request, "command-a-reasoning-08-2025");
    assert_eq!(body["thinking"], json!({"type": "enabled", "token_budget": 1024}));
    assert!(losses.contains("reasoning.effort"), "{losses}");
}

#[test]
fn a_named_tool_is_the_only_one_left() {
    let body = json!({"messages": [{"role": "user", "content": "Hi"}], "tools": [
        {"type": "function", "function": {"name": "a"}},
        {"type": "function", "function": {"name": "b"}},
    ]});
    let mut request = COHERE.decode_request(body.to_string().as_bytes()).unwrap();
    request.tool_choice = Some(ToolChoice::Named("b".into()));
    let (body, losses) = encoded(&request, "command-a-03-2025");
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["tools"][0]["function"]["name"], "b");
    assert_eq!(body["tool_choice"], "REQUIRED");
    assert_eq!(losses, "approximated=tool_choice");
}

#[test]
fn results_say_that_they_failed_and_show_pictures_after_them() {
    let data = Source::Data { media_type: "image/png".into(), data: "iVBORw0K".into() };
    let result = ToolResult {
        call_id: "c".into(),
        name: None,
        content: vec![Part::Image(Image { source: data, detail: None, cache: None })],
        is_error: true,
        custom: false,
        cache: None,
    };
    let request = Request {
        messages: vec![Message::new(Role::Tool, vec![Part::ToolResult(result)])],
        ..Request::default()
    };
    let (body, losses) = encoded(&request, "command-a-vision-07-2025");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "Error:"}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}}]},
        ])
    );
    assert_eq!(losses, "approximated=messages.tool_result.is_error,messages.tool_result.content");
}

#[test]
fn what_would_fake_an_answer_is_refused() {
    let refused = |request: &Request| {
        let mut losses = Losses::default();
        COHERE.encode_request(request, &target("command-a"), &mut losses).unwrap_err().field
    };
    assert_eq!(refused(&Request { n: Some(2), ..Request::default() }), "n");
    assert_eq!(
        refused(&Request { previous_response_id: Some("r".into()), ..Request::default() }),
        "previous_response_id"
    );
    let document = |source| {
        Part::Document(Document { source, name: None, context: None, cited: false, cache: None })
    };
    let pdf = Source::Data { media_type: "application/pdf".into(), data: "JVBE".into() };
    assert_eq!(refused(&user(vec![document(pdf)])), "messages.document");
    let sound =
        crate::canonical::Audio { data: "UklG".into(), format: "wav".into(), ..Default::default() };
    assert_eq!(refused(&user(vec![Part::Audio(sound)])), "messages.audio");
    let csv = Source::Data { media_type: "text/csv".into(), data: "YSxi".into() };
    let (body, losses) = encoded(&user(vec![document(csv)]), "command-a");
    assert_eq!(body["messages"][0]["content"][0]["text"], "a,b");
    assert_eq!(losses, "approximated=messages.document");
}

/// What Cohere carries.
fn carries() -> Carries {
    Carries {
        developer: false,
        names: false,
        audio: false,
        documents: false,
        cache: false,
        strict: false,
        custom_tools: false,
        allowed_tools: false,
        parallel_tool_calls: false,
        result_names: false,
        result_errors: false,
        result_images: false,
        signatures: false,
        call_signatures: false,
        redacted: false,
        refusals: false,
        citations: false,
        any_order: false,
        penalties: false,
        n: false,
        logit_bias: false,
        logprobs: false,
        schema_details: false,
        effort: false,
        verbosity: false,
        user: false,
        safety_identifier: false,
        metadata: false,
        service_tier: false,
        store: false,
        prompt_cache_key: false,
        prediction: false,
        created: false,
        fingerprint: false,
        ..Carries::all(Format::Cohere)
    }
}

/// In the form that a request has when it was read from Cohere.
fn as_read(mut request: Request) -> Request {
    request.stream = false;
    request.stream_usage = true;
    request.tool_choice.take_if(|choice| matches!(choice, ToolChoice::Auto | ToolChoice::Named(_)));
    request.top_p = request.top_p.map(|top_p| top_p.clamp(0.25, 0.75));
    request.seed = request.seed.map(i64::abs);
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn requests_come_back_as_they_were(request in arbitrary::request(carries()).prop_map(as_read)) {
        let mut losses = Losses::default();
        let body = COHERE.encode_request(&request, &target("model"), &mut losses).unwrap();
        prop_assert_eq!(COHERE.decode_request(&body).unwrap(), request);
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn answers_come_back_as_they_were(mut response in arbitrary::response(Carries { logprobs: true, ..carries() })) {
        response.model.clear();
        if let Some(usage) = &mut response.usage {
            (usage.reasoning, usage.cache_write) = (0, 0);
        }
        for choice in &mut response.choices {
            for token in &mut choice.logprobs {
                token.top.clear();
            }
        }
        let mut losses = Losses::default();
        let body = COHERE.encode_response(&response, &proof::asked(), &mut losses);
        prop_assert_eq!(&COHERE.decode_response(&body).unwrap(), &response);
        prop_assert_eq!(losses.header(), "");
        let (stream, losses) = proof::streamed(&COHERE, response.clone());
        let deltas = proof::deltas(&COHERE, [stream.as_slice()]);
        proof::is_in_order(&deltas);
        prop_assert_eq!(proof::fold(deltas), Some(Ok(response)));
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), payload in "[{}\\[\\]\":,a-z0-9]{0,40}") {
        let _ = COHERE.decode_request(&bytes);
        let _ = COHERE.decode_response(&bytes);
        let _ = COHERE.decode_error(500, &bytes);
        let _ = proof::deltas(&COHERE, [bytes.as_slice()]);
        let event = format!("data: {{\"type\":\"content-delta\",{payload}}}\n\n");
        let _ = proof::deltas(&COHERE, [event.as_bytes()]);
    }
}
