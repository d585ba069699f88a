//! Whole conversations and whole answers, as applications have them.

use sanmon_wire::canonical::*;
use sanmon_wire::format::Format;

use crate::features::*;

/// Something to be translated.
pub(crate) struct Case<T> {
    pub(crate) name: &'static str,
    pub(crate) value: T,
}

fn case<T>(name: &'static str, value: T) -> Case<T> {
    Case { name, value }
}

/// Conversations. Every feature is one too.
pub(crate) fn requests(format: Format) -> Vec<Case<Request>> {
    let mut cases: Vec<_> =
        features(format).into_iter().map(|it| case(it.name, it.request)).collect();
    let signature = Some(Signature { format, data: "c2lnbmVk".into() });
    let thought = Reasoning { text: "which city?".into(), signature, ..Reasoning::default() };
    let agent = Request {
        messages: vec![
            Message::new(Role::System, vec![text("you are an agent"), text("be careful")]),
            user(vec![text("look at this"), Part::Image(image(pixel()))]),
            assistant(vec![
                Part::Reasoning(thought),
                text("I look it up."),
                Part::ToolCall(call("call00001", "Nantes")),
                Part::ToolCall(call("call00002", "Kyoto")),
            ]),
            Message::new(
                Role::Tool,
                vec![
                    Part::ToolResult(result("call00001", vec![text("21 degrees")])),
                    Part::ToolResult(ToolResult {
                        is_error: true,
                        ..result("call00002", vec![text("no such city")])
                    }),
                ],
            ),
            user(vec![text("and tomorrow?")]),
        ],
        temperature: Some(0.5),
        stop: vec!["END".into()],
        ..with_tool(FunctionTool { strict: Some(true), ..weather() })
    };
    cases.push(case("an agent's loop", agent));
    let empty = ToolCall { arguments: "{}".into(), ..call("call00001", "") };
    let mut no_arguments = with_result(result("call00001", vec![text("done")]));
    no_arguments.messages[1] = assistant(vec![Part::ToolCall(empty)]);
    cases.push(case("a call without arguments", no_arguments));
    let nothing = with_result(result("call00001", Vec::new()));
    cases.push(case("a result without content", nothing));
    cases
}

/// Answers that every format can give, and those that only some can.
pub(crate) fn answers(format: Format) -> Vec<Case<Response>> {
    let says = |content: Vec<Part>, finish| Response {
        id: "answer".into(),
        model: "some-model".into(),
        created: None,
        choices: vec![Choice { index: 0, content, finish: Some(finish), logprobs: Vec::new() }],
        usage: Some(Usage { input: 11, output: 7, ..Usage::default() }),
        ..Response::default()
    };
    let hello = || says(vec![text("hello there")], Finish::Stop);
    let calls = |cities: &[&str]| -> Vec<Part> {
        let id = |index: usize| format!("call{:05}", index + 1);
        let of = |(index, city): (usize, &&str)| Part::ToolCall(call(&id(index), city));
        cities.iter().enumerate().map(of).collect()
    };
    let signature = || Some(Signature { format, data: "c2lnbmVk".into() });
    let thought = || Reasoning { text: "a greeting".into(), ..Reasoning::default() };
    let signed = || Part::Reasoning(Reasoning { signature: signature(), ..thought() });
    let hidden = Reasoning { signature: signature(), redacted: true, ..Reasoning::default() };
    let citation = Citation {
        url: Some("https://example.com/a".into()),
        title: Some("A".into()),
        span: Some((0, 5)),
        ..Citation::default()
    };
    let usage = Usage {
        input: 20,
        output: 9,
        cache_read: 5,
        cache_write: 3,
        reasoning: 4,
        ..Usage::default()
    };
    let token = TokenLogprob {
        token: "hello there".into(),
        logprob: -0.5,
        bytes: None,
        top: vec![TopLogprob { token: "hi".into(), logprob: -1.5, bytes: None }],
    };
    let second = Choice {
        index: 1,
        content: vec![text("hi")],
        finish: Some(Finish::Stop),
        logprobs: Vec::new(),
    };
    let mut several = hello();
    several.choices.push(second);
    let mut probable = hello();
    probable.choices[0].logprobs = vec![token];
    let with_calls = |mut content: Vec<Part>, cities: &[&str]| {
        content.extend(calls(cities));
        says(content, Finish::ToolCalls)
    };
    vec![
        case("text", hello()),
        case("nothing", says(Vec::new(), Finish::Stop)),
        case("no usage", Response { usage: None, ..hello() }),
        case("usage of caches and reasoning", Response { usage: Some(usage), ..hello() }),
        case("a call", with_calls(Vec::new(), &["Nantes"])),
        case("text and a call", with_calls(vec![text("I look it up.")], &["Nantes"])),
        case("parallel calls", with_calls(Vec::new(), &["Nantes", "Kyoto", "Lima"])),
        case("reasoning", says(vec![Part::Reasoning(thought()), text("hi")], Finish::Stop)),
        case("signed reasoning", says(vec![signed(), text("hi")], Finish::Stop)),
        case("hidden reasoning", says(vec![Part::Reasoning(hidden), text("hi")], Finish::Stop)),
        case("reasoning before calls", with_calls(vec![signed()], &["Nantes", "Kyoto"])),
        case("at the bound", says(vec![text("hello th")], Finish::Length)),
        case("at the end of the context", says(vec![text("hello th")], Finish::ContextWindow)),
        case(
            "at a stop sequence",
            says(vec![text("hello")], Finish::StopSequence(Some("END".into()))),
        ),
        case("filtered", says(vec![text("hello")], Finish::ContentFilter)),
        case("filtered before anything was said", says(Vec::new(), Finish::ContentFilter)),
        case(
            "a refusal",
            says(vec![Part::Refusal(Refusal { text: "no".into() })], Finish::Refusal),
        ),
        case("paused", says(vec![text("hello")], Finish::Pause)),
        case("another reason", says(vec![text("hello")], Finish::Other("odd".into()))),
        case(
            "citations",
            says(
                vec![Part::Text(Text { citations: vec![citation], ..Text::new("hello there") })],
                Finish::Stop,
            ),
        ),
        case("several answers", several),
        case("log-probabilities", probable),
        case("service tier", Response { service_tier: Some("default".into()), ..hello() }),
        case("fingerprint", Response { system_fingerprint: Some("fp_1".into()), ..hello() }),
        case("time", Response { created: Some(1_700_000_001), ..hello() }),
    ]
}
