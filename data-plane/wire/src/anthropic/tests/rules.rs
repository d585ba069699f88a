//! What the format and its models want of requests that came in other words.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::canonical::{
    Audio, CustomTool, Document, Effort, ErrorKind, FunctionTool, Image, Message, Native,
    OutputFormat, Part, Reasoning, ReasoningRequest, Role, Source, Text, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::json::Json;

const SONNET: &str = "claude-sonnet-4-5";

fn says(role: Role, text: &str) -> Message {
    Message::new(role, vec![Part::Text(Text::new(text))])
}

fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: "{}".into(),
        custom: false,
        signature: None,
        cache: None,
    })
}

fn result(id: &str) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        name: Some("f".into()),
        content: vec![Part::Text(Text::new("r"))],
        is_error: false,
        custom: false,
        cache: None,
    })
}

fn request(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

fn hello() -> Request {
    request(vec![says(Role::User, "hi")])
}

fn written(request: &Request, model: &str) -> (Value, String) {
    let (body, losses) = encoded(request, model);
    (serde_json::from_str(&body).unwrap(), losses.header())
}

fn refused(request: &Request) -> &'static str {
    MESSAGES.encode_request(request, &target(SONNET), &mut Losses::default()).unwrap_err().field
}

#[test]
fn results_of_a_turn_stand_in_one_message_before_what_the_person_says() {
    let (body, losses) = written(
        &request(vec![
            says(Role::User, "hi"),
            Message::new(Role::Assistant, vec![call("functions.f:0"), call("b")]),
            Message::new(Role::Tool, vec![result("functions.f:0")]),
            Message::new(Role::Tool, vec![result("b")]),
            says(Role::User, "well?"),
            says(Role::User, "so?"),
        ]),
        SONNET,
    );
    let messages = body["messages"].as_array().unwrap();
    let types = |message: &Value| {
        let blocks = message["content"].as_array().unwrap().iter();
        blocks.map(|block| block["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(messages.len(), 4);
    assert_eq!(types(&messages[2]), ["tool_result", "tool_result", "text"]);
    assert_eq!(messages[3]["content"], "so?");
    // Ids are of letters, digits, `_` and `-`, and stay the same on both sides.
    let id = messages[1]["content"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("functions_f_0_") && !id.contains(['.', ':']), "{id}");
    assert_eq!(messages[2]["content"][0]["tool_use_id"], id);
    assert_eq!(messages[2]["content"][1]["tool_use_id"], "b");
    // The calls are declared, and not to be made again.
    assert_eq!(body["tools"][0]["name"], "f");
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
    assert_eq!(losses, "");
}

#[test]
fn later_words_of_the_operator_stay_where_the_model_takes_them_there() {
    let asked = request(vec![
        says(Role::System, "a"),
        says(Role::Developer, "b"),
        says(Role::User, "hi"),
        says(Role::System, "c"),
        says(Role::Assistant, "ho"),
        says(Role::System, "d"),
        says(Role::User, "bye"),
    ]);
    let texts = |list: &Value| {
        let texts = list.as_array().unwrap().iter().map(|block| block["text"].clone());
        texts.collect::<Vec<_>>()
    };
    let (body, losses) = written(&asked, "claude-opus-5");
    assert_eq!(texts(&body["system"]), ["a", "b", "d"]);
    assert_eq!(body["messages"][1], json!({"role": "system", "content": "c"}));
    assert_eq!(losses, "approximated=messages.system");
    let (body, losses) = written(&asked, SONNET);
    assert_eq!(texts(&body["system"]), ["a", "b", "c", "d"]);
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
    assert_eq!(losses, "approximated=messages.system");
}

#[test]
fn what_says_nothing_is_left_out() {
    let empty = Message::new(Role::Assistant, vec![Part::Text(Text::new(""))]);
    let two = Message::new(Role::User, vec![Part::Text(Text::new("")), Part::Text(Text::new("a"))]);
    let (body, _) = written(&request(vec![says(Role::User, ""), empty, two]), SONNET);
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [{"type": "text", "text": "a"}]}])
    );
}

#[test]
fn models_are_told_to_think_in_their_own_words() {
    let effort = |effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() };
    let budget = ReasoningRequest { budget: Some(2_000), ..ReasoningRequest::default() };
    let adaptive = ReasoningRequest { adaptive: true, ..ReasoningRequest::default() };
    let mut told = String::new();
    for model in [
        "claude-fable-5",
        "claude-opus-5",
        "claude-opus-4-7",
        "claude-opus-4-6",
        SONNET,
        "claude-3-5-haiku",
    ] {
        for asked in [
            effort(Effort::None),
            effort(Effort::Minimal),
            effort(Effort::High),
            effort(Effort::Xhigh),
            budget.clone(),
            adaptive.clone(),
        ] {
            let request = Request { reasoning: Some(asked.clone()), ..hello() };
            let (body, losses) = written(&request, model);
            let asked = serde_json::to_string(&asked).unwrap();
            let _ = writeln!(
                told,
                "{model} {asked}: thinking {} output_config {} max_tokens {} | {losses}",
                body["thinking"], body["output_config"], body["max_tokens"]
            );
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn thinking_with_a_budget_keeps_the_rules_of_its_turn() {
    let reasoning = Some(ReasoningRequest { budget: Some(2_000), ..ReasoningRequest::default() });
    let tool = Tool::Function(FunctionTool { name: "f".into(), ..FunctionTool::default() });
    let base = Request { reasoning, max_tokens: Some(500), tools: vec![tool], ..hello() };
    let (body, losses) = written(&base, SONNET);
    assert_eq!((&body["max_tokens"], &*losses), (&json!(2_500), "approximated=max_tokens"));
    let forced = Request { tool_choice: Some(ToolChoice::Required), ..base.clone() };
    let (body, losses) = written(&forced, SONNET);
    assert_eq!(body["tool_choice"]["type"], "any");
    assert_eq!((body.get("thinking"), &*losses), (None, "dropped=reasoning"));
    let turn = |first: Vec<Part>| {
        let mut content = first;
        content.push(call("a"));
        let mut messages = base.messages.clone();
        messages.push(Message::new(Role::Assistant, content));
        messages.push(Message::new(Role::Tool, vec![result("a")]));
        written(&Request { messages, ..base.clone() }, SONNET)
    };
    let (body, _) = turn(vec![]);
    assert_eq!(body.get("thinking"), None);
    let signed = Reasoning {
        text: "hm".into(),
        signature: Some(crate::canonical::Signature {
            format: Format::Anthropic,
            data: "s".into(),
        }),
        ..Reasoning::default()
    };
    let (body, _) = turn(vec![Part::Reasoning(signed)]);
    assert_eq!(body["thinking"]["budget_tokens"], 2_000);
    let unsigned = Reasoning { text: "hm".into(), ..Reasoning::default() };
    let (body, losses) = turn(vec![Part::Reasoning(unsigned)]);
    assert_eq!(body.get("thinking"), None);
    assert_eq!(losses, "dropped=reasoning,messages.reasoning");
}

#[test]
fn sampling_is_left_out_where_it_is_refused() {
    let asked = Request { temperature: Some(1.5), top_p: Some(0.5), top_k: Some(3), ..hello() };
    let (body, losses) = written(&asked, SONNET);
    assert_eq!((&body["temperature"], &body["top_k"]), (&json!(1.0), &json!(3)));
    assert_eq!(losses, "dropped=top_p; approximated=temperature");
    let (body, losses) =
        written(&Request { temperature: Some(0.5), ..asked.clone() }, "claude-opus-5");
    assert!(body.get("temperature").is_none() && body.get("top_k").is_none());
    assert_eq!(losses, "dropped=temperature,top_p,top_k");
    // The default means the same, left out.
    let (_, losses) = written(&Request { temperature: Some(1.0), ..hello() }, "claude-opus-5");
    assert_eq!(losses, "");
    let newer = |parameters| {
        let mut losses = Losses::default();
        let target = Target { parameters, ..target(SONNET) };
        let body = MESSAGES_2026_10_21.encode_request(&asked, &target, &mut losses).unwrap();
        (serde_json::from_slice::<Value>(&body).unwrap(), losses.header())
    };
    let (body, losses) = newer(Parameters::Drop);
    assert!(body.get("top_p").is_none());
    assert_eq!(losses, "dropped=top_p,top_k; approximated=temperature");
    let (body, losses) = newer(Parameters::Pass);
    assert_eq!((&body["top_p"], &*losses), (&json!(0.5), "approximated=temperature"));
}

#[test]
fn tools_and_their_choice_are_said_or_refused() {
    let tool = |name: &str, schema: Option<&str>| {
        Tool::Function(FunctionTool {
            name: name.into(),
            parameters: schema.and_then(Json::parse),
            ..FunctionTool::default()
        })
    };
    let asked = Request {
        tools: vec![
            tool("a", None),
            tool("b", Some("{}")),
            tool("c", Some(r#"{"properties":{}}"#)),
            Tool::Custom(CustomTool { name: "d".into(), ..CustomTool::default() }),
            Tool::Native(Native {
                format: Format::Responses,
                name: "file_search".into(),
                json: Json::parse("{}").unwrap(),
            }),
        ],
        parallel_tool_calls: Some(false),
        ..hello()
    };
    let (body, losses) = written(&asked, SONNET);
    let schemas: Vec<&Value> =
        body["tools"].as_array().unwrap().iter().map(|tool| &tool["input_schema"]).collect();
    assert_eq!(
        schemas,
        [
            &json!({"type": "object", "properties": {}}),
            &json!({"type": "object"}),
            &json!({"type": "object", "properties": {}})
        ]
    );
    assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert_eq!(losses, "dropped=tools.custom,tools.file_search");
    let choose = |choice| Request { tool_choice: Some(choice), ..asked.clone() };
    let allowed = ToolChoice::Allowed { required: true, names: vec!["b".into()] };
    let (body, losses) = written(&choose(allowed), SONNET);
    assert_eq!(
        (body["tools"].as_array().unwrap().len(), &body["tool_choice"]["type"]),
        (1, &json!("any"))
    );
    assert!(losses.ends_with("approximated=tool_choice"), "{losses}");
    assert_eq!(refused(&choose(ToolChoice::Named("d".into()))), "tool_choice");
    assert_eq!(refused(&Request { tools: vec![], ..choose(ToolChoice::Required) }), "tool_choice");
}

#[test]
fn what_cannot_be_left_out_is_refused() {
    let part = |part| request(vec![Message::new(Role::User, vec![part])]);
    let image = |source| part(Part::Image(Image { source, detail: None, cache: None }));
    let document = |source| {
        let (name, context, cited, cache) = (None, None, false, None);
        part(Part::Document(Document { source, name, context, cited, cache }))
    };
    let data = |kind: &str| Source::Data { media_type: kind.into(), data: "YQ==".into() };
    assert_eq!(refused(&part(Part::Audio(Audio::default()))), "messages.audio");
    assert_eq!(refused(&image(data("image/tiff"))), "messages.image");
    assert_eq!(refused(&image(Source::Url("gs://a/b".into()))), "messages.image");
    assert_eq!(refused(&document(data("application/zip"))), "messages.document");
    let foreign = Source::File { format: Format::Chat, id: "file-1".into() };
    assert_eq!(refused(&document(foreign)), "messages.document");
    assert_eq!(refused(&Request { n: Some(2), ..hello() }), "n");
    assert_eq!(refused(&Request { modalities: vec!["audio".into()], ..hello() }), "modalities");
    let previous_response_id = Some("resp_1".into());
    assert_eq!(refused(&Request { previous_response_id, ..hello() }), "previous_response_id");
    // A file of text is said as text.
    let (body, _) = written(&document(data("text/csv")), SONNET);
    let source = &body["messages"][0]["content"][0]["source"];
    assert_eq!(source, &json!({"type": "text", "media_type": "text/plain", "data": "a"}));
    assert!(MESSAGES.takes_url(Media::Image, "https://example.com/a.png"));
    assert!(!MESSAGES.takes_url(Media::Document, "s3://a/b"));
}

#[test]
fn what_has_no_word_is_reported() {
    let asked = Request {
        seed: Some(1),
        frequency_penalty: Some(1.0),
        logprobs: Some(true),
        output: Some(OutputFormat::JsonObject),
        stop: vec![" \n".into(), "END".into()],
        user: Some("u".into()),
        safety_identifier: Some("s".into()),
        service_tier: Some("flex".into()),
        extras: vec![Native {
            format: Format::Chat,
            name: "web_search_options".into(),
            json: Json::parse("{}").unwrap(),
        }],
        ..hello()
    };
    let (body, losses) = written(&asked, SONNET);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({"user_id": "u"}));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(
        losses,
        "dropped=stop,safety_identifier,service_tier,web_search_options,frequency_penalty,seed,\
         logprobs; approximated=output"
    );
}

#[test]
fn errors_are_read_and_written() {
    let read = |status: u16, body: &str| MESSAGES.decode_error(status, body.as_bytes());
    let wire = |kind: &str, message: &str| {
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"})
            .to_string()
    };
    for (status, kind, expected, code) in [
        (400, "invalid_request_error", ErrorKind::InvalidRequest, 400),
        (401, "authentication_error", ErrorKind::Authentication, 401),
        (402, "billing_error", ErrorKind::Billing, 402),
        (403, "permission_error", ErrorKind::Permission, 403),
        (404, "not_found_error", ErrorKind::NotFound, 404),
        (413, "request_too_large", ErrorKind::TooLarge, 413),
        (429, "rate_limit_error", ErrorKind::RateLimit, 429),
        (500, "api_error", ErrorKind::Server, 500),
        (504, "timeout_error", ErrorKind::Timeout, 504),
        (529, "overloaded_error", ErrorKind::Overloaded, 529),
        (200, "overloaded_error", ErrorKind::Overloaded, 529),
    ] {
        let error = read(status, &wire(kind, "m"));
        assert_eq!((error.kind, error.status, &*error.message), (expected, code, "m"));
        let back: Value = serde_json::from_slice(&MESSAGES.encode_error(&error)).unwrap();
        assert_eq!(back["error"], json!({"type": kind, "message": "m"}));
    }
    let long = read(400, &wire("invalid_request_error", "prompt is too long: 9 > 8"));
    assert_eq!(long.kind, ErrorKind::ContextLength);
    assert_eq!(read(502, "<html>").kind, ErrorKind::Server);
    let foreign = ProviderError::new(ErrorKind::ContextLength, "too many tokens");
    let text = String::from_utf8(MESSAGES.encode_error(&foreign)).unwrap();
    assert!(text.contains("capability_rejected: prompt_too_long: too many tokens"), "{text}");
    assert_eq!(error_status(ErrorKind::Overloaded, 503), 529);
    assert_eq!(error_status(ErrorKind::InvalidRequest, 422), 400);
    let failure = MESSAGES.decode_response(wire("api_error", "m").as_bytes()).unwrap_err();
    assert!(matches!(failure, Failure::Error(error) if error.kind == ErrorKind::Server));
}

#[test]
fn what_is_no_request_is_refused_with_its_place() {
    for (body, param) in [
        ("[]", None),
        (r#"{"messages":[{"role":"user","content":7}]}"#, Some("messages.0.content")),
        (r#"{"messages":[{"role":"king","content":"a"}]}"#, Some("messages.0.role")),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
            Some("messages.0.content"),
        ),
        (r#"{"max_tokens":"a"}"#, Some("max_tokens")),
        (r#"{"tool_choice":{"type":"some"}}"#, Some("tool_choice.type")),
        (r#"{"output_config":{"effort":"huge"}}"#, Some("output_config.effort")),
    ] {
        let error = MESSAGES.decode_request(body.as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), param, "{}", error.message);
    }
}
