//! What dialects cannot say, and what is done about it.

use serde_json::{Value, json};

use super::super::*;
use crate::canonical::{
    Document, Effort, Image, Message, OutputFormat, Part, Reasoning, ReasoningRequest, Role,
    Signature, Source, Text, Tool, ToolCall, ToolChoice, ToolResult,
};
use crate::format::Parameters;
use crate::json::Json;

fn said(role: Role, part: Part) -> Message {
    Message::new(role, vec![part])
}

fn asking(messages: Vec<Message>) -> Request {
    let mut all = vec![said(Role::User, Part::Text(Text::new("hi")))];
    all.extend(messages);
    Request { messages: all, ..Request::default() }
}

fn encode(chat: &Chat, request: &Request, model: &str) -> Result<(Value, String), &'static str> {
    let target = Target { model, stream: false, parameters: Parameters::Drop };
    let mut losses = Losses::default();
    match chat.encode_request(request, &target, &mut losses) {
        Ok(body) => Ok((serde_json::from_slice(&body).unwrap(), losses.header())),
        Err(error) => Err(error.field),
    }
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

fn result(id: &str, content: Vec<Part>, is_error: bool) -> Part {
    let call_id = id.to_owned();
    Part::ToolResult(ToolResult {
        call_id,
        name: None,
        content,
        is_error,
        custom: false,
        cache: None,
    })
}

#[test]
fn pictures_of_results_follow_in_a_message_of_the_user() {
    let image = Part::Image(Image {
        source: Source::Url("https://example.com/a.png".into()),
        detail: None,
        cache: None,
    });
    let failed = vec![Part::Text(Text::new("no file"))];
    let request = asking(vec![
        Message::new(Role::Assistant, vec![call("c1"), call("c2")]),
        Message::new(
            Role::Tool,
            vec![result("c1", vec![image], false), result("c2", failed, true)],
        ),
    ]);
    let (body, losses) = encode(&OPENAI, &request, "m").unwrap();
    assert_eq!(
        body["messages"].as_array().unwrap()[2..],
        [
            json!({ "role": "tool", "tool_call_id": "c1", "content": "(see below)" }),
            json!({ "role": "tool", "tool_call_id": "c2", "content": "Error: no file" }),
            json!({ "role": "user", "content": [
                { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } },
            ]}),
        ]
    );
    assert_eq!(losses, "approximated=messages.tool_result.is_error,messages.tool_result.content");
}

#[test]
fn ids_of_calls_fit_mistral_and_stay_together() {
    let text = vec![Part::Text(Text::new("ok"))];
    let request = asking(vec![
        Message::new(Role::Assistant, vec![call("toolu_01"), call("abcdefgh9")]),
        Message::new(
            Role::Tool,
            vec![result("toolu_01", text.clone(), false), result("abcdefgh9", text, false)],
        ),
    ]);
    let (body, losses) = encode(&MISTRAL, &request, "m").unwrap();
    let calls = &body["messages"][1]["tool_calls"];
    let made = calls[0]["id"].as_str().unwrap();
    assert!(made.len() == 9 && made.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{made}");
    assert_eq!(calls[1]["id"], "abcdefgh9");
    let expected = json!({ "role": "tool", "tool_call_id": made, "name": "f", "content": "ok" });
    assert_eq!(body["messages"][2], expected);
    assert_eq!(losses, "");
}

#[test]
fn thoughts_go_back_to_those_who_take_them() {
    let reasoning = |format| {
        Part::Reasoning(Reasoning {
            text: "hm".into(),
            signature: Some(Signature { format, data: "s".into() }),
            ..Reasoning::default()
        })
    };
    let turn = |format| {
        asking(vec![
            Message::new(Role::Assistant, vec![reasoning(format), call("c")]),
            said(Role::Tool, result("c", vec![Part::Text(Text::new("ok"))], false)),
        ])
    };
    let request = turn(Format::Anthropic);
    let (body, losses) = encode(&OPENAI, &request, "m").unwrap();
    assert_eq!(body["messages"][1].get("reasoning_content"), None);
    assert_eq!(losses, "dropped=messages.reasoning");
    let (body, losses) = encode(&DEEPSEEK, &request, "m").unwrap();
    assert_eq!(body["messages"][1]["reasoning_content"], "hm");
    assert_eq!(losses, "dropped=messages.reasoning.signature");
    let (body, losses) = encode(&OPENROUTER, &request, "m").unwrap();
    assert_eq!(body["messages"][1]["reasoning_details"][0]["signature"], "s");
    assert_eq!(losses, "");
    let (body, losses) = encode(&MISTRAL, &turn(Format::Chat), "m").unwrap();
    assert_eq!(body["messages"][1]["content"][0]["signature"], "s");
    assert_eq!(losses, "");
    // A loop without thoughts has to say so.
    let silent = asking(vec![said(Role::Assistant, call("c"))]);
    let (body, _) = encode(&DEEPSEEK, &silent, "m").unwrap();
    assert_eq!(body["messages"][1]["reasoning_content"], "");
}

#[test]
fn a_schema_becomes_an_instruction_where_there_are_none() {
    let mut request = asking(vec![]);
    request.output = Some(OutputFormat::JsonSchema {
        name: None,
        description: None,
        schema: Json::parse(r#"{"type":"object"}"#).unwrap(),
        strict: Some(true),
    });
    let (body, losses) = encode(&DEEPSEEK, &request, "m").unwrap();
    assert_eq!(body["response_format"], json!({ "type": "json_object" }));
    let instruction = body["messages"][0]["content"].as_str().unwrap();
    assert!(instruction.contains("JSON") && instruction.ends_with(r#"{"type":"object"}"#));
    assert_eq!(losses, "approximated=output");
    let (body, losses) = encode(&COMPATIBLE, &request, "m").unwrap();
    assert_eq!(body["response_format"]["json_schema"]["name"], "output");
    assert_eq!(losses, "");
}

#[test]
fn models_that_think_get_no_sampling_parameters() {
    let mut request = asking(vec![]);
    request.temperature = Some(0.2);
    request.top_p = Some(1.0);
    request.stop = vec!["x".into()];
    request.max_tokens = Some(9);
    for model in ["o3-mini", "gpt-5-mini", "openai/gpt-5.2", "gpt-6"] {
        let (body, losses) = encode(&OPENAI, &request, model).unwrap();
        assert_eq!((&body["temperature"], &body["stop"]), (&Value::Null, &Value::Null), "{model}");
        assert_eq!((&body["top_p"], &body["max_completion_tokens"]), (&json!(1.0), &json!(9)));
        assert_eq!(losses, "dropped=temperature,stop");
    }
    for model in ["gpt-4o", "ft:gpt-4o-mini:org", "gpt-5-chat-latest", "my-deployment"] {
        assert_eq!(encode(&OPENAI, &request, model).unwrap().1, "", "{model}");
    }
    request.reasoning =
        Some(ReasoningRequest { effort: Some(Effort::None), ..ReasoningRequest::default() });
    assert_eq!(encode(&OPENAI, &request, "gpt-5.2").unwrap().1, "");
    assert_eq!(encode(&OPENAI, &request, "gpt-4o").unwrap().1, "dropped=reasoning");
    let target = Target { model: "o3", stream: false, parameters: Parameters::Pass };
    let mut losses = Losses::default();
    let body = OPENAI.encode_request(&request, &target, &mut losses).unwrap();
    assert!(String::from_utf8(body).unwrap().contains(r#""temperature":0.2"#));
    assert!(losses.is_empty());
}

#[test]
fn efforts_and_budgets_come_near_to_each_other() {
    let mut request = asking(vec![]);
    let mut sent = |chat: &Chat, reasoning: ReasoningRequest| {
        request.reasoning = Some(reasoning);
        let (body, losses) = encode(chat, &request, "m").unwrap();
        let word = body["reasoning_effort"].as_str().unwrap_or_default().to_owned();
        (word, losses)
    };
    let budget = |budget| ReasoningRequest { budget: Some(budget), ..ReasoningRequest::default() };
    let effort = |effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() };
    assert_eq!(sent(&OPENAI, budget(5_000)), ("medium".into(), "approximated=reasoning".into()));
    assert_eq!(sent(&OPENAI, effort(Effort::Xhigh)), ("xhigh".into(), String::new()));
    let near = "approximated=reasoning.effort".to_owned();
    assert_eq!(sent(&XAI, effort(Effort::Minimal)), ("low".into(), near.clone()));
    assert_eq!(sent(&COMPATIBLE, effort(Effort::Max)), ("high".into(), near));
    assert_eq!(sent(&DEEPSEEK, effort(Effort::None)), (String::new(), String::new()));
}

#[test]
fn what_would_fake_an_answer_is_refused() {
    let refused = |chat: &Chat, change: &dyn Fn(&mut Request)| {
        let mut request = asking(vec![]);
        change(&mut request);
        encode(chat, &request, "m").unwrap_err()
    };
    let add = |request: &mut Request, part| request.messages.push(said(Role::User, part));
    let sound = crate::canonical::Audio { data: "aGk=".into(), ..Default::default() };
    assert_eq!(refused(&GROQ, &|request| request.n = Some(2)), "n");
    assert_eq!(
        refused(&GROQ, &|request| add(request, Part::Audio(sound.clone()))),
        "messages.audio"
    );
    assert_eq!(
        refused(&OPENAI, &|request| request.previous_response_id = Some("r".into())),
        "previous_response_id"
    );
    assert_eq!(
        refused(&OPENAI, &|request| request.tool_choice = Some(ToolChoice::Required)),
        "tool_choice"
    );
    let tool = || Tool::Function(crate::canonical::FunctionTool::default());
    assert_eq!(
        refused(&OLLAMA, &|request| {
            request.tools = vec![tool()];
            request.tool_choice = Some(ToolChoice::Required);
        }),
        "tool_choice"
    );
    let document = |source| {
        Part::Document(Document { source, name: None, context: None, cited: false, cache: None })
    };
    let file = || Source::File { format: Format::Anthropic, id: "file_1".into() };
    assert_eq!(refused(&OPENAI, &|request| add(request, document(file()))), "messages.document");
    let url = || Source::Url("https://example.com/a.pdf".into());
    assert_eq!(refused(&OPENAI, &|request| add(request, document(url()))), "messages.document");
    assert!(!OPENAI.takes_url(Media::Document, "https://example.com/a.pdf"));
    assert!(MISTRAL.takes_url(Media::Document, "https://example.com/a.pdf"));
    assert!(!DEEPSEEK.takes_url(Media::Image, "https://example.com/a.png"));
}

#[test]
fn losses_of_an_answer_are_told_in_its_last_chunk_alone() {
    use crate::canonical::{Delta, Finish, Start};
    let mut encoder = OPENAI.encoder(crate::proof::asked());
    let mut out = Vec::new();
    for delta in [
        Delta::Start(Start::default()),
        Delta::Finish { choice: 0, finish: Finish::Pause },
        Delta::Usage(crate::canonical::Usage::default()),
        Delta::End,
    ] {
        encoder.delta(&delta, &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    let told = r#""x_sanmon_fidelity":{"approximated":["response.finish"]}"#;
    let chunks: Vec<&str> = out.split("\n\n").collect();
    assert_eq!(chunks.iter().position(|chunk| chunk.contains(told)), Some(2), "{out}");
    assert_eq!(out.matches("x_sanmon_fidelity").count(), 1);
}
