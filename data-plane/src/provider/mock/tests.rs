use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::*;

fn ask(mock: &Mock, body: &Value) -> Reply {
    chat(mock, &Bytes::from(body.to_string()))
}

fn whole(reply: Reply) -> (u16, Value) {
    let Reply::Whole { status, body, .. } = reply else { panic!("a stream") };
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn the_same_request_gets_the_same_answer() {
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "héllo"}]});
    let (status, answer) = whole(ask(&Mock::default(), &body));
    assert_eq!(status, 200);
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "This is the mock mock; the last message has 5 characters."
    );
    assert_eq!(answer, whole(ask(&Mock::default(), &body)).1);
    let usage = &answer["usage"];
    let sum =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
}

#[test]
fn words_of_the_model_go_over_the_settings() {
    let mock = Mock { chunks: 7, ..Mock::default() };
    let script = Script::of(&mock, "mock-s100-d50-c3");
    assert_eq!((script.chunks, script.delay.as_millis(), script.cut_after), (100, 50, Some(3)));
    assert_eq!(Script::of(&mock, "mock-embed").chunks, 7);
    let body = json!({"model": "mock-e429", "messages": []});
    let (status, answer) = whole(ask(&mock, &body));
    assert_eq!((status, &answer["error"]["type"]), (429, &json!("rate_limit_error")));
}

#[tokio::test]
async fn a_stream_has_as_many_pieces_as_it_is_told() {
    let body = json!({"model": "mock-s5", "messages": [], "stream": true,
        "stream_options": {"include_usage": true}});
    let Reply::Stream(stream) = ask(&Mock::default(), &body) else { panic!("no stream") };
    let pieces: Vec<String> =
        stream.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap()).collect().await;
    assert_eq!(pieces.len(), 5 + 3);
    let text: String = pieces[..5]
        .iter()
        .map(|piece| {
            let data: Value = serde_json::from_str(piece.strip_prefix("data: ").unwrap()).unwrap();
            data["choices"][0]["delta"]["content"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(text, "This is the mock mock-s5; the last message has 0 characters.");
    assert!(pieces[6].contains("\"choices\":[],\"usage\":{"));
    assert_eq!(pieces[7], "data: [DONE]\n\n");
}

#[tokio::test]
async fn a_stream_breaks_where_it_is_told() {
    let body = json!({"model": "mock-s5-c2", "messages": [], "stream": true});
    let Reply::Stream(stream) = ask(&Mock::default(), &body) else { panic!("no stream") };
    let pieces: Vec<_> = stream.collect().await;
    assert_eq!(pieces.iter().filter(|piece| piece.is_ok()).count(), 2);
    assert!(pieces[2].is_err());
}

#[test]
fn vectors_follow_from_their_input() {
    let ask = |body: Value| whole(embeddings(&Mock::default(), &Bytes::from(body.to_string()))).1;
    let one = ask(json!({"input": "a", "dimensions": 3}));
    let many = ask(json!({"input": ["b", "a"], "dimensions": 3}));
    assert_eq!(one["data"][0]["embedding"], many["data"][1]["embedding"]);
    assert_ne!(many["data"][0]["embedding"], many["data"][1]["embedding"]);
    let tokens = ask(json!({"input": [1, 2, 3]}));
    assert_eq!(tokens["data"].as_array().unwrap().len(), 1);
    assert_eq!(tokens["data"][0]["embedding"].as_array().unwrap().len(), 1536);
    assert_eq!(ask(json!({"input": [[1], [2]]}))["data"].as_array().unwrap().len(), 2);
    let base64 = ask(json!({"input": "a", "dimensions": 3, "encoding_format": "base64"}));
    assert_eq!(base64["data"][0]["embedding"].as_str().unwrap().len(), 16);
}
