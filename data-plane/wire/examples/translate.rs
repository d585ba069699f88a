//! How long it takes to translate a conversation of 1 MB, between several formats: for `scripts/bench`.
//! Prints a JSON object of milliseconds, medians of 30 times.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that goes wrong ends"
)]

use std::hint::black_box;
use std::time::Instant;

use sanmon_wire::canonical::{Message, Part, Request, Role, Text, ToolCall, ToolResult};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Format, Parameters, Target};
use sanmon_wire::registry::usual;

const PAIRS: &[(Format, Format)] = &[
    (Format::Anthropic, Format::Chat),
    (Format::Chat, Format::Anthropic),
    (Format::Responses, Format::Chat),
    (Format::Responses, Format::Anthropic),
    (Format::Chat, Format::Gemini),
    (Format::Chat, Format::Converse),
];

const TARGET: Target<'static> =
    Target { model: "some-model", stream: false, parameters: Parameters::Drop };

/// As a coding agent has it: words, a call, what it gave.
fn conversation(bytes: usize) -> Request {
    let said = "Now I look at the file, \"main.rs\", and at what calls it.\n".repeat(4);
    let given = "    let Some(value) = map.get(\"key\") else { return Ok(()) }; // é\n".repeat(60);
    let text = |text: &str| Part::Text(Text::new(text));
    let mut messages = vec![Message::new(Role::System, vec![text("you are an agent")])];
    let mut written = 0;
    while written < bytes {
        let id = format!("call{:05}", messages.len());
        let call = ToolCall {
            id: id.clone(),
            name: "read".into(),
            arguments: r#"{"path":"src/main.rs","from":1,"to":200}"#.into(),
            custom: false,
            signature: None,
            cache: None,
        };
        let result = ToolResult {
            call_id: id,
            name: None,
            content: vec![text(&given)],
            is_error: false,
            custom: false,
            cache: None,
        };
        messages.push(Message::new(Role::User, vec![text("and then?")]));
        messages.push(Message::new(Role::Assistant, vec![text(&said), Part::ToolCall(call)]));
        messages.push(Message::new(Role::Tool, vec![Part::ToolResult(result)]));
        written += said.len() + given.len();
    }
    Request { model: "some-model".into(), messages, max_tokens: Some(1_024), ..Request::default() }
}

fn main() {
    let request = conversation(1 << 20);
    let mut measured = serde_json::Map::new();
    for &(from, to) in PAIRS {
        let (front, back) = (usual(from).unwrap().codec, usual(to).unwrap().codec);
        let body = front.encode_request(&request, &TARGET, &mut Losses::default()).unwrap();
        let mut times: Vec<f64> = (0..30)
            .map(|_| {
                let begun = Instant::now();
                let request = front.decode_request(black_box(&body)).unwrap();
                let body = back.encode_request(&request, &TARGET, &mut Losses::default());
                black_box(body.unwrap());
                begun.elapsed().as_secs_f64() * 1_000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        measured.insert(format!("{} → {}", from.name(), to.name()), times[times.len() / 2].into());
    }
    println!("{}", serde_json::json!({"translate_ms": measured}));
}
