//! What cannot be said, or only otherwise; errors; addresses.

use super::*;
use crate::canonical::{
    Citation, Effort, ErrorKind, FunctionTool, Image, Message, Native, OutputFormat, Part,
    Reasoning, ReasoningRequest, Role, Signature, Source, Text, Tool, ToolCall, ToolChoice,
    ToolResult,
};
use crate::json::Json;

fn user(content: Vec<Part>) -> Message {
    Message::new(Role::User, content)
}

fn text(text: &str) -> Part {
    Part::Text(Text::new(text))
}

fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: format!("f_{id}"),
        arguments: "{}".into(),
        custom: false,
        signature: None,
        cache: None,
    })
}

fn result(id: &str) -> Part {
    let content = vec![text(id)];
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        name: None,
        content,
        is_error: false,
        custom: false,
        cache: None,
    })
}

fn function(strict: Option<bool>) -> Tool {
    let schema = r#"{"type":"object","properties":{"a":{"type":"string","minLength":1}},"additionalProperties":false}"#;
    Tool::Function(FunctionTool {
        name: "f".into(),
        parameters: Json::parse(schema),
        strict,
        ..FunctionTool::default()
    })
}

fn write(request: &Request, model: &str) -> (Value, String) {
    let mut losses = Losses::default();
    let written = AI_STUDIO.encode_request(request, &target(model), &mut losses).unwrap();
    (json(&written), losses.header())
}

fn refuses(request: &Request) -> &'static str {
    let refused =
        AI_STUDIO.encode_request(request, &target("gemini-3-pro"), &mut Losses::default());
    refused.unwrap_err().field
}

fn hi() -> Request {
    Request { messages: vec![user(vec![text("hi")])], ..Request::default() }
}

#[test]
fn foreign_calls_get_a_stand_in_for_their_signature_and_results_come_in_order() {
    let foreign = Signature { format: Format::Anthropic, data: "x".into() };
    let thought = Reasoning { text: "hm".into(), signature: Some(foreign), ..Reasoning::default() };
    let request = Request {
        messages: vec![
            user(vec![text("hi")]),
            Message::new(Role::Assistant, vec![Part::Reasoning(thought), call("a"), call("b")]),
            Message::new(Role::Tool, vec![result("b"), result("a")]),
            Message::new(Role::Assistant, vec![call("c")]),
            Message::new(Role::Tool, vec![result("c")]),
            user(vec![text("go on")]),
        ],
        ..Request::default()
    };
    let (written, losses) = write(&request, "gemini-3-pro");
    assert_eq!(losses, "dropped=messages.reasoning.signature,messages.reasoning");
    let contents = written["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 5);
    let stand_in = "skip_thought_signature_validator";
    let signatures = ["/1/parts/0", "/1/parts/1", "/3/parts/0"]
        .map(|at| written["contents"].pointer(at).unwrap().get("thoughtSignature").cloned());
    assert_eq!(signatures, [Some(stand_in.into()), None, Some(stand_in.into())]);
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["name"], "f_a");
    assert_eq!(contents[4]["parts"][1]["text"], "go on");
    let (older, _) = write(&request, "gemini-2.5-flash");
    assert_eq!(older["contents"][1]["parts"][0].get("thoughtSignature"), None);
}

#[test]
fn thinking_is_told_as_each_model_takes_it() {
    let think = |effort, budget| ReasoningRequest { effort, budget, ..ReasoningRequest::default() };
    let adaptive = ReasoningRequest { adaptive: true, ..ReasoningRequest::default() };
    for (model, reasoning, config, losses) in [
        (
            "gemini-2.5-flash",
            think(Some(Effort::Medium), None),
            r#"{"includeThoughts":true,"thinkingBudget":8192}"#,
            "approximated=reasoning.effort",
        ),
        (
            "gemini-2.5-flash",
            think(None, Some(2_000)),
            r#"{"includeThoughts":true,"thinkingBudget":2000}"#,
            "",
        ),
        (
            "gemini-2.5-flash",
            think(None, Some(99_000)),
            r#"{"includeThoughts":true,"thinkingBudget":24576}"#,
            "approximated=reasoning",
        ),
        ("gemini-2.5-flash", think(Some(Effort::None), None), r#"{"thinkingBudget":0}"#, ""),
        (
            "gemini-2.5-pro",
            think(Some(Effort::None), None),
            r#"{"thinkingBudget":128}"#,
            "approximated=reasoning",
        ),
        ("gemini-2.5-pro", adaptive, r#"{"includeThoughts":true,"thinkingBudget":-1}"#, ""),
        (
            "gemini-3-pro",
            think(Some(Effort::High), None),
            r#"{"includeThoughts":true,"thinkingLevel":"HIGH"}"#,
            "",
        ),
        (
            "gemini-3-pro",
            think(Some(Effort::Xhigh), None),
            r#"{"includeThoughts":true,"thinkingLevel":"HIGH"}"#,
            "approximated=reasoning.effort",
        ),
        (
            "gemini-4-pro",
            think(Some(Effort::Xhigh), None),
            r#"{"includeThoughts":true,"thinkingLevel":"XHIGH"}"#,
            "",
        ),
        (
            "gemini-3-flash",
            think(None, Some(1_500)),
            r#"{"includeThoughts":true,"thinkingLevel":"LOW"}"#,
            "approximated=reasoning.budget",
        ),
        ("gemini-2.0-flash", think(Some(Effort::Low), None), "null", "dropped=reasoning"),
    ] {
        let request = Request { reasoning: Some(reasoning), ..hi() };
        let (written, told) = write(&request, model);
        let config: Value = serde_json::from_str(config).unwrap();
        assert_eq!(written["generationConfig"]["thinkingConfig"], config, "{model}");
        assert_eq!(told, losses, "{model}");
    }
}

#[test]
fn tools_are_chosen_in_modes() {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let allowed = |required| ToolChoice::Allowed { required, names: named(&["f"]) };
    for (choice, strict, model, mode, losses) in [
        (None, None, "gemini-3-pro", None, ""),
        (None, Some(true), "gemini-3-pro", Some("VALIDATED"), ""),
        (
            None,
            Some(true),
            "gemini-2.0-flash",
            None,
            "dropped=tools.strict; approximated=tools.parameters",
        ),
        (Some(ToolChoice::Auto), None, "gemini-3-pro", Some("AUTO"), ""),
        (Some(ToolChoice::None), Some(true), "gemini-3-pro", Some("NONE"), ""),
        (Some(ToolChoice::Required), Some(true), "gemini-3-pro", Some("ANY"), ""),
        (Some(allowed(true)), None, "gemini-3-pro", Some("ANY"), ""),
        (Some(allowed(false)), None, "gemini-3-pro", Some("VALIDATED"), ""),
        (Some(ToolChoice::Named("f".into())), None, "gemini-3-pro", Some("ANY"), ""),
    ] {
        let names = !matches!(
            choice,
            None | Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Required)
        );
        let request = Request { tools: vec![function(strict)], tool_choice: choice, ..hi() };
        let (written, told) = write(&request, model);
        let config = &written["toolConfig"]["functionCallingConfig"];
        assert_eq!(config["mode"].as_str(), mode);
        assert_eq!(config.get("allowedFunctionNames").is_some(), names);
        assert_eq!(told, losses);
    }
    let other = ToolChoice::Named("g".into());
    let request = Request { tools: vec![function(None)], tool_choice: Some(other), ..hi() };
    assert_eq!(refuses(&request), "tool_choice");
    let request = Request { tool_choice: Some(ToolChoice::Required), ..hi() };
    assert_eq!(refuses(&request), "tool_choice");
}

#[test]
fn what_cannot_be_said_is_reported() {
    let json = || Json::parse("{}");
    let native = |format, name: &str| Native { format, name: name.into(), json: json().unwrap() };
    let request = Request {
        presence_penalty: Some(1.0),
        seed: Some(i64::MAX),
        stop: ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec(),
        logit_bias: json(),
        verbosity: Some("low".into()),
        prediction: json(),
        audio: json(),
        user: Some("u".into()),
        safety_identifier: Some("s".into()),
        metadata: vec![("a".into(), "b".into())],
        prompt_cache_key: Some("k".into()),
        parallel_tool_calls: Some(false),
        tools: vec![function(None), Tool::Native(native(Format::Anthropic, "bash_20250124"))],
        extras: vec![native(Format::Chat, "web_search_options")],
        output: Some(OutputFormat::JsonSchema {
            name: Some("n".into()),
            description: Some("d".into()),
            schema: json().unwrap(),
            strict: Some(true),
        }),
        ..hi()
    };
    let (_, losses) = write(&request, "gemini-3-pro");
    assert_eq!(
        losses,
        "dropped=tools.bash_20250124,parallel_tool_calls,seed,presence_penalty,output.name,output.description,\
         logit_bias,verbosity,audio,prediction,metadata,user,safety_identifier,prompt_cache_key,\
         web_search_options; approximated=stop"
    );
    let next = Request { previous_response_id: Some("resp_1".into()), ..hi() };
    assert_eq!(refuses(&next), "previous_response_id");
    let kept = Source::File { format: Format::Chat, id: "file-1".into() };
    let kept = Part::Image(Image { source: kept, detail: None, cache: None });
    let kept = Request { messages: vec![user(vec![kept])], ..Request::default() };
    assert_eq!(refuses(&kept), "messages.image");
}

#[test]
fn models_without_system_instructions_hear_them_from_the_user() {
    let system = Message::new(Role::System, vec![text("Be brief.")]);
    let request =
        Request { messages: vec![system.clone(), user(vec![text("hi")])], ..Request::default() };
    let (written, losses) = write(&request, "gemma-3-27b-it");
    assert_eq!(losses, "approximated=messages.system");
    assert_eq!(written["contents"][0]["parts"][0]["text"], "Be brief.");
    assert_eq!(written.get("systemInstruction"), None);
    let alone = Request { messages: vec![system], ..Request::default() };
    assert_eq!(write(&alone, "gemini-3-pro").0["contents"][0]["role"], "user");
}

#[test]
fn citations_of_others_become_grounding() {
    let citation = Citation {
        url: Some("https://a.example/".into()),
        span: Some((4, 7)),
        ..Citation::default()
    };
    let said = Text { citations: vec![citation.clone()], ..Text::new("Né: été.") };
    let choice = crate::canonical::Choice { content: vec![Part::Text(said)], ..Default::default() };
    let response = Response { choices: vec![choice], ..Response::default() };
    let written = AI_STUDIO.encode_response(&response, &asked(), &mut Losses::default());
    let segment =
        &json(&written)["candidates"][0]["groundingMetadata"]["groundingSupports"][0]["segment"];
    assert_eq!(*segment, serde_json::json!({"startIndex": 5, "endIndex": 10}));
    let back = AI_STUDIO.decode_response(&written).unwrap();
    let Part::Text(back) = &back.choices[0].content[0] else { panic!("no text") };
    assert_eq!(back.citations, [citation]);
}

#[test]
fn errors_are_known_by_status_code_and_details() {
    let read = |status, body: &str| AI_STUDIO.decode_error(status, body.as_bytes());
    let key = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#;
    let field = r#"{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT","details":[{"fieldViolations":[{"field":"contents"}]}]}}"#;
    let long = r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}"#;
    let quota = r#"[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"12s"}]}}]"#;
    for (status, body, kind, is) in [
        (400, key, ErrorKind::Authentication, 401),
        (400, field, ErrorKind::InvalidRequest, 400),
        (400, long, ErrorKind::ContextLength, 400),
        (200, quota, ErrorKind::RateLimit, 429),
        (200, r#"{"error":{"status":"UNAVAILABLE"}}"#, ErrorKind::Overloaded, 503),
        (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#, ErrorKind::Permission, 403),
        (502, "<html>Bad gateway</html>", ErrorKind::Server, 502),
        (500, "", ErrorKind::Server, 500),
    ] {
        let error = read(status, body);
        assert_eq!((error.kind, error.status), (kind, is), "{body}");
        let again = AI_STUDIO.decode_error(error.status, &AI_STUDIO.encode_error(&error));
        assert_eq!((again.status, again.message), (error.status, error.message), "{body}");
    }
    assert_eq!(read(400, field).param.as_deref(), Some("contents"));
    assert_eq!(read(200, quota).retry_after, Some(12_000));
}

#[test]
fn addresses_are_taken_where_they_work() {
    let kept = "https://generativelanguage.googleapis.com/v1beta/files/abc";
    for (url, media, ai_studio, vertex) in [
        (kept, Media::Document, true, false),
        ("https://example.com/a.png", Media::Image, false, true),
        ("https://example.com/a.png?x=.txt", Media::Document, false, false),
        ("https://example.com/a", Media::Image, false, false),
        ("gs://bucket/a", Media::Document, false, true),
    ] {
        assert_eq!(AI_STUDIO.takes_url(media, url), ai_studio, "{url}");
        assert_eq!(VERTEX.takes_url(media, url), vertex, "{url}");
    }
}
