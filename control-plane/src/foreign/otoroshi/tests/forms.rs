//! Bodies and answers in every form.

use serde_json::{Value, json};

use super::{APIKEYS, PROMPTS, ROUTES, fixture};

#[actix_web::test]
async fn bodies_are_json_yaml_kubernetes_sets_and_forms() {
    let fixture = fixture().await;
    let bodies = [
        ("application/json", json!({"id": "json", "name": "one", "prompt": "p"}).to_string()),
        ("application/yaml", "id: yaml\nname: one\nprompt: p\n".to_owned()),
        ("application/yml", "id: yml\nname: one\nprompt: p\n".to_owned()),
        (
            "application/yaml",
            "apiVersion: proxy.otoroshi.io/v1\nkind: Prompt\nmetadata:\n  name: one\nspec:\n  \
             id: kube\n  prompt: p\n"
                .to_owned(),
        ),
        (
            "application/json+oto-patch",
            json!([{"path": "id", "value": "oto"}, {"path": "name", "value": "one"},
                {"path": "prompt", "value": "p"}])
            .to_string(),
        ),
        ("application/x-www-form-urlencoded", "id=form&name=one&prompt=p".to_owned()),
    ];
    for ((media, body), id) in
        bodies.into_iter().zip(["json", "yaml", "yml", "kube", "oto", "form"])
    {
        let created = fixture.post(PROMPTS).bytes(media, body).await;
        assert_eq!(created.status, 201, "{id}: {}", created.text());
        let stored = fixture.get(&format!("/apis/v1/prompts/{id}")).send().await.json();
        assert_eq!((&stored["name"], &stored["prompt"]), (&json!("one"), &json!("p")), "{id}");
    }
}

#[actix_web::test]
async fn a_kubernetes_object_names_a_key_in_its_own_member() {
    let fixture = fixture().await;
    let body = json!({"apiVersion": "proxy.otoroshi.io/v1", "kind": "ApiKey",
        "metadata": {"name": "my app"}, "spec": {"clientId": "k", "clientSecret": "s3cret-s3cret"}});
    let created = fixture.post(APIKEYS).json(&body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.json()["clientName"], "my app");
    assert!(created.json()["bearer"].as_str().unwrap().starts_with("otoapk_k_"));
}

#[actix_web::test]
async fn sets_and_forms_change_what_is_there() {
    let fixture = fixture().await;
    let one = format!("{ROUTES}/r");
    let route = json!({"name": "r", "frontend": {"domains": ["a.b"]}});
    assert_eq!(fixture.post(&one).json(&route).await.status, 201);
    let sets = json!([{"path": "metadata.team", "value": "x"},
        {"path": "frontend.domains.1", "value": "c.d"}, {"path": "enabled", "value": "false"}]);
    let changed = fixture.patch(&one).bytes("application/json+oto-patch", sets.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let form = "application/x-www-form-urlencoded";
    let changed = fixture.patch(&one).bytes(form, "description=some+text&tags=%5B%22t%22%5D").await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let stored = fixture.get("/apis/v1/routes/r").send().await.json();
    let expected = json!({"id": "r", "name": "r", "frontend": {"domains": ["a.b", "c.d"]},
        "metadata": {"team": "x"}, "enabled": false, "description": "some text", "tags": ["t"]});
    assert_eq!(stored, expected);
    // The same by an upsert, as the command line sends it.
    let sets = json!([{"path": "name", "value": "s"}]).to_string();
    let changed = fixture.post(&one).bytes("application/json+oto-patch", sets.clone()).await;
    assert_eq!((changed.status, changed.json()["name"].clone()), (200, json!("s")));
    let made =
        fixture.post(&format!("{ROUTES}/new")).bytes("application/json+oto-patch", sets).await;
    assert_eq!((made.status, made.json()["id"].clone()), (201, json!("new")));
    assert_eq!(made.json()["frontend"]["domains"], json!(["newroute.oto.tools"]));
}

#[actix_web::test]
async fn what_cannot_be_read_is_a_bad_request() {
    let fixture = fixture().await;
    let json = "application/json";
    for (media, body, what) in [
        ("text/plain", "x", "bad content type"),
        (json, "{", "not JSON"),
        (json, "", "empty"),
        (json, "{\"a\": 1, \"a\": 2}", "twice"),
        ("application/yaml", "a: [", "not YAML"),
        ("application/x-www-form-urlencoded", "{\"name\": \"x\"}", "application/json"),
        ("application/json+oto-patch", "{}", "list"),
        ("application/json+oto-patch", "[{\"path\": \"name.x.y\"}]", "path"),
    ] {
        let refused = fixture.post(PROMPTS).bytes(media, body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.json()["error"], "bad_request");
        assert!(refused.text().contains(what), "{body}: {}", refused.text());
    }
    assert_eq!(fixture.post(PROMPTS).json(&json!({"id": "p"})).await.status, 201);
    // A merge patch is none of Otoroshi's.
    let refused = fixture.patch(&format!("{PROMPTS}/p")).json(&json!({"name": "x"})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("RFC 6902"), "{}", refused.text());
    let compressed = fixture.post(PROMPTS).header("content-encoding", "gzip");
    assert_eq!(compressed.bytes(json, "x").await.status, 400);
}

#[actix_web::test]
async fn answers_are_json_lines_yaml_and_kubernetes() {
    let fixture = fixture().await;
    for id in ["a", "b"] {
        let prompt = json!({"id": id, "name": format!("prompt {id}"), "prompt": "p"});
        assert_eq!(fixture.post(PROMPTS).json(&prompt).await.status, 201);
    }
    let one = format!("{PROMPTS}/a");
    for accept in ["application/json", "*/*", "application/yaml, */*;q=0.1", "text/html"] {
        let read = fixture.get(&one).header("accept", accept).send().await;
        assert_eq!(read.header("content-type"), "application/json", "{accept}");
        assert!(read.text().starts_with("{\n  \"_loc\""), "{}", read.text());
    }
    let flat = fixture.get(&format!("{one}?pretty=false")).send().await;
    assert!(flat.text().starts_with("{\"_loc\":"), "{}", flat.text());
    let wrapped = fixture.get(&format!("{one}?envelope=true")).send().await.json();
    assert_eq!(wrapped["data"]["id"], "a");
    let some = fixture.get(&format!("{one}?fields=id,_loc.tenant")).send().await.json();
    assert_eq!(some, json!({"_loc": {"tenant": "default"}, "id": "a"}));

    let lines = fixture.get(PROMPTS).header("accept", "application/x-ndjson").send().await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    assert_eq!((lines.text().lines().count(), lines.header("x-pages")), (2, "1"));
    for line in lines.text().lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["id"].is_string());
    }
    let yaml = fixture.get(&one).header("accept", "application/yaml").send().await;
    assert_eq!((yaml.header("content-type"), yaml.header("x-pages")), ("application/yaml", ""));
    let read: Value = serde_saphyr::from_str(yaml.text()).unwrap();
    assert_eq!(read["name"], "prompt a");
    let kube = fixture.get(PROMPTS).header("accept", "application/yaml+k8s").send().await;
    assert_eq!((kube.header("content-type"), kube.header("x-pages")), ("application/yaml", "1"));
    let read: Value = serde_saphyr::from_str(kube.text()).unwrap();
    assert_eq!(read[1]["apiVersion"], "proxy.otoroshi.io/v1");
    assert_eq!(read[1]["kind"], "Prompt");
    assert_eq!(read[1]["metadata"], json!({"name": "prompt b"}));
    // What is shown so is taken so.
    let body = serde_saphyr::to_string(&read[1]).unwrap();
    let back = fixture.post(&format!("{PROMPTS}/b")).bytes("application/yaml", body).await;
    assert_eq!((back.status, back.header("otoroshi-entity-updated")), (200, "false"));
}
