use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;

use super::*;
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

/// What the guard says of a body; then the body is read as if nothing had happened.
async fn guarded(config: &Value, path: &str, body: &str) -> Result<(), String> {
    let plugin = registry::find("ai-prompt-guard").unwrap().build(config, &CONTEXT);
    let plugin = plugin.unwrap_or_else(|problems| panic!("{problems:?}"));
    let request = TestRequest::post()
        .uri(path)
        .insert_header((CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned());
    let mut exchange = Exchange::for_test(request);
    let judged = match plugin.request(&mut exchange) {
        Step::Done(done) => done,
        Step::Wait(wait) => wait.await,
    };
    let left = exchange.body(usize::MAX, |_| Ok(())).await.unwrap();
    assert_eq!(left, body.as_bytes());
    judged.map_err(|error| {
        assert_eq!(error.code, Code::BadRequest);
        error.message.into_owned()
    })
}

fn chat(messages: &[(&str, &str)]) -> String {
    let messages: Vec<Value> =
        messages.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    json!({"messages": messages}).to_string()
}

#[actix_web::test]
async fn what_is_said_is_matched() {
    let allow = json!({"allow_patterns": ["goodword", "nice"]});
    let deny = json!({"deny_patterns": ["badword"]});
    let all = json!({"deny_patterns": ["badword"], "match_all_roles": true,
        "match_all_conversation_history": true});
    let not_allowed = Err("Request doesn't match allow patterns".to_owned());
    let prohibited = Err("Request contains prohibited content".to_owned());
    let last = chat(&[("user", "badword"), ("assistant", "no"), ("user", "a nice day")]);
    let by_assistant = chat(&[("user", "hi"), ("assistant", "badword")]);
    let parts = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"bad"},{"type":"text","text":"word"}]}]}"#;
    for (config, body, expected) in [
        (&allow, chat(&[("user", "goodword here")]), &Ok(())),
        (&allow, chat(&[("user", "other")]), &not_allowed),
        (&deny, chat(&[("user", "a badword")]), &prohibited),
        (&deny, chat(&[("user", "a BADWORD")]), &Ok(())),
        (&deny, last.clone(), &Ok(())),
        (&all, last, &prohibited),
        // Nobody is left to be looked at: it passes.
        (&deny, by_assistant.clone(), &Ok(())),
        (&allow, by_assistant.clone(), &Ok(())),
        (&all, by_assistant, &prohibited),
        (&deny, parts.to_owned(), &prohibited),
        (&deny, r#"{"input":["x","a badword"]}"#.to_owned(), &prohibited),
    ] {
        assert_eq!(&guarded(config, "/x", &body).await, expected, "{config} {body}");
    }
    let both = json!({"allow_patterns": ["good"], "deny_patterns": ["bad"]});
    assert_eq!(guarded(&both, "/x", &chat(&[("user", "bad")])).await, not_allowed);
}

#[actix_web::test]
async fn other_protocols_are_read_as_their_own() {
    let deny = json!({"deny_patterns": ["badword"]});
    let prohibited = Err("Request contains prohibited content".to_owned());
    for (path, body) in [
        ("/v1/messages", r#"{"max_tokens":1,"messages":[{"role":"user","content":"badword"}]}"#),
        ("/v1/responses", r#"{"instructions":"be good","input":"badword"}"#),
        ("/model/m/converse", r#"{"messages":[{"role":"user","content":[{"text":"badword"}]}]}"#),
    ] {
        assert_eq!(guarded(&deny, path, body).await, prohibited, "{path}");
    }
    let system = r#"{"instructions":"badword","input":"hi"}"#;
    assert_eq!(guarded(&deny, "/v1/responses", system).await, Ok(()));
    let everybody = json!({"deny_patterns": ["badword"], "match_all_roles": true});
    assert_eq!(guarded(&everybody, "/v1/responses", system).await, prohibited);
}

#[actix_web::test]
async fn what_is_not_understood_is_for_the_config_to_say() {
    let strict = json!({"deny_patterns": ["x"], "fail_mode": "error"});
    let unknown = Err("Request format not recognized by ai-prompt-guard".to_owned());
    for (config, body, expected) in [
        (&json!({}), "x", Ok(())),
        (&json!({"fail_mode": "warn"}), r#"{"a":1}"#, Ok(())),
        (&strict, r#"{"a":1}"#, unknown.clone()),
        (&strict, "{}", unknown),
        (&json!({}), "", Err("Empty request body".to_owned())),
    ] {
        assert_eq!(guarded(config, "/x", body).await, expected, "{config} {body}");
    }
    let broken = guarded(&strict, "/x", "{x").await.unwrap_err();
    assert!(broken.starts_with("could not parse JSON request body: "), "{broken}");
    let large = json!({"max_req_body_size": 2});
    let kind = registry::find("ai-prompt-guard").unwrap().build(&large, &CONTEXT).ok().unwrap();
    let request = TestRequest::post().insert_header(("content-length", "3")).set_payload("{ }");
    let mut exchange = Exchange::for_test(request);
    let Step::Wait(judged) = kind.request(&mut exchange) else { panic!("it reads a body") };
    let error = judged.await.unwrap_err();
    assert_eq!(error.code, Code::BodyTooLarge);
    let text = "could not get body: request size 3 is greater than the maximum size 2 allowed";
    assert_eq!(error.message, text);
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    let config = json!({"allow_patterns": ["ok", "("], "deny_patterns": ["a(?=b)"]});
    let kind = registry::find("ai-prompt-guard").unwrap();
    let problems = kind.build(&config, &CONTEXT).err().unwrap();
    let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
    assert_eq!(places, ["/allow_patterns/1", "/deny_patterns/0"]);
}
