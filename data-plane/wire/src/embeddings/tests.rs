//! Every format: what is written for a request, and what answers mean. Shapes are those of the vendors'
//! references; the limits of batches of Google and Voyage were never met.

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::canonical::{ErrorKind, Source};
use crate::json::Json;

fn all() -> Vec<(&'static str, &'static dyn EmbedCodec)> {
    vec![
        ("openai", &openai::OPENAI),
        ("mistral", &openai::MISTRAL),
        ("voyage", &openai::VOYAGE),
        ("jina", &openai::JINA),
        ("gemini", &gemini::BATCH),
        ("vertex_predict", &gemini::PREDICT),
        ("vertex_content", &gemini::CONTENT),
        ("titan_v1", &bedrock::TITAN_V1),
        ("titan_v2", &bedrock::TITAN_V2),
        ("titan_image", &bedrock::TITAN_IMAGE),
        ("nova", &bedrock::NOVA),
        ("cohere_on_bedrock", &bedrock::COHERE),
        ("cohere", &cohere::V2),
        ("ollama", &ollama::OLLAMA),
        ("hugging_face", &hugging_face::HUGGING_FACE),
    ]
}

fn texts(count: usize) -> EmbedRequest {
    let inputs = (0..count).map(|index| EmbedInput::Text(format!("text {index}"))).collect();
    EmbedRequest { inputs, ..EmbedRequest::default() }
}

#[derive(Serialize)]
struct Written {
    bodies: Vec<Value>,
    losses: String,
}

fn write(codec: &dyn EmbedCodec, request: &EmbedRequest) -> Written {
    let mut losses = Losses::default();
    let calls = codec.encode_request(request, "model-1", &mut losses).unwrap();
    assert_eq!(calls.iter().map(|call| call.inputs).sum::<usize>(), request.inputs.len());
    let bodies = calls.iter().map(|call| serde_json::from_slice(&call.body).unwrap()).collect();
    Written { bodies, losses: losses.header() }
}

#[test]
fn a_request_in_every_format() {
    let extras = ["title", "normalize", "keep_alive", "unknown"];
    let request = EmbedRequest {
        dimensions: Some(256),
        user: Some("u".into()),
        task: Some(EmbedTask::CodeQuery),
        truncate: Some(Truncate::Start),
        extras: extras.map(|name| (name.to_owned(), Json::parse("1").unwrap())).to_vec(),
        ..texts(2)
    };
    let written = all().into_iter().map(|(name, codec)| (name, write(codec, &request)));
    insta::assert_json_snapshot!(written.collect::<Vec<_>>());
}

#[test]
fn a_plain_request_loses_nothing() {
    for (name, codec) in all() {
        assert_eq!(write(codec, &texts(1)).losses, "", "{name}");
    }
}

#[test]
fn large_requests_are_divided() {
    let sizes = |codec: &dyn EmbedCodec, model: &str| {
        let calls = codec.encode_request(&texts(250), model, &mut Losses::default()).unwrap();
        calls.iter().map(|call| call.inputs).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&cohere::V2, "embed-v4.0"), [96, 96, 58]);
    assert_eq!(sizes(&gemini::BATCH, "gemini-embedding-001"), [100, 100, 50]);
    assert_eq!(sizes(&gemini::PREDICT, "text-embedding-005"), [250]);
    assert_eq!(sizes(&gemini::PREDICT, "gemini-embedding-001").len(), 250);
    assert_eq!(sizes(&openai::OPENAI, "m"), [250]);
}

#[test]
fn pictures_go_where_they_are_taken() {
    let picture = Source::Data { media_type: "image/png".into(), data: "AAAA".into() };
    let inputs = vec![
        EmbedInput::Text("a".into()),
        EmbedInput::Image(picture),
        EmbedInput::Text("b".into()),
    ];
    let request = EmbedRequest { inputs, ..EmbedRequest::default() };
    let jina = write(&openai::JINA, &request).bodies;
    assert_eq!(jina[0]["input"], json!(["a", {"image": "AAAA"}, "b"]));
    let cohere = write(&cohere::V2, &request).bodies;
    assert_eq!(cohere.len(), 3);
    assert_eq!(cohere[1]["images"], json!(["data:image/png;base64,AAAA"]));
    assert_eq!(cohere[1]["input_type"], "image");
    assert_eq!(write(&bedrock::TITAN_IMAGE, &request).bodies[1]["inputImage"], "AAAA");
    for (name, codec) in all() {
        let taken = ["jina", "cohere", "cohere_on_bedrock", "titan_image"].contains(&name);
        let written = codec.encode_request(&request, "m", &mut Losses::default());
        assert_eq!(written.is_ok(), taken, "{name}");
        let tokens = EmbedRequest {
            inputs: vec![EmbedInput::Tokens(vec![1, 2])],
            ..EmbedRequest::default()
        };
        let written = codec.encode_request(&tokens, "m", &mut Losses::default());
        assert_eq!(
            written.map_err(|error| error.field),
            match name {
                "openai" => Ok(vec![EmbedCall {
                    body: br#"{"model":"m","input":[[1,2]]}"#.to_vec(),
                    inputs: 1,
                }]),
                _ => Err("input"),
            }
        );
    }
}

#[test]
fn sizes_of_one_kind_are_not_asked_of_older_models_of_cohere() {
    let request = EmbedRequest { dimensions: Some(256), ..texts(1) };
    for (model, header) in [("embed-multilingual-v3.0", "dropped=dimensions"), ("embed-v4.0", "")] {
        let mut losses = Losses::default();
        cohere::V2.encode_request(&request, model, &mut losses).unwrap();
        assert_eq!(losses.header(), header);
    }
}

#[test]
fn answers_in_every_format() {
    let base64 = "AACAPwAAIMA=";
    let openai = json!({"object": "list", "model": "m", "data": [
        {"index": 1, "embedding": base64}, {"index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}});
    let voyage =
        json!({"data": [{"embedding": [1, -2.5], "index": 0}], "usage": {"total_tokens": 7}});
    let predict = json!({"predictions": [
        {"embeddings": {"values": [1], "statistics": {"token_count": 2, "truncated": false}}},
        {"embeddings": {"values": [2], "statistics": {"token_count": 4.0}}}]});
    let content =
        json!({"embedding": {"values": [1, 2]}, "usageMetadata": {"promptTokenCount": 5}});
    let cohere = json!({"id": "x", "embeddings": {"float": [[1], [2]]}, "meta": {"billed_units": {"input_tokens": 6}}});
    let titan = json!({"embedding": [1e-3, 2E+1], "inputTextTokenCount": 4});
    let by_type = json!({"embedding": null, "embeddingsByType": {"float": [3]}});
    let nova = json!({"embeddings": [{"embeddingType": "TEXT", "embedding": [4]}]});
    let ollama = json!({"model": "o", "embeddings": [[1], [2]], "prompt_eval_count": 8});
    let (one, two) = (vec![vec![1.0], vec![2.0]], vec![vec![1.0, 2.0]]);
    for (codec, answer, vectors, model, tokens) in [
        (
            &openai::OPENAI as &dyn EmbedCodec,
            &openai,
            vec![vec![0.5], vec![1.0, -2.5]],
            "m",
            Some(3),
        ),
        (&openai::VOYAGE, &voyage, vec![vec![1.0, -2.5]], "", Some(7)),
        (
            &gemini::BATCH,
            &json!({"embeddings": [{"values": [1]}, {"values": [2]}]}),
            one.clone(),
            "",
            None,
        ),
        (&gemini::PREDICT, &predict, one.clone(), "", Some(6)),
        (&gemini::CONTENT, &content, two.clone(), "", Some(5)),
        (&cohere::V2, &cohere, one.clone(), "", Some(6)),
        (&bedrock::COHERE, &json!({"embeddings": [[1], [2]]}), one.clone(), "", None),
        (&bedrock::TITAN_V1, &titan, vec![vec![0.001, 20.0]], "", Some(4)),
        (&bedrock::TITAN_V2, &by_type, vec![vec![3.0]], "", None),
        (&bedrock::NOVA, &nova, vec![vec![4.0]], "", None),
        (&ollama::OLLAMA, &ollama, one.clone(), "o", Some(8)),
        (&hugging_face::HUGGING_FACE, &json!([[1], [2]]), one, "", None),
        (&hugging_face::HUGGING_FACE, &json!([1, 2]), two, "", None),
    ] {
        let read = codec.decode_response(answer.to_string().as_bytes()).unwrap();
        let expected = EmbedResponse { vectors, model: model.into(), input_tokens: tokens };
        assert_eq!(read, expected, "{answer}");
    }
}

#[test]
fn what_is_no_answer_is_told() {
    for (name, codec) in all() {
        for body in
            ["", "<html>", "{}", "null", "[]", "[null]", "{\"data\":[{}]}", "{\"embeddings\":{}}"]
        {
            let read = codec.decode_response(body.as_bytes());
            let empty = read.as_ref().is_ok_and(|read| read.vectors.is_empty());
            assert!(empty || matches!(read, Err(Failure::Invalid(_))), "{name}: {body}: {read:?}");
        }
        let error = br#"{"error":{"message":"slow down","code":429}}"#;
        let Err(Failure::Error(error)) = codec.decode_response(error) else { panic!("{name}") };
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimit, 429), "{name}");
    }
    let tokens = hugging_face::HUGGING_FACE.decode_response(b"[[[1,2],[3,4]]]");
    assert!(matches!(tokens, Err(Failure::Invalid(text)) if text.contains("every token")));
    for (codec, body, message) in [
        (&cohere::V2 as &dyn EmbedCodec, r#"{"message":"bad"}"#, "bad"),
        (&openai::VOYAGE, r#"{"detail":"bad"}"#, "bad"),
        (&ollama::OLLAMA, r#"{"error":"bad"}"#, "bad"),
        (&bedrock::NOVA, r#"{"message":"bad"}"#, "bad"),
        (&gemini::BATCH, r#"{"error":{"code":404,"message":"bad","status":"NOT_FOUND"}}"#, "bad"),
    ] {
        let error = codec.decode_error(404, body.as_bytes());
        assert_eq!((error.status, error.message.as_str()), (404, message));
    }
}

#[test]
fn requests_of_clients_are_read() {
    let read = |body: Value| openai::decode_request(body.to_string().as_bytes());
    let inputs = |input: Value| read(json!({"input": input})).unwrap().inputs;
    let text = |text: &str| EmbedInput::Text(text.into());
    assert_eq!(inputs(json!("a")), [text("a")]);
    assert_eq!(inputs(json!(["a", "b"])), [text("a"), text("b")]);
    assert_eq!(inputs(json!([1, 2])), [EmbedInput::Tokens(vec![1, 2])]);
    let tokens = [EmbedInput::Tokens(vec![1]), EmbedInput::Tokens(vec![2, 3])];
    assert_eq!(inputs(json!([[1], [2, 3]])), tokens);
    let url = Source::Url("https://example.com/a.png".into());
    let data = |media_type: &str, data: &str| {
        EmbedInput::Image(Source::Data { media_type: media_type.into(), data: data.into() })
    };
    assert_eq!(
        inputs(json!([
            {"text": "a"}, {"image": "https://example.com/a.png"}, {"image": "/9j/AA=="},
            {"type": "image_url", "image_url": {"url": "data:image/webp;base64,AAAA"}}
        ])),
        [
            text("a"),
            EmbedInput::Image(url),
            data("image/jpeg", "/9j/AA=="),
            data("image/webp", "AAAA")
        ]
    );
    let all = read(json!({
        "model": "m", "input": "a", "dimensions": 2, "encoding_format": "base64", "user": "u",
        "input_type": "search_query", "truncate": true, "late_chunking": true, "x": null
    }));
    assert_eq!(
        all.unwrap(),
        EmbedRequest {
            model: "m".into(),
            inputs: vec![text("a")],
            dimensions: Some(2),
            form: VectorForm::Base64,
            user: Some("u".into()),
            task: Some(EmbedTask::Query),
            truncate: Some(Truncate::End),
            extras: vec![("late_chunking".into(), Json::parse("true").unwrap())],
        }
    );
    for (body, param) in [
        (json!({}), "input"),
        (json!({"input": []}), "input"),
        (json!({"input": true}), "input"),
        (json!({"input": ["a", ""]}), "input"),
        (json!({"input": [1, "a"]}), "input"),
        (json!({"input": [{"sound": ""}]}), "input"),
        (json!({"input": "a", "encoding_format": "int8"}), "encoding_format"),
        (json!({"input": "a", "dimensions": -1}), "dimensions"),
        (json!({"input": "a", "task": "sing"}), "task"),
        (json!({"input": "a", "truncate": "MIDDLE"}), "truncate"),
    ] {
        assert_eq!(read(body.clone()).unwrap_err().param.as_deref(), Some(param), "{body}");
    }
}

#[test]
fn options_fill_what_a_request_lacks_or_win() {
    let options = br#"{"dimensions":8,"input_type":"query","truncate":"END","x":1}"#;
    let options = crate::json::Object::scan(options).unwrap();
    let filled = |win| {
        let mut request = EmbedRequest { dimensions: Some(4), ..texts(1) };
        request.fill(&options, win).unwrap();
        (request.dimensions, request.task, request.truncate, request.extras)
    };
    let rest = (Some(EmbedTask::Query), Some(Truncate::End));
    assert_eq!(filled(false), (Some(4), rest.0, rest.1, vec![]));
    assert_eq!(filled(true), (Some(8), rest.0, rest.1, vec![]));
    assert!(openai::is_member("task") && !openai::is_member("keep_alive"));
}

#[test]
fn tasks_have_the_words_of_each_vendor() {
    for word in
        ["search_document", "document", "retrieval.passage", "RETRIEVAL_DOCUMENT", "passage"]
    {
        assert_eq!(EmbedTask::of(word), Some(EmbedTask::Document), "{word}");
    }
    let word = |task: EmbedTask| {
        let mut losses = Losses::default();
        (task.word(super::task::VOYAGE, &mut losses), losses.header())
    };
    assert_eq!(word(EmbedTask::Query), (Some("query"), String::new()));
    assert_eq!(word(EmbedTask::CodeQuery), (Some("query"), "approximated=input_type".into()));
    assert_eq!(word(EmbedTask::Clustering), (None, "dropped=input_type".into()));
}

proptest! {
    #[test]
    fn vectors_come_through_in_either_form(
        vectors in prop::collection::vec(prop::collection::vec(-1e3f32..1e3, 0..20), 0..5),
        base64 in any::<bool>(),
        tokens in 0_u64..1_000,
    ) {
        let response = EmbedResponse { vectors, model: "m".into(), input_tokens: Some(tokens) };
        let form = if base64 { VectorForm::Base64 } else { VectorForm::Floats };
        let written = openai::encode_response(&response, form, "asked", tokens);
        prop_assert_eq!(openai::OPENAI.decode_response(&written).unwrap(), response);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[\\[\\]{}\":,a-z0-9.e ]{0,80}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let _ = openai::decode_request(input);
            for (_, codec) in all() {
                let _ = codec.decode_response(input);
                let _ = codec.decode_error(500, input);
            }
        }
    }
}
