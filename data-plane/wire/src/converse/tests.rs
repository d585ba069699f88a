use insta::{assert_json_snapshot, assert_snapshot, with_settings};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{
    Citation, Document, ErrorKind, FunctionTool, Message, Part, Reasoning, ReasoningRequest, Role,
    Signature, Source, Text, Tool, ToolChoice,
};
use crate::event_stream::write_frame;
use crate::format::Parameters;
use crate::proof;

fn target(model: &str) -> Target<'_> {
    Target { model, stream: false, parameters: Parameters::Drop }
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn read(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Lines of an event's name and payload as frames; a name after `!` is an exception's.
fn frames(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.lines() {
        let (name, payload) = line.split_once(' ').unwrap();
        let (header, name, kind) = match name.strip_prefix('!') {
            Some(name) => (":exception-type", name, "exception"),
            None => (":event-type", name, "event"),
        };
        let headers =
            [(header, name), (":content-type", "application/json"), (":message-type", kind)];
        write_frame(&mut out, &headers, |out| out.extend_from_slice(payload.as_bytes()));
    }
    out
}

/// The same, the other way.
fn lines(stream: &[u8]) -> String {
    let mut out = String::new();
    let mut reader = event_stream::Reader::default();
    let read = reader.feed(stream, |frame| {
        let text = |name| frame.headers.text(name).unwrap_or_default();
        let exception = text(":exception-type");
        if !exception.is_empty() {
            out.push('!');
        }
        out.push_str(if exception.is_empty() { text(":event-type") } else { exception });
        out.push(' ');
        out.push_str(std::str::from_utf8(frame.payload).unwrap());
        out.push('\n');
    });
    assert_eq!(read, Ok(()));
    assert!(!reader.is_within_frame());
    out
}

#[test]
fn requests_are_read_and_written_back() {
    insta::glob!("fixtures/*.request.json", |path| {
        let body = read(path);
        let request = CLAUDE.decode_request(&body).unwrap();
        let mut losses = Losses::default();
        let model = "us.anthropic.claude-sonnet-4-6-v1:0";
        let target = Target { parameters: Parameters::Pass, ..target(model) };
        let back = CLAUDE.encode_request(&request, &target, &mut losses).unwrap();
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(json!({
                "read": request,
                "written": parse(&back),
                "losses": losses,
            }));
        });
    });
}

#[test]
fn answers_are_read_and_written_back() {
    insta::glob!("fixtures/*.response.json", |path| {
        let body = read(path);
        let response = CONVERSE.decode_response(&body).unwrap();
        let mut losses = Losses::default();
        let back = CONVERSE.encode_response(&response, &proof::asked(), &mut losses);
        with_settings!({ info => &parse(&body), omit_expression => true }, {
            assert_json_snapshot!(json!({
                "read": response,
                "written": parse(&back),
                "losses": losses,
            }));
        });
    });
}

#[test]
fn streams_are_read_and_written_back() {
    insta::glob!("fixtures/*.events", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let stream = frames(&text);
        let deltas = proof::deltas(&CONVERSE, [stream.as_slice()]);
        proof::is_in_order(&deltas);
        let mut encoder = CONVERSE.encoder(proof::asked());
        let mut back = Vec::new();
        for delta in &deltas {
            encoder.delta(delta, &mut back);
        }
        let told: String =
            deltas.iter().map(|delta| serde_json::to_string(delta).unwrap() + "\n").collect();
        let losses = encoder.losses().header();
        with_settings!({ omit_expression => true }, {
            assert_snapshot!(format!("{text}\nread:\n{told}\nwritten:\n{}\nlosses: {losses}", lines(&back)));
        });
    });
}

#[test]
fn cuts_do_not_show() {
    insta::glob!("fixtures/*.events", |path| {
        proof::cuts_do_not_show(&CONVERSE, &frames(&std::fs::read_to_string(path).unwrap()));
    });
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    for name in ["text", "parallel_tools", "reasoning_and_cache"] {
        let file = |ending: &str| {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            read(&folder.join(format!("src/converse/fixtures/{name}.{ending}")))
        };
        let stream = frames(&String::from_utf8(file("events")).unwrap());
        let folded = proof::fold(proof::deltas(&CONVERSE, [stream.as_slice()])).unwrap().unwrap();
        assert_eq!(folded, CONVERSE.decode_response(&file("response.json")).unwrap(), "{name}");
    }
}

#[test]
fn a_changed_byte_is_an_error_and_half_a_frame_is_a_cut() {
    let mut stream = frames("messageStart {}\nmessageStop {\"stopReason\":\"end_turn\"}");
    let half = proof::deltas(&CONVERSE, [&stream[..stream.len() - 1]]);
    assert_eq!(proof::fold(half), None);
    let last = stream.len() - 1;
    stream[last] ^= 1;
    let error = proof::fold(proof::deltas(&CONVERSE, [stream.as_slice()])).unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Server);
    assert!(error.message.contains("malformed"), "{}", error.message);
}

#[test]
fn an_error_of_the_transport_ends_the_stream() {
    let mut stream = Vec::new();
    let headers = [
        (":message-type", "error"),
        (":error-code", "InternalServerException"),
        (":error-message", "gone"),
    ];
    write_frame(&mut stream, &headers, |_| ());
    let error = proof::fold(proof::deltas(&CONVERSE, [stream.as_slice()])).unwrap().unwrap_err();
    assert_eq!((error.kind, error.status, &*error.message), (ErrorKind::Server, 500, "gone"));
}

#[test]
fn errors_are_read_by_name_and_status() {
    let read = |status, body: &str| {
        let error = CONVERSE.decode_error(status, body.as_bytes());
        (error.kind, error.status, error.message)
    };
    let own = |kind, status, message: &str| (kind, status, message.to_owned());
    assert_eq!(read(400, r#"{"message":"bad"}"#), own(ErrorKind::InvalidRequest, 400, "bad"));
    assert_eq!(
        read(400, r#"{"message":"Input is too long for requested model."}"#),
        own(ErrorKind::ContextLength, 400, "Input is too long for requested model.")
    );
    assert_eq!(
        read(400, r#"{"__type":"com.amazon#ServiceQuotaExceededException","message":"q"}"#),
        own(ErrorKind::RateLimit, 429, "q")
    );
    assert_eq!(read(401, r#"{"Message":"key"}"#), own(ErrorKind::Authentication, 401, "key"));
    assert_eq!(
        read(403, r#"{"__type":"ExpiredTokenException","message":"old"}"#),
        own(ErrorKind::Authentication, 401, "old")
    );
    assert_eq!(read(408, r#"{"message":"slow"}"#), own(ErrorKind::Timeout, 504, "slow"));
    assert_eq!(
        read(424, r#"{"message":"model","originalStatusCode":503}"#),
        own(ErrorKind::Server, 503, "model")
    );
    assert_eq!(read(429, r#"{"message":"many"}"#), own(ErrorKind::RateLimit, 429, "many"));
    assert_eq!(read(503, "<html>"), own(ErrorKind::Overloaded, 503, "<html>"));
    let whole = CONVERSE.decode_response(br#"{"__type":"ThrottlingException","message":"many"}"#);
    assert!(matches!(whole, Err(Failure::Error(error)) if error.kind == ErrorKind::RateLimit));
    assert!(matches!(CONVERSE.decode_response(b"{}"), Err(Failure::Invalid(_))));
}

#[test]
fn errors_are_written_as_they_are_read() {
    for kind in [
        ErrorKind::InvalidRequest,
        ErrorKind::Authentication,
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::RateLimit,
        ErrorKind::Overloaded,
        ErrorKind::Timeout,
        ErrorKind::Server,
    ] {
        let error = ProviderError::new(kind, "why");
        let back = CONVERSE.decode_error(kind.status(), &CONVERSE.encode_error(&error));
        assert_eq!((back.kind, &*back.message), (kind, "why"));
    }
    assert!(CONVERSE.decode_error(418, b"").message.is_empty());
}

fn encoded(request: &Request, model: &str) -> (Value, String) {
    let mut losses = Losses::default();
    let body = CONVERSE.encode_request(request, &target(model), &mut losses).unwrap();
    (parse(&body), losses.header())
}

fn refused(request: &Request, model: &str) -> &'static str {
    let mut losses = Losses::default();
    CONVERSE.encode_request(request, &target(model), &mut losses).unwrap_err().field
}

fn asking(reasoning: ReasoningRequest) -> Request {
    Request {
        messages: vec![Message::new(Role::User, vec![Part::Text(Text::new("Hi"))])],
        reasoning: Some(reasoning),
        max_tokens: Some(4_096),
        ..Request::default()
    }
}

#[test]
fn each_family_is_told_to_think_in_its_own_words() {
    let high = ReasoningRequest {
        effort: Some(crate::canonical::Effort::High),
        ..ReasoningRequest::default()
    };
    let fields = |model: &str| {
        let (body, losses) = encoded(&asking(high.clone()), model);
        (body["additionalModelRequestFields"].clone(), losses)
    };
    insta::assert_json_snapshot!(json!({
        "anthropic.claude-opus-4-8-v1:0": fields("anthropic.claude-opus-4-8-v1:0"),
        "anthropic.claude-sonnet-4-5-20250929-v1:0": fields("anthropic.claude-sonnet-4-5-20250929-v1:0"),
        "anthropic.claude-3-haiku-20240307-v1:0": fields("anthropic.claude-3-haiku-20240307-v1:0"),
        "us.amazon.nova-2-lite-v1:0": fields("us.amazon.nova-2-lite-v1:0"),
        "openai.gpt-oss-120b-1:0": fields("openai.gpt-oss-120b-1:0"),
        "meta.llama3-1-70b-instruct-v1:0": fields("meta.llama3-1-70b-instruct-v1:0"),
    }));
}

#[test]
fn sampling_goes_where_the_model_takes_it() {
    let request = Request {
        temperature: Some(1.5),
        top_p: Some(0.5),
        top_k: Some(7),
        reasoning: None,
        ..asking(ReasoningRequest::default())
    };
    let (body, losses) = encoded(&request, "us.amazon.nova-pro-v1:0");
    assert_eq!(body["inferenceConfig"]["temperature"], json!(1.0));
    assert_eq!(body["additionalModelRequestFields"], json!({"inferenceConfig": {"topK": 7}}));
    assert_eq!(losses, "approximated=temperature");
    let (body, losses) = encoded(&request, "anthropic.claude-opus-4-8-v1:0");
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 4096}));
    assert_eq!(losses, "dropped=temperature,top_p,top_k");
    let (_, losses) = encoded(&request, "meta.llama3-1-70b-instruct-v1:0");
    assert_eq!(losses, "dropped=top_k; approximated=temperature");
}

#[test]
fn a_tool_that_must_be_called_is_called_or_refused() {
    let call = json!({"messages": [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "call_1", "name": "a", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "x"}], "status": "error"}}]},
    ], "toolConfig": {"tools": [{"toolSpec": {"name": "a"}}, {"toolSpec": {"name": "b"}}]}});
    let mut request = CONVERSE.decode_request(call.to_string().as_bytes()).unwrap();
    request.tool_choice = Some(ToolChoice::Named("b".into()));
    assert_eq!(refused(&request, "meta.llama3-1-70b-instruct-v1:0"), "tool_choice");
    let (body, losses) = encoded(&request, "mistral.mistral-large-2407-v1:0");
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert_eq!(body["toolConfig"]["tools"].as_array().unwrap().len(), 1);
    let id = body["messages"][1]["content"][0]["toolUse"]["toolUseId"].as_str().unwrap();
    assert_eq!(id.len(), 9);
    assert_eq!(body["messages"][2]["content"][0]["toolResult"]["toolUseId"], id);
    assert_eq!(losses, "dropped=messages.tool_result.is_error; approximated=tool_choice");
    let (body, losses) = encoded(&request, "anthropic.claude-sonnet-4-6");
    assert_eq!(body["toolConfig"]["toolChoice"], json!({"tool": {"name": "b"}}));
    assert_eq!(losses, "");
    // Calls without tools, and none to be called: they are declared all the same.
    request.tools.clear();
    request.tool_choice = Some(ToolChoice::None);
    let (body, losses) = encoded(&request, "anthropic.claude-sonnet-4-6");
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "a");
    assert_eq!(body["toolConfig"].get("toolChoice"), None);
    assert_eq!(losses, "approximated=tool_choice,tools");
}

#[test]
fn what_would_fake_an_answer_is_refused() {
    let with = |part: Part| Request {
        messages: vec![Message::new(Role::User, vec![part])],
        ..Request::default()
    };
    let image = |source| Part::Image(crate::canonical::Image { source, detail: None, cache: None });
    let refused = |request: &Request| refused(request, "amazon.nova-pro-v1:0");
    assert_eq!(refused(&Request { n: Some(2), ..Request::default() }), "n");
    assert_eq!(
        refused(&Request { previous_response_id: Some("r".into()), ..Request::default() }),
        "previous_response_id"
    );
    assert_eq!(
        refused(&Request { modalities: vec!["audio".into()], ..Request::default() }),
        "modalities"
    );
    let url = |url: &str| Source::Url(url.to_owned());
    assert_eq!(refused(&with(image(url("https://example.com/a.png")))), "messages.image");
    let bmp = Source::Data { media_type: "image/bmp".into(), data: String::new() };
    assert_eq!(refused(&with(image(bmp))), "messages.image");
    assert!(CONVERSE.takes_url(Media::Image, "s3://bucket/a.png"));
    assert!(!CONVERSE.takes_url(Media::Document, "https://example.com/a.pdf"));
}

#[test]
fn documents_have_names_that_bedrock_takes_and_a_text_beside_them() {
    let document = |name: Option<&str>| {
        Part::Document(Document {
            source: Source::Text("a".into()),
            name: name.map(str::to_owned),
            context: None,
            cited: false,
            cache: None,
        })
    };
    let content = vec![
        document(Some("Q3_report.final.pdf")),
        document(None),
        document(None),
        document(Some("é")),
    ];
    let request =
        Request { messages: vec![Message::new(Role::User, content)], ..Request::default() };
    let (body, losses) = encoded(&request, "amazon.nova-pro-v1:0");
    let blocks = body["messages"][0]["content"].as_array().unwrap();
    let names: Vec<_> = blocks.iter().filter_map(|it| it["document"]["name"].as_str()).collect();
    assert_eq!(names, ["Q3 report final pdf", "document", "document 2", "document 3"]);
    assert!(blocks[4]["text"].is_string());
    assert_eq!(losses, "approximated=messages.document.name,messages.document");
}

#[test]
fn reasoning_goes_back_to_who_signed_it() {
    let thought = |format| {
        Part::Reasoning(Reasoning {
            text: "Hm.".into(),
            signature: Some(Signature { format, data: "c2ln".into() }),
            ..Reasoning::default()
        })
    };
    let request = |format| Request {
        messages: vec![
            Message::new(Role::User, vec![Part::Text(Text::new("Hi"))]),
            Message::new(Role::Assistant, vec![thought(format), Part::Text(Text::new("Yes"))]),
            Message::new(Role::User, vec![Part::Text(Text::new("Why?"))]),
        ],
        ..Request::default()
    };
    let block = |format, model| {
        let (body, losses) = encoded(&request(format), model);
        (body["messages"][1]["content"][0].clone(), losses)
    };
    let signed =
        json!({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}});
    let unsigned = json!({"reasoningContent": {"reasoningText": {"text": "Hm."}}});
    let none = json!({"text": "Yes"});
    let claude = "anthropic.claude-sonnet-4-6";
    let other = "openai.gpt-oss-120b-1:0";
    assert_eq!(block(Format::Converse, claude), (signed.clone(), String::new()));
    assert_eq!(block(Format::Anthropic, claude), (signed.clone(), String::new()));
    assert_eq!(block(Format::Converse, other), (signed, String::new()));
    let dropped = |fields: &str| format!("dropped={fields}");
    assert_eq!(
        block(Format::Anthropic, other),
        (unsigned, dropped("messages.reasoning.signature"))
    );
    let both = dropped("messages.reasoning.signature,messages.reasoning");
    assert_eq!(block(Format::Gemini, claude), (none, both));
}

#[test]
fn a_heartbeat_is_an_event_that_says_nothing() {
    let encoder = CONVERSE.encoder(proof::asked());
    assert_eq!(lines(encoder.heartbeat()), "ping {}\n");
    assert_eq!(proof::deltas(&CONVERSE, [encoder.heartbeat()]), []);
}

/// What Converse carries, for a model of which nothing is known.
fn carries() -> Carries {
    Carries {
        developer: false,
        names: false,
        image_detail: false,
        image_urls: false,
        document_urls: false,
        document_files: false,
        custom_tools: false,
        allowed_tools: false,
        parallel_tool_calls: false,
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
        effort: false,
        budget: false,
        verbosity: false,
        user: false,
        safety_identifier: false,
        service_tier: false,
        store: false,
        prompt_cache_key: false,
        prediction: false,
        created: false,
        fingerprint: false,
        ..Carries::all(Format::Converse)
    }
}

/// In the form that a request has when it was read from Converse.
fn as_read(mut request: Request) -> Request {
    request.model.clear();
    request.stream = false;
    request.stream_usage = true;
    // Bedrock has no word for it but to leave the tools out.
    request.tool_choice.take_if(|choice| *choice == ToolChoice::None);
    // A conversation with calls has to have tools.
    if request.tools.is_empty() {
        let tool = FunctionTool { name: "tool".into(), ..FunctionTool::default() };
        request.tools.push(Tool::Function(tool));
    }
    if let Some(crate::canonical::OutputFormat::JsonSchema { strict, .. }) = &mut request.output {
        *strict = None;
    }
    for (index, message) in request.messages.iter_mut().enumerate() {
        let has_document = message.content.iter().any(|part| matches!(part, Part::Document(_)));
        if has_document {
            message.content.push(Part::Text(Text::new("Read.")));
        }
        let parts = message.content.iter_mut().flat_map(|part| match part {
            Part::ToolResult(result) => result.content.iter_mut().collect::<Vec<_>>(),
            part => vec![part],
        });
        for (place, part) in parts.enumerate() {
            if let Part::Document(document) = part {
                document.name = Some(format!("file {index}-{place}"));
            }
        }
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn requests_come_back_as_they_were(request in arbitrary::request(carries()).prop_map(as_read)) {
        let mut losses = Losses::default();
        let target = Target { parameters: Parameters::Pass, ..target("model") };
        let body = CONVERSE.encode_request(&request, &target, &mut losses).unwrap();
        prop_assert_eq!(CONVERSE.decode_request(&body).unwrap(), request);
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn answers_come_back_as_they_were(mut response in arbitrary::response(carries())) {
        response.id.clear();
        response.model.clear();
        response.usage.iter_mut().for_each(|usage| usage.reasoning = 0);
        let mut losses = Losses::default();
        let body = CONVERSE.encode_response(&response, &proof::asked(), &mut losses);
        prop_assert_eq!(&CONVERSE.decode_response(&body).unwrap(), &response);
        prop_assert_eq!(losses.header(), "");
        let (stream, losses) = proof::streamed(&CONVERSE, response.clone());
        let deltas = proof::deltas(&CONVERSE, [stream.as_slice()]);
        proof::is_in_order(&deltas);
        prop_assert_eq!(proof::fold(deltas), Some(Ok(response)));
        prop_assert_eq!(losses.header(), "");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), payload in "[{}\\[\\]\":,a-z0-9]{0,40}") {
        let _ = CONVERSE.decode_request(&bytes);
        let _ = CONVERSE.decode_response(&bytes);
        let _ = CONVERSE.decode_error(500, &bytes);
        let _ = proof::deltas(&CONVERSE, [bytes.as_slice()]);
        for name in ["contentBlockStart", "contentBlockDelta", "messageStop", "metadata"] {
            let _ = proof::deltas(&CONVERSE, [frames(&format!("{name} {payload}")).as_slice()]);
        }
    }
}

#[test]
fn citations_of_other_formats_are_written_in_bedrocks_words() {
    let cited = Citation {
        url: Some("https://example.com/a".into()),
        title: Some("A".into()),
        cited: Some("b".into()),
        ..Citation::default()
    };
    let part = Part::Text(Text { citations: vec![cited], ..Text::new("Yes.") });
    let request =
        Request { messages: vec![Message::new(Role::Assistant, vec![part])], ..Request::default() };
    let (body, losses) = encoded(&request, "anthropic.claude-sonnet-4-6");
    assert_eq!(
        body["messages"][0]["content"][0],
        json!({"citationsContent": {"content": [{"text": "Yes."}], "citations": [
            {"title": "A", "sourceContent": [{"text": "b"}], "location": {"web": {"url": "https://example.com/a"}}}
        ]}})
    );
    assert_eq!(losses, "");
}
