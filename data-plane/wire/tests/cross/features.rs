//! What a request can hold, each by itself: what the table of fidelity has a row for.

use sanmon_wire::canonical::*;
use sanmon_wire::format::Format;
use sanmon_wire::json::Json;

/// Something a request can hold.
pub(crate) struct Feature {
    /// As the table calls it.
    pub(crate) name: &'static str,
    /// A request with it, and nothing else that could be lost.
    pub(crate) request: Request,
}

pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

pub(crate) fn text(text: &str) -> Part {
    Part::Text(Text::new(text))
}

pub(crate) fn user(content: Vec<Part>) -> Message {
    Message::new(Role::User, content)
}

pub(crate) fn assistant(content: Vec<Part>) -> Message {
    Message::new(Role::Assistant, content)
}

/// The least that can be asked.
pub(crate) fn hello() -> Request {
    Request {
        model: "some-model".into(),
        messages: vec![user(vec![text("hello")])],
        max_tokens: Some(2_048),
        ..Request::default()
    }
}

pub(crate) fn weather() -> FunctionTool {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}"#;
    FunctionTool {
        name: "weather".into(),
        description: Some("The weather somewhere.".into()),
        parameters: Some(json(schema)),
        ..FunctionTool::default()
    }
}

pub(crate) fn call(id: &str, city: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: "weather".into(),
        arguments: format!("{{\"city\":\"{city}\"}}"),
        custom: false,
        signature: None,
        cache: None,
    }
}

pub(crate) fn result(call_id: &str, content: Vec<Part>) -> ToolResult {
    ToolResult {
        call_id: call_id.into(),
        name: Some("weather".into()),
        content,
        is_error: false,
        custom: false,
        cache: None,
    }
}

pub(crate) fn image(source: Source) -> Image {
    Image { source, detail: None, cache: None }
}

pub(crate) fn pixel() -> Source {
    Source::Data { media_type: "image/png".into(), data: PIXEL.into() }
}

pub(crate) fn document(source: Source) -> Document {
    Document { source, name: Some("Report".into()), context: None, cited: false, cache: None }
}

pub(crate) fn pdf() -> Source {
    Source::Data { media_type: "application/pdf".into(), data: "JVBERi0xLjQKJSVFT0YK".into() }
}

/// A conversation in which a tool is called, with this result.
pub(crate) fn with_result(result: ToolResult) -> Request {
    Request {
        messages: vec![
            user(vec![text("hello")]),
            assistant(vec![Part::ToolCall(call("call00001", "Nantes"))]),
            Message::new(Role::Tool, vec![Part::ToolResult(result)]),
        ],
        ..with_tool(weather())
    }
}

pub(crate) fn with_tool(tool: FunctionTool) -> Request {
    Request { tools: vec![Tool::Function(tool)], ..hello() }
}

fn with_part(part: Part) -> Request {
    Request { messages: vec![user(vec![text("hello"), part])], ..hello() }
}

fn with_answer(content: Vec<Part>) -> Request {
    let more = user(vec![text("and then?")]);
    Request { messages: vec![user(vec![text("hello")]), assistant(content), more], ..hello() }
}

fn with_choice(choice: ToolChoice) -> Request {
    let other = FunctionTool { name: "clock".into(), ..weather() };
    Request {
        tools: vec![Tool::Function(weather()), Tool::Function(other)],
        tool_choice: Some(choice),
        ..hello()
    }
}

fn with_reasoning(reasoning: ReasoningRequest) -> Request {
    Request { reasoning: Some(reasoning), max_tokens: Some(64_000), ..hello() }
}

/// Every feature. `format` is the one that the caller speaks: signatures are its own.
pub(crate) fn features(format: Format) -> Vec<Feature> {
    let mut all = conversation(format);
    all.extend(media());
    all.extend(tooling());
    all.extend(sampling());
    all.extend(shape());
    all.extend(labels());
    all
}

fn feature(name: &'static str, request: Request) -> Feature {
    Feature { name, request }
}

fn conversation(format: Format) -> Vec<Feature> {
    let first = |role, content| {
        let mut request = hello();
        request.messages.insert(0, Message::new(role, vec![text(content)]));
        request
    };
    let mut later = with_answer(vec![text("hi")]);
    later.messages.insert(2, Message::new(Role::System, vec![text("now in French")]));
    let thought = |reasoning| with_answer(vec![Part::Reasoning(reasoning), text("hi")]);
    let reasoning = Reasoning { text: "a greeting".into(), ..Reasoning::default() };
    let signature = Some(Signature { format, data: "c2lnbmVk".into() });
    let mut named = hello();
    named.messages[0].name = Some("ann".into());
    let cached = Text { cache: Some(CacheControl::default()), ..Text::new("hello") };
    vec![
        feature("text", hello()),
        feature("system text", first(Role::System, "be brief")),
        feature("developer text", first(Role::Developer, "be brief")),
        feature("system text later on", later),
        feature("earlier turns", with_answer(vec![text("hi")])),
        feature("names of participants", named),
        feature("reasoning of earlier turns", thought(reasoning.clone())),
        feature("signatures of reasoning", thought(Reasoning { signature, ..reasoning })),
        feature(
            "refusals of earlier turns",
            with_answer(vec![Part::Refusal(Refusal { text: "no".into() })]),
        ),
        feature(
            "cache breakpoints",
            Request { messages: vec![user(vec![Part::Text(cached)])], ..hello() },
        ),
        feature(
            "automatic cache breakpoint",
            Request { cache: Some(CacheControl::default()), ..hello() },
        ),
    ]
}

fn media() -> Vec<Feature> {
    let url = |name: &str| Source::Url(format!("https://example.com/{name}"));
    let detailed = Image { detail: Some("low".into()), ..image(pixel()) };
    let sound = Audio { data: "UklGRg==".into(), format: "wav".into(), ..Audio::default() };
    let explained = Document { context: Some("last year".into()), ..document(pdf()) };
    let cited = Document { cited: true, ..document(pdf()) };
    vec![
        feature("image", with_part(Part::Image(image(pixel())))),
        feature("image by address", with_part(Part::Image(image(url("a.png"))))),
        feature("detail of images", with_part(Part::Image(detailed))),
        feature("sound", with_part(Part::Audio(sound))),
        feature("PDF", with_part(Part::Document(document(pdf())))),
        feature("PDF by address", with_part(Part::Document(document(url("a.pdf"))))),
        feature("text file", with_part(Part::Document(document(Source::Text("a b c".into()))))),
        feature("context of files", with_part(Part::Document(explained))),
        feature("citations of files", with_part(Part::Document(cited))),
    ]
}

fn tooling() -> Vec<Feature> {
    let custom = CustomTool { name: "run".into(), description: None, format: None };
    let failed = ToolResult { is_error: true, ..result("call00001", vec![text("no such city")]) };
    let seen = result("call00001", vec![text("21 degrees"), Part::Image(image(pixel()))]);
    let cached = FunctionTool { cache: Some(CacheControl::default()), ..weather() };
    let allowed = |required| ToolChoice::Allowed { required, names: vec!["weather".into()] };
    let parallel = Request {
        messages: vec![
            user(vec![text("hello")]),
            assistant(vec![
                Part::ToolCall(call("call00001", "Nantes")),
                Part::ToolCall(call("call00002", "Kyoto")),
            ]),
            Message::new(
                Role::Tool,
                vec![
                    Part::ToolResult(result("call00001", vec![text("21 degrees")])),
                    Part::ToolResult(result("call00002", vec![text("28 degrees")])),
                ],
            ),
        ],
        ..with_tool(weather())
    };
    vec![
        feature("function tools", with_tool(weather())),
        feature(
            "function tools without parameters",
            with_tool(FunctionTool { parameters: None, ..weather() }),
        ),
        feature(
            "strict function tools",
            with_tool(FunctionTool { strict: Some(true), ..weather() }),
        ),
        feature("cache breakpoints on tools", with_tool(cached)),
        feature("custom tools", Request { tools: vec![Tool::Custom(custom)], ..hello() }),
        feature("tool choice: none", with_choice(ToolChoice::None)),
        feature("tool choice: required", with_choice(ToolChoice::Required)),
        feature("tool choice: named", with_choice(ToolChoice::Named("weather".into()))),
        feature("tool choice: allowed", with_choice(allowed(false))),
        feature("tool choice: allowed and required", with_choice(allowed(true))),
        feature(
            "no parallel calls",
            Request { parallel_tool_calls: Some(false), ..with_tool(weather()) },
        ),
        feature("calls and results", with_result(result("call00001", vec![text("21 degrees")]))),
        feature("parallel calls and results", parallel),
        feature("results that failed", with_result(failed)),
        feature("images in results", with_result(seen)),
    ]
}

fn sampling() -> Vec<Feature> {
    let asking = |change: fn(&mut Request)| {
        let mut request = hello();
        change(&mut request);
        request
    };
    vec![
        feature("temperature", asking(|request| request.temperature = Some(0.5))),
        feature("temperature above 1", asking(|request| request.temperature = Some(1.5))),
        feature("top_p", asking(|request| request.top_p = Some(0.5))),
        feature("top_k", asking(|request| request.top_k = Some(40))),
        feature("frequency penalty", asking(|request| request.frequency_penalty = Some(0.5))),
        feature("presence penalty", asking(|request| request.presence_penalty = Some(0.5))),
        feature("seed", asking(|request| request.seed = Some(7))),
        feature("several answers", asking(|request| request.n = Some(2))),
        feature("bias of tokens", asking(|request| request.logit_bias = Some(json(r#"{"1":5}"#)))),
        feature(
            "log-probabilities",
            asking(|request| {
                request.logprobs = Some(true);
                request.top_logprobs = Some(2);
            }),
        ),
        feature("stop sequences", asking(|request| request.stop = vec!["END".into()])),
    ]
}

fn shape() -> Vec<Feature> {
    let schema = OutputFormat::JsonSchema {
        name: Some("city".into()),
        description: Some("A city.".into()),
        schema: weather().parameters.unwrap(),
        strict: Some(true),
    };
    let effort = |effort| ReasoningRequest { effort: Some(effort), ..ReasoningRequest::default() };
    vec![
        feature("bound of output", hello()),
        feature("JSON objects", Request { output: Some(OutputFormat::JsonObject), ..hello() }),
        feature("JSON by a schema", Request { output: Some(schema), ..hello() }),
        feature("reasoning by effort", with_reasoning(effort(Effort::High))),
        feature("reasoning off", with_reasoning(effort(Effort::None))),
        feature(
            "reasoning by budget",
            with_reasoning(ReasoningRequest { budget: Some(8_192), ..ReasoningRequest::default() }),
        ),
        feature(
            "reasoning as the model likes",
            with_reasoning(ReasoningRequest { adaptive: true, ..ReasoningRequest::default() }),
        ),
        feature("verbosity", Request { verbosity: Some("low".into()), ..hello() }),
        feature(
            "spoken answers",
            Request {
                modalities: vec!["text".into(), "audio".into()],
                audio: Some(json(r#"{"format":"wav","voice":"alloy"}"#)),
                ..hello()
            },
        ),
        feature(
            "predicted output",
            Request { prediction: Some(json(r#"{"type":"content","content":"a"}"#)), ..hello() },
        ),
    ]
}

fn labels() -> Vec<Feature> {
    let asking = |change: fn(&mut Request)| {
        let mut request = hello();
        change(&mut request);
        request
    };
    vec![
        feature("end user", asking(|request| request.user = Some("ann".into()))),
        feature(
            "safety identifier",
            asking(|request| request.safety_identifier = Some("a1b2".into())),
        ),
        feature(
            "metadata",
            asking(|request| request.metadata = vec![("team".into(), "blue".into())]),
        ),
        feature("service tier", asking(|request| request.service_tier = Some("flex".into()))),
        feature("kept by the vendor", asking(|request| request.store = Some(true))),
        feature("prompt cache key", asking(|request| request.prompt_cache_key = Some("k1".into()))),
    ]
}
