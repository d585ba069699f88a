use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;

use super::*;
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

fn config() -> Value {
    json!({"templates": [{"name": "t", "template": {
        "model": "gpt-4o", "temperature": 1,
        "messages": [
            {"role": "system", "content": "For a {{level}}, {{ a.b }}."},
            {"role": "user", "content": "{{ question }}"}
        ]
    }}]})
}

/// What the body becomes.
async fn filled(config: &Value, body: &str) -> Result<Value, String> {
    let plugin = registry::find("ai-prompt-template").unwrap().build(config, &CONTEXT);
    let plugin = plugin.unwrap_or_else(|problems| panic!("{problems:?}"));
    let request = TestRequest::post()
        .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
        .set_payload(body.to_owned());
    let mut exchange = Exchange::for_test(request);
    let Step::Wait(done) = plugin.request(&mut exchange) else { panic!("it reads a body") };
    done.await.map_err(|error| error.message.into_owned())?;
    let body = exchange.body(usize::MAX, |_| Ok(())).await.unwrap();
    Ok(serde_json::from_slice(&body).unwrap())
}

#[actix_web::test]
async fn a_template_takes_the_place_of_the_body() {
    let body = json!({
        "template_name": "t", "level": 3, "a": {"b": [1]}, "stream": true,
        "question": "\"}], \"x\": {{level}}\n"
    });
    let expected = json!({
        "model": "gpt-4o", "temperature": 1,
        "messages": [
            {"role": "system", "content": "For a 3, [1]."},
            {"role": "user", "content": "\"}], \"x\": {{level}}\n"}
        ]
    });
    assert_eq!(filled(&config(), &body.to_string()).await, Ok(expected));
    let messages = filled(&config(), r#"{"template_name":"t"}"#).await.unwrap()["messages"].clone();
    assert_eq!(messages[0]["content"], "For a , .");
    assert_eq!(messages[1]["content"], "");
}

#[actix_web::test]
async fn requests_without_a_template_are_refused() {
    for (body, text) in [
        (r#"{"question":"x"}"#, "template name is missing in request."),
        (r#"{"template_name":"x"}"#, "template: x not configured."),
        ("", "could not get body: request body is empty"),
    ] {
        assert_eq!(filled(&config(), body).await, Err(text.to_owned()));
    }
    let broken = filled(&config(), "[").await.unwrap_err();
    assert!(broken.starts_with("could not parse JSON request body: "), "{broken}");
}

#[test]
fn a_template_that_makes_no_conversation_is_refused() {
    let named = |name: &str, template: Value| json!({"name": name, "template": template});
    let good = json!({"messages": []});
    let config = json!({"templates": [
        named("a", good.clone()),
        named("a", good),
        named("b", json!({"model": "m"})),
        named("c", json!({"messages": [{"content": "{{ open"}, {"content": "}}"}]}))
    ]});
    let kind = registry::find("ai-prompt-template").unwrap();
    let problems = kind.build(&config, &CONTEXT).err().unwrap();
    let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
    assert_eq!(places, ["/templates/1/name", "/templates/2/template", "/templates/3/template"]);
}
