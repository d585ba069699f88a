use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn form(text: &str) -> Option<VectorForm> {
    vector_form(text.as_bytes())
}

#[test]
fn the_form_of_an_answer_is_seen_at_its_beginning() {
    let begin = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding"#;
    assert_eq!(form(&format!("{begin}\" : [0.1,")), Some(VectorForm::Floats));
    assert_eq!(form(&format!("{begin}\":\"AAA")), Some(VectorForm::Base64));
    assert_eq!(form(begin), None);
    assert_eq!(form("{}"), None);
}

#[test]
fn vectors_are_written_anew_and_the_rest_stays() {
    let floats = r#"{ "object":"list", "data":[ {"object":"embedding","index":0,"embedding":[ 1, -2.5 ,0.1e1]} , {"embedding":[],"index":1}], "x": 1.0,"usage":{"prompt_tokens":2}}"#;
    let base64 = with_vectors_as(floats.as_bytes(), VectorForm::Base64).unwrap();
    assert_eq!(
        String::from_utf8(base64.clone()).unwrap(),
        r#"{ "object":"list", "data":[{"object":"embedding","index":0,"embedding":"AACAPwAAIMAAAIA/"},{"embedding":"","index":1}], "x": 1.0,"usage":{"prompt_tokens":2}}"#
    );
    let back = with_vectors_as(&base64, VectorForm::Floats).unwrap();
    let back: Value = serde_json::from_slice(&back).unwrap();
    assert_eq!(back["data"][0]["embedding"], json!([1.0, -2.5, 1.0]));
    assert_eq!(with_vectors_as(&base64, VectorForm::Base64).unwrap(), base64);
    assert_eq!(with_vectors_as(b"{\"data\":[{\"embedding\":[x]}]}", VectorForm::Base64), None);
    assert_eq!(with_vectors_as(b"{}", VectorForm::Base64), None);
}

proptest! {
    #[test]
    fn vectors_survive_the_way_there_and_back(vector in prop::collection::vec(-1.0f32..1.0, 0..50)) {
        let answer = json!({"data": [{"embedding": vector}]}).to_string();
        let base64 = with_vectors_as(answer.as_bytes(), VectorForm::Base64).unwrap();
        let floats = with_vectors_as(&base64, VectorForm::Floats).unwrap();
        let floats: Value = serde_json::from_slice(&floats).unwrap();
        let back: Vec<f32> = serde_json::from_value(floats["data"][0]["embedding"].clone()).unwrap();
        prop_assert_eq!(back, vector);
    }
}
