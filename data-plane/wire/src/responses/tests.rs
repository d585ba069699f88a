use proptest::prelude::*;

use super::{OPEN, OPENAI, Responses};
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{
    Delta, ErrorKind, Finish, Fold, OutputFormat, Part, ProviderError, Reasoning, Request,
    Response, Role, Source, Text, Tool, unfold,
};
use crate::fidelity::Losses;
use crate::format::{Asked, Codec, Format, Parameters, Target};

mod golden;
mod stream;

const TARGET: Target<'_> = Target { model: "model", stream: false, parameters: Parameters::Drop };

fn asked() -> Asked {
    Asked { id: "abc".into(), created: 1_700_000_000, model: "m".into(), ..Asked::default() }
}

/// What the format carries.
fn carries(codec: Responses) -> Carries {
    Carries {
        names: false,
        audio: codec.dialect == OPENAI.dialect,
        document_text: false,
        document_context: false,
        cited: false,
        cache: false,
        result_names: false,
        result_errors: false,
        call_signatures: false,
        redacted: false,
        top_k: false,
        penalties: codec.dialect == OPEN.dialect,
        seed: false,
        n: false,
        logit_bias: false,
        stop: false,
        budget: false,
        prediction: false,
        fingerprint: false,
        ..Carries::all(Format::Responses)
    }
}

/// A request in the words of this format: what is absent elsewhere and has a default here is said.
fn said(mut request: Request) -> Request {
    request.stream = false;
    request.stream_usage = true;
    request.store = Some(request.store.unwrap_or(false));
    for tool in &mut request.tools {
        if let Tool::Function(tool) = tool {
            tool.strict = Some(tool.strict.unwrap_or(false));
        }
    }
    if let Some(OutputFormat::JsonSchema { name, .. }) = &mut request.output {
        name.get_or_insert_with(|| "response".into());
    }
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        match part {
            Part::Document(document) if matches!(document.source, Source::Data { .. }) => {
                document.name.get_or_insert_with(|| "a.pdf".into());
            }
            Part::Reasoning(reasoning) => {
                reasoning.id = Some("rs_1".into());
            }
            _ => {}
        }
    }
    request
}

/// An answer in the words of this format.
fn told(mut response: Response) -> Response {
    response.id = format!("resp_{}", response.id);
    response.created = Some(response.created.unwrap_or(1));
    response.service_tier = Some(response.service_tier.unwrap_or("default".into()));
    for choice in &mut response.choices {
        for part in &mut choice.content {
            if let Part::Reasoning(reasoning) = part {
                reasoning.id = Some("rs_1".into());
            }
        }
        if !choice.content.iter().any(|part| matches!(part, Part::Text(_))) {
            choice.logprobs.clear();
        }
    }
    response
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was(
        (codec, request) in prop_oneof![Just(OPENAI), Just(OPEN)].prop_flat_map(|codec| {
            (Just(codec), arbitrary::request(carries(codec)).prop_map(said))
        })
    ) {
        let mut losses = Losses::default();
        let body = codec.encode_request(&request, &TARGET, &mut losses).unwrap();
        prop_assert_eq!(losses.header(), "");
        let back = codec.decode_request(&body);
        prop_assert_eq!(back, Ok(request), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn an_answer_comes_back_as_it_was(
        response in arbitrary::response(carries(OPENAI)).prop_map(told)
    ) {
        let mut losses = Losses::default();
        let body = OPENAI.encode_response(&response, &asked(), &mut losses);
        prop_assert_eq!(losses.header(), "");
        prop_assert_eq!(OPENAI.decode_response(&body), Ok(response));
    }

    #[test]
    fn a_stream_says_what_the_whole_answer_says(
        response in arbitrary::response(carries(OPENAI)).prop_map(told),
        open in any::<bool>(),
        cuts in proptest::collection::vec(1_usize..90, 1..9),
    ) {
        let codec = if open { OPEN } else { OPENAI };
        let response = if open {
            let mut response = response;
            // It has no word for them.
            response.usage.as_mut().unwrap().cache_write = 0;
            response
        } else {
            response
        };
        let mut encoder = codec.encoder(asked());
        let mut stream = Vec::new();
        for delta in unfold(response.clone()) {
            encoder.delta(&delta, &mut stream);
        }
        prop_assert_eq!(encoder.losses().header(), "");
        let deltas = stream::pieces(codec, &stream, &cuts);
        prop_assert_eq!(&deltas, &stream::pieces(codec, &stream, &[stream.len()]));
        let mut fold = Fold::default();
        for delta in deltas {
        fold.delta(delta);
    }
        prop_assert_eq!(fold.finish(), Some(Ok(response.clone())));
        // The last event has the answer as it would have come whole.
        let whole = codec.encode_response(&response, &asked(), &mut Losses::default());
        let last = stream::events(&stream).pop().unwrap();
        let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        prop_assert_eq!(&last["response"], &whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = OPENAI.decode_request(&bytes);
        let _ = OPENAI.decode_response(&bytes);
        OPENAI.decode_error(500, &bytes);
        OPENAI.echo(&bytes, None);
        let mut framed = b"data: ".to_vec();
        framed.extend_from_slice(&bytes);
        framed.extend_from_slice(b"\n\n");
        let _ = stream::pieces(OPENAI, &framed, &[7]);
    }

    #[test]
    fn no_json_in_any_member_makes_it_panic(
        member in prop_oneof![
            "input|instructions|tools|tool_choice|text|reasoning|include|metadata|model|output",
            "type|item|part|response|delta|output_index|logprobs|annotation|error|id|usage",
        ],
        kind in "response\\.(output_item\\.(added|done)|completed|content_part\\.done)|error",
        value in prop_oneof![
            Just("null".to_owned()), Just("[]".to_owned()), Just("{}".to_owned()),
            Just("7".to_owned()), Just("\"x\"".to_owned()), Just("[null,7,\"x\",{}]".to_owned()),
            Just(r#"[{"type":"message","role":"user","content":[{"type":"input_text"}]}]"#.into()),
            Just(r#"{"type":"reasoning","summary":7}"#.into()),
            Just(r#"{"type":"message","content":[{"type":"output_text","text":7}]}"#.into()),
        ],
    ) {
        let body = format!(r#"{{"model":"m","{member}":{value},"type":"{kind}"}}"#);
        if let Ok(request) = OPENAI.decode_request(body.as_bytes()) {
            let _ = OPENAI.encode_request(&request, &TARGET, &mut Losses::default());
        }
        let _ = OPENAI.decode_response(body.as_bytes());
        let _ = stream::pieces(OPENAI, format!("data: {body}\n\n").as_bytes(), &[3]);
    }
}

fn decode(body: &str) -> Request {
    OPENAI.decode_request(body.as_bytes()).unwrap()
}

#[test]
fn one_turn_of_the_assistant_is_one_message() {
    let request = decode(
        r#"{"model":"m","instructions":"be brief","input":[
            {"role":"user","content":"hi"},
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"e"},
            {"type":"message","role":"assistant","phase":"commentary","content":"looking"},
            {"type":"function_call","call_id":"c1","name":"f","arguments":""},
            {"type":"custom_tool_call","call_id":"c2","name":"g","input":"x"},
            {"type":"function_call_output","call_id":"c1","output":"1"},
            {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"2"}]},
            {"type":"web_search_call","id":"ws_1","status":"completed"}]}"#,
    );
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool, Role::Assistant]);
    assert_eq!(request.messages[2].content.len(), 4);
    let Part::ToolCall(call) = &request.messages[2].content[2] else { panic!() };
    assert_eq!(call.arguments, "{}");
    assert!(
        matches!(&request.messages[4].content[..], [Part::Native(native)] if native.name == "web_search_call")
    );
    // Reported by every encoder, this one included: the message it was of is part of a turn.
    let mut losses = Losses::default();
    OPENAI.encode_request(&request, &TARGET, &mut losses).unwrap();
    assert_eq!(losses.header(), "dropped=messages.phase");
}

#[test]
fn defaults_that_differ_elsewhere_are_said() {
    let request = decode(r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"f"}]}"#);
    assert_eq!(request.store, Some(true));
    let Tool::Function(tool) = &request.tools[0] else { panic!() };
    assert_eq!(tool.strict, Some(true));
    let body = OPENAI.encode_request(&Request::default(), &TARGET, &mut Losses::default()).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), r#"{"model":"model","input":[],"store":false}"#);
}

#[test]
fn what_cannot_be_said_is_reported_or_refused() {
    let report = |request: Request, target: &Target<'_>| {
        let mut losses = Losses::default();
        let done = OPENAI.encode_request(&request, target, &mut losses);
        done.map(|_| losses.header()).map_err(|refused| refused.field)
    };
    let request = || Request { model: "m".into(), ..Request::default() };
    assert_eq!(report(Request { n: Some(2), ..request() }, &TARGET), Err("n"));
    let many = Request {
        seed: Some(1),
        stop: vec!["x".into()],
        top_k: Some(3),
        frequency_penalty: Some(1.0),
        max_tokens: Some(3),
        ..request()
    };
    assert_eq!(
        report(many, &TARGET).unwrap(),
        "dropped=top_k,stop,seed,frequency_penalty; approximated=max_tokens"
    );
    let cold = Request { temperature: Some(0.0), ..request() };
    let thinker = Target { model: "gpt-5", ..TARGET };
    assert_eq!(report(cold.clone(), &thinker).unwrap(), "dropped=temperature");
    let pass = Target { parameters: Parameters::Pass, ..thinker };
    assert_eq!(report(cold, &pass).unwrap(), "");
    // Reasoning that its vendor would not know again.
    let thought = Reasoning { text: "hm".into(), ..Reasoning::default() };
    let message = crate::canonical::Message::new(Role::Assistant, vec![Part::Reasoning(thought)]);
    let request = Request { messages: vec![message], ..request() };
    assert_eq!(report(request, &TARGET).unwrap(), "dropped=messages.reasoning");
}

#[test]
fn what_only_this_format_knows_comes_back_out() {
    let body = r#"{"model":"model","input":[{"role":"user","content":[{"type":"input_text","text":"a"}],"type":"message"}],"tools":[{"type":"web_search","search_context_size":"low"}],"include":["file_search_call.results"],"store":true,"tool_choice":{"type":"web_search"},"truncation":"auto","max_tool_calls":3}"#;
    let request = decode(body);
    let mut losses = Losses::default();
    let out = OPENAI.encode_request(&request, &TARGET, &mut losses).unwrap();
    let read = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
    assert_eq!(read(&out), read(body.as_bytes()));
    assert_eq!(losses.header(), "");
}

#[test]
fn mistakes_name_their_member() {
    for (body, param) in [
        (r#"{"input":7}"#, "input"),
        (r#"{"input":[7]}"#, "input[0]"),
        (r#"{"input":[{"role":"user","content":7}]}"#, "input[0].content"),
        (r#"{"temperature":"hot"}"#, "temperature"),
        (r#"{"tools":{"type":7}}"#, "tools[0]"),
        (r#"{"text":{"format":{"type":"xml"}}}"#, "text.format.type"),
        (r#"{"reasoning":"high"}"#, "reasoning"),
    ] {
        let error = OPENAI.decode_request(body.as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
    }
    assert_eq!(OPENAI.decode_request(b"[]").unwrap_err().param, None);
}

#[test]
fn errors_are_read_and_written_in_each_dialect() {
    let read = |status: u16, body: &str| {
        let error = OPENAI.decode_error(status, body.as_bytes());
        (error.kind, error.status, error.code)
    };
    let code = |code: &str| Some(code.to_owned());
    assert_eq!(
        read(
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"#
        ),
        (ErrorKind::ContextLength, 400, code("context_length_exceeded"))
    );
    assert_eq!(
        read(429, r#"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#),
        (ErrorKind::Billing, 429, code("insufficient_quota"))
    );
    assert_eq!(
        read(401, r#"{"error":{"message":"m","type":"invalid_request_error"}}"#),
        (ErrorKind::Authentication, 401, code("invalid_request_error"))
    );
    assert_eq!(read(502, "<html>"), (ErrorKind::Server, 502, None));
    assert_eq!(read(429, r#"{"error":"slow down"}"#), (ErrorKind::RateLimit, 429, None));
    let error = ProviderError::new(ErrorKind::NotFound, "no \"such\" response");
    let text = |codec: Responses| String::from_utf8(codec.encode_error(&error)).unwrap();
    assert_eq!(
        text(OPEN),
        r#"{"error":{"message":"no \"such\" response","type":"not_found","param":null,"code":null}}"#
    );
    assert!(text(OPENAI).contains(r#""type":"invalid_request_error""#));
}

#[test]
fn an_empty_answer_is_a_message_without_text() {
    let response = Response::default();
    let body = OPENAI.encode_response(&response, &asked(), &mut Losses::default());
    let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(read["output"][0]["content"][0]["text"], "");
    assert_eq!(read["usage"]["total_tokens"], 0);
    assert_eq!(read["id"], "resp_abc");
    let back = OPENAI.decode_response(&body).unwrap();
    assert_eq!(back.choices[0].finish, Some(Finish::Stop));
    assert!(back.choices[0].content.is_empty());
}

#[test]
fn a_cut_answer_says_why_and_its_last_item_is_incomplete() {
    for (finish, reason) in
        [(Finish::Length, "max_output_tokens"), (Finish::ContentFilter, "content_filter")]
    {
        let deltas = vec![
            Delta::Open { choice: 0, block: 0, part: Part::Text(Text::new("a")) },
            Delta::Close { choice: 0, block: 0 },
            Delta::Finish { choice: 0, finish: finish.clone() },
            Delta::End,
        ];
        let mut fold = Fold::default();
        let mut stream = Vec::new();
        let mut encoder = OPENAI.encoder(asked());
        for delta in deltas {
            encoder.delta(&delta, &mut stream);
            fold.delta(delta);
        }
        let response = fold.finish().unwrap().unwrap();
        let whole = OPENAI.encode_response(&response, &asked(), &mut Losses::default());
        let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        let last = stream::events(&stream).pop().unwrap();
        assert_eq!(last["type"], "response.incomplete");
        assert_eq!(last["response"], whole);
        assert_eq!(whole["incomplete_details"]["reason"], reason);
        assert_eq!(whole["output"][0]["status"], "incomplete");
        let back = OPENAI.decode_response(whole.to_string().as_bytes()).unwrap();
        assert_eq!(back.choices[0].finish, Some(finish));
    }
}
