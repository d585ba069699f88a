use actix_web::test::TestRequest;
use sanmon_shared::secret::HashedSecret;

use super::*;
use crate::error::Code;
use crate::plugin::registry;
use crate::snapshot::Snapshot;
use crate::snapshot::for_test::CONTEXT;

fn key(id: &str, secret: &str, more: &Value) -> (&'static str, Value) {
    let stored = HashedSecret::store(id, secret, None);
    let mut key = json!({"clientId": id, "clientSecret": stored});
    for (name, value) in more.as_object().unwrap() {
        key[name] = value.clone();
    }
    ("apikeys", key)
}

/// Whose key a request to `uri` with these headers shows, and what is wiped of it.
fn identified(
    config: &Value,
    uri: &str,
    headers: &[(&str, &str)],
    documents: &[(&str, Value)],
) -> Result<(String, Vec<Credential>), (Code, String)> {
    let mut request = TestRequest::post().uri(uri);
    for header in headers {
        request = request.insert_header(*header);
    }
    let mut exchange = Exchange::for_test(request);
    exchange.snapshot = Snapshot::for_test(documents, &CONTEXT);
    let plugin = registry::find("key-auth").unwrap().build(config, &CONTEXT);
    let plugin = plugin.unwrap_or_else(|problems| panic!("{problems:?}"));
    match plugin.authorize(&mut exchange) {
        Step::Done(Ok(())) => {}
        Step::Done(Err(error)) => return Err((error.code, error.message.into_owned())),
        Step::Wait(_) => panic!("nothing is waited for"),
    }
    let key = exchange.key.as_ref().unwrap().id.to_string();
    Ok((key, exchange.wiped.to_vec()))
}

fn documents() -> Vec<(&'static str, Value)> {
    vec![
        key("jack.one", "secret-jack", &json!({"consumerRef": "jack"})),
        key("nobody", "secret-nobody", &json!({})),
        key("off", "secret-off", &json!({"consumerRef": "jack", "enabled": false})),
        key(
            "bound",
            "secret-bound",
            &json!({"consumerRef": "jack",
            "authorizedEntities": ["route_other"]}),
        ),
        key("reads", "secret-reads", &json!({"consumerRef": "jack", "readOnly": true})),
        key(
            "rotates",
            "secret-old",
            &json!({"consumerRef": "jack", "rotation": {
            "enabled": true, "nextSecret": HashedSecret::store("rotates", "secret-new", None)}}),
        ),
    ]
}

#[test]
fn a_consumers_key_is_found_by_its_secret() {
    let ask = |headers: &[(&str, &str)], uri: &str| {
        identified(&json!({}), uri, headers, &documents()).map(|(key, _)| key)
    };
    let jack = Ok("jack.one".to_owned());
    assert_eq!(ask(&[("apikey", "secret-jack")], "/"), jack);
    assert_eq!(ask(&[], "/?a=b&apikey=secret-jack"), jack);
    assert_eq!(ask(&[("apikey", "secret-old")], "/"), Ok("rotates".to_owned()));
    assert_eq!(ask(&[("apikey", "secret-new")], "/"), Ok("rotates".to_owned()));
    let refused = |text: &str| Err((Code::InvalidApiKey, text.to_owned()));
    assert_eq!(ask(&[], "/"), refused("Missing API key in request"));
    for wrong in ["", "secret-jacK", "secret-nobody", "secret-off"] {
        assert_eq!(
            ask(&[("apikey", wrong)], "/"),
            refused("Invalid API key in request"),
            "{wrong}"
        );
    }
    // The header counts where both are there.
    let both = ask(&[("apikey", "wrong")], "/?apikey=secret-jack");
    assert_eq!(both, refused("Invalid API key in request"));
    let forbidden = |text: &str| Err((Code::Forbidden, text.to_owned()));
    let bound = forbidden("the API key is not authorised on this route");
    assert_eq!(ask(&[("apikey", "secret-bound")], "/"), bound);
    assert_eq!(ask(&[("apikey", "secret-reads")], "/"), forbidden("the API key may only read"));
}

#[test]
fn places_have_names_and_are_hidden_where_that_is_asked() {
    let config = json!({"header": "X-Api-Key", "query": "key", "hide_credentials": true});
    let wiped = |uri: &str, headers: &[(&str, &str)]| {
        identified(&config, uri, headers, &documents()).map(|(_, wiped)| wiped)
    };
    let header = Credential::Header(HeaderName::from_static("x-api-key"));
    assert_eq!(wiped("/", &[("x-api-key", "secret-jack")]), Ok(vec![header]));
    assert_eq!(wiped("/?key=secret-jack", &[]), Ok(vec![Credential::Query("key".to_owned())]));
}

#[test]
fn keys_come_and_go_with_their_documents() {
    let found = |documents: &[(&str, Value)], secret: &str| {
        identified(&json!({}), "/", &[("apikey", secret)], documents).map(|(key, _)| key).ok()
    };
    let mut documents = documents();
    let again = key("jack.one", "secret-changed", &json!({"consumerRef": "jack"}));
    documents.push(again);
    assert_eq!(found(&documents, "secret-jack"), None);
    assert_eq!(found(&documents, "secret-changed"), Some("jack.one".to_owned()));
    // Two with one secret: the first by id that is valid, whatever came first.
    let twins = |enabled: bool| {
        vec![
            key("b", "secret-same", &json!({"consumerRef": "jack"})),
            key("a", "secret-same", &json!({"consumerRef": "jack", "enabled": enabled})),
        ]
    };
    assert_eq!(found(&twins(true), "secret-same"), Some("a".to_owned()));
    assert_eq!(found(&twins(false), "secret-same"), Some("b".to_owned()));
}

#[test]
fn a_config_that_no_header_can_carry_is_refused() {
    let kind = registry::find("key-auth").unwrap();
    let config = json!({"header": "a b", "realm": "\n"});
    let problems = kind.build(&config, &CONTEXT).err().unwrap();
    let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
    assert_eq!(places, ["/header", "/realm"]);
}
