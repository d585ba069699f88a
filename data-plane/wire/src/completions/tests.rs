use proptest::prelude::*;

use super::prompts::{echo, join, split};
use super::*;
use crate::canonical::arbitrary::{self, Carries};
use crate::canonical::{Choice, Delta, Fold, Message, Part, Role, Text, Usage, unfold};
use crate::format::Parameters;
use crate::json::Json;

const ANSWERS: Carries = Carries {
    tools: false,
    reasoning: false,
    refusals: false,
    citations: false,
    any_order: false,
    ..Carries::all(Format::Completions)
};

/// What the format has of a request: one prompt, and the sampling parameters.
fn request() -> impl Strategy<Value = Request> {
    (arbitrary::request(Carries::all(Format::Completions)), arbitrary::words()).prop_map(
        |(request, prompt)| Request {
            model: request.model,
            messages: vec![Message::new(Role::User, vec![Part::Text(Text::new(prompt))])],
            stream: request.stream,
            stream_usage: request.stream,
            max_tokens: request.max_tokens,
            temperature: request.temperature,
            top_p: request.top_p,
            frequency_penalty: request.frequency_penalty,
            presence_penalty: request.presence_penalty,
            stop: request.stop,
            seed: request.seed,
            n: request.n,
            logit_bias: request.logit_bias,
            logprobs: request.top_logprobs.map(|_| true),
            top_logprobs: request.top_logprobs,
            user: request.user,
            ..Request::default()
        },
    )
}

fn response() -> impl Strategy<Value = Response> {
    arbitrary::response(ANSWERS).prop_map(|mut response| {
        response.id = format!("cmpl-{}", response.id);
        response.created.get_or_insert(0);
        for choice in &mut response.choices {
            for token in &mut choice.logprobs {
                // They are members of one object.
                token.top.dedup_by(|one, other| one.token == other.token);
            }
        }
        response
    })
}

fn asked() -> Asked {
    Asked { id: "1".into(), stream_usage: true, ..Asked::default() }
}

fn decode_stream(pieces: &[&[u8]]) -> Vec<Delta> {
    let mut decoder = COMPLETIONS.decoder();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}

fn encode_stream(response: Response, asked: Asked) -> Vec<u8> {
    let mut encoder = COMPLETIONS.encoder(asked);
    let mut out = Vec::new();
    for delta in unfold(response) {
        encoder.delta(&delta, &mut out);
    }
    out
}

fn fold(deltas: Vec<Delta>) -> Response {
    let mut fold = Fold::default();
    for delta in deltas {
        fold.delta(delta);
    }
    fold.finish().unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_are_the_same_written_and_read(request in request()) {
        let mut losses = Losses::default();
        let target =
            Target { model: "model", stream: request.stream, parameters: Parameters::Drop };
        let body = COMPLETIONS.encode_request(&request, &target, &mut losses).unwrap();
        prop_assert!(losses.is_empty(), "{losses:?}");
        prop_assert_eq!(COMPLETIONS.decode_request(&body).unwrap(), request);
    }

    #[test]
    fn answers_are_the_same_written_and_read(response in response()) {
        let mut losses = Losses::default();
        let body = COMPLETIONS.encode_response(&response, &asked(), &mut losses);
        prop_assert!(losses.is_empty(), "{losses:?}");
        prop_assert_eq!(COMPLETIONS.decode_response(&body).unwrap(), response);
    }

    #[test]
    fn streams_say_what_whole_answers_say_wherever_they_are_cut(
        response in response(),
        cut in any::<prop::sample::Index>(),
    ) {
        let stream = encode_stream(response.clone(), asked());
        let whole = decode_stream(&[&stream]);
        let (a, b) = stream.split_at(cut.index(stream.len()));
        prop_assert_eq!(&decode_stream(&[a, b]), &whole);
        prop_assert_eq!(fold(whole), response);
    }

    #[test]
    fn nothing_panics(bytes in any::<Vec<u8>>(), text in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        for body in [&bytes[..], text.as_bytes()] {
            if let Ok(request) = COMPLETIONS.decode_request(body) {
                let _ = split(&request);
                echo(&request);
            }
            let _ = COMPLETIONS.decode_response(body);
            decode_stream(&[b"data: ", body, b"\n\n"]);
        }
    }
}

fn read(body: &str) -> Request {
    COMPLETIONS.decode_request(body.as_bytes()).unwrap()
}

fn answer(text: &str, index: u32) -> Choice {
    Choice { index, content: vec![Part::Text(Text::new(text))], ..Choice::default() }
}

#[test]
fn several_prompts_are_a_request_each_and_their_answers_one() {
    let request = read(
        r#"{"model":"m","prompt":["a","b"],"n":2,"echo":true,"best_of":2,"suffix":"","min_p":0.1}"#,
    );
    let requests = split(&request).unwrap();
    let prompts: Vec<_> = requests.iter().map(|request| request.messages.clone()).collect();
    let prompt = |text: &str| vec![Message::new(Role::User, vec![Part::Text(Text::new(text))])];
    assert_eq!(prompts, [prompt("a"), prompt("b")]);
    // What a chat has no word for is left for its encoder to report.
    let names: Vec<&str> = requests[0].extras.iter().map(|extra| &*extra.name).collect();
    assert_eq!(names, ["min_p"]);

    let answers = |texts: [&str; 2]| Response {
        choices: vec![answer(texts[0], 0), answer(texts[1], 1)],
        usage: Some(Usage { input: 1, output: 2, ..Usage::default() }),
        ..Response::default()
    };
    let whole = join(vec![answers(["c", "d"]), answers(["e", "f"])], 2);
    assert_eq!(whole.usage, Some(Usage { input: 2, output: 4, ..Usage::default() }));
    let asked = Asked { echo: echo(&request), ..asked() };
    let body = COMPLETIONS.encode_response(&whole, &asked, &mut Losses::default());
    let texts: Vec<_> = COMPLETIONS.decode_response(&body).unwrap().choices;
    assert_eq!(
        texts,
        ["ac", "ad", "be", "bf"]
            .iter()
            .zip(0..)
            .map(|(text, index)| Choice {
                finish: Some(crate::canonical::Finish::Stop),
                ..answer(text, index)
            })
            .collect::<Vec<_>>()
    );
}

#[test]
fn an_echo_comes_before_the_first_text_of_a_stream() {
    let request = read(r#"{"model":"m","prompt":"once","echo":true}"#);
    let asked = Asked { echo: echo(&request), ..asked() };
    let response = Response { choices: vec![answer(" upon", 0)], ..Response::default() };
    let whole = fold(decode_stream(&[&encode_stream(response, asked)]));
    assert_eq!(whole.choices[0].content, [Part::Text(Text::new("once upon"))]);
    assert_eq!(echo(&read(r#"{"model":"m","prompt":"once","echo":false}"#)), None);
}

#[test]
fn what_a_chat_cannot_do_is_refused() {
    let refused = |body: &str| split(&read(body)).unwrap_err().field;
    assert_eq!(refused(r#"{"model":"m","prompt":[1,2]}"#), "prompt");
    assert_eq!(refused(r#"{"model":"m","prompt":[[1],[2]]}"#), "prompt");
    assert_eq!(refused(r#"{"model":"m","prompt":"a","suffix":"b"}"#), "suffix");
    assert!(COMPLETIONS.decode_request(br#"{"model":"m"}"#).is_err());
    assert!(COMPLETIONS.decode_request(br#"{"model":"m","prompt":7}"#).is_err());
}

#[test]
fn what_only_this_format_has_reaches_providers_of_it_as_it_came() {
    let request =
        read(r#"{"model":"m","prompt":[[1,2],[3]],"suffix":"b","echo":true,"best_of":3}"#);
    let target = Target { model: "n", stream: false, parameters: Parameters::Drop };
    let mut losses = Losses::default();
    let body = COMPLETIONS.encode_request(&request, &target, &mut losses).unwrap();
    let expected = r#"{"model":"n","prompt":[[1,2],[3]],"suffix":"b","echo":true,"best_of":3}"#;
    assert_eq!(String::from_utf8(body).unwrap(), expected);
    assert!(losses.is_empty());
}

#[test]
fn a_conversation_is_no_prompt() {
    let target = Target { model: "n", stream: false, parameters: Parameters::Drop };
    let encode = |request: &Request| {
        COMPLETIONS.encode_request(request, &target, &mut Losses::default()).unwrap_err().field
    };
    let mut request = read(r#"{"model":"m","prompt":"a"}"#);
    request.messages.push(Message::new(Role::Assistant, vec![Part::Text(Text::new("b"))]));
    assert_eq!(encode(&request), "messages");
    let mut request = read(r#"{"model":"m","prompt":"a"}"#);
    request.previous_response_id = Some("r".into());
    assert_eq!(encode(&request), "previous_response_id");
    request = read(r#"{"model":"m","prompt":"a"}"#);
    request.output = Some(crate::canonical::OutputFormat::JsonSchema {
        name: None,
        description: None,
        schema: Json::parse("{}").unwrap(),
        strict: None,
    });
    assert_eq!(encode(&request), "output");
}
