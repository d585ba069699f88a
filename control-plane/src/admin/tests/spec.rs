//! The OpenAPI document says what the application does.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::fixture::fixture;

#[actix_web::test]
async fn every_operation_of_the_document_answers_as_it_says() {
    let fixture = fixture().await;
    fixture.with_provider().await;
    let schemas = std::sync::Arc::clone(fixture.shared.configuration.schemas());
    for kind in schemas.kinds() {
        let path = format!("/apis/v1/{}/one", kind.plural);
        assert_eq!(fixture.put(&path).json(&(kind.example)()).await.status, 201, "{path}");
    }
    let document = fixture.get("/apis/openapi.json").anonymous().send().await.json();
    let mut answered = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut medias: Vec<(String, String)> = Vec::new();
            for (media, content) in
                operation["requestBody"]["content"].as_object().into_iter().flatten()
            {
                let example = match &content["example"] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                medias.push((media.clone(), example));
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = filled(path);
            let rounds = medias.len().max(1);
            for round in 0..rounds {
                // A dry run, so that one operation leaves the next one what it needs.
                let dry = operation["parameters"].to_string().contains("/dry_run");
                let query = if dry { "?dry_run=true" } else { "" };
                let ask = fixture.ask(method.clone(), &format!("{path}{query}"));
                let answer = match medias.get(round) {
                    Some((media, example)) => ask.bytes(media, example.clone()).await,
                    None => ask.send().await,
                };
                let text: String = answer.text().chars().take(300).collect();
                let what = format!("{method} {path}: {} {text}", answer.status);
                assert!(answer.status < 500 && answer.status != 405, "{what}");
                let declared = &operation["responses"][answer.status.to_string()];
                assert!(declared.is_object(), "undocumented: {what}");
                assert!(answer.status < 400, "the example is refused: {what}");
                if let Some(content) = declared["content"].as_object() {
                    let media = answer.header("content-type").split(';').next().unwrap();
                    assert!(content.contains_key(media), "{media}: {what}");
                }
                answered += 1;
            }
        }
    }
    assert!(answered > 100, "{answered}");
}

/// The path with what there is in the place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{id}", "one")
        .replace("{name}", "cors")
        .replace("{revision}", "1")
        .replace("{from}", "0")
        .replace("{to}", "1")
}

#[actix_web::test]
async fn answers_keep_to_the_schemas_of_the_document() {
    let fixture = fixture().await;
    let document = fixture.get("/apis/openapi.json").anonymous().send().await.json();
    let check = |path: &str, template: &str, method: &str, body: &Value| {
        let mut schema =
            document["paths"][template][method]["responses"]["200"]["content"]["application/json"]
                ["schema"]
                .clone();
        assert!(schema.is_object(), "{template}");
        schema["components"] = document["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let wrong: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{path}: {wrong:?}\n{body:#}");
    };
    for template in [
        "/apis/v1/admins",
        "/apis/v1/revisions",
        "/apis/v1/revisions/{revision}",
        "/apis/v1/revisions/{from}/diff/{to}",
        "/apis/v1/data-planes",
        "/apis/v1/plugin-kinds",
        "/apis/v1/plugin-kinds/{name}",
        "/apis/v1/provider-kinds",
        "/apis/v1/export",
    ] {
        let path = filled(template);
        check(&path, template, "get", &fixture.get(&path).send().await.json());
    }
    let transaction = json!({"operations": [
        {"action": "create", "kind": "apikeys", "document": {"clientName": "a"}},
    ]});
    let path = "/apis/v1/transactions";
    check(path, path, "post", &fixture.post(path).json(&transaction).await.json());
}

#[actix_web::test]
async fn the_page_is_served_from_inside_and_asks_nobody_else() {
    let fixture = fixture().await;
    let root = fixture.get("/").anonymous().send().await;
    assert_eq!((root.status, root.header("location")), (302, "/swagger-ui/"));
    let page = fixture.get("/swagger-ui/").anonymous().send().await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("swagger-ui-bundle.js"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let settings = fixture.get("/swagger-ui/swagger-initializer.js").anonymous().send().await;
    for said in
        ["/apis/openapi.json", "\"persistAuthorization\": true", "\"validatorUrl\": \"none\""]
    {
        assert!(settings.text().contains(said), "{said}: {}", settings.text());
    }
    let script = fixture.get("/swagger-ui/swagger-ui-bundle.js").anonymous().send().await;
    assert_eq!(script.status, 200);
    let absent = fixture.get("/swagger-ui/absent.js").anonymous().send().await;
    assert_eq!((absent.status, absent.code().as_str()), (404, "path_not_found"));
}
