use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sanmon_tests::guide::{Called, Guide, statuses};
use sanmon_tests::sanmon::Setup;
use sanmon_tests::upstream::Reply;
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

use super::{begin, models, shown, vendors};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_document_of_ai_proxy_multi_works() {
    let mut guide = begin("ai-proxy-multi.sh", Setup::serve()).await;
    turns(&mut guide);
    limits(&mut guide);
    bodies(&mut guide);
    hashes(&mut guide);
    health(&mut guide).await;
    mistakes(&mut guide);
    guide.end();
}

/// How many of the requests asked for this model.
fn count(models: &[String], model: &str) -> usize {
    models.iter().filter(|known| *known == model).count()
}

fn turns(guide: &mut Guide) {
    let said = guide.run("by weight");
    assert_eq!(statuses(&said[1..]), [200; 10]);
    let models = models(&guide.asked());
    assert_eq!((count(&models, "gpt-4"), count(&models, "deepseek-chat")), (8, 2), "{models:?}");

    let said = guide.run("by priority, past a failure");
    assert_eq!(said[1].json()["object"], "chat.completion", "{said:?}");
    let asked = guide.asked();
    let asked: Vec<_> = asked.iter().map(shown).collect();
    assert_eq!(
        asked,
        [
            ("/v1/chat/completions", "Bearer openai-key"),
            ("/v1/chat/completions", "Bearer placeholder"),
            ("/chat/completions", "Bearer deepseek-key"),
        ]
    );
}

fn limits(guide: &mut Guide) {
    let said = guide.run("by priority, past a limit");
    assert_eq!(statuses(&said), [200; 3], "{said:?}");
    assert_eq!(models(&guide.asked()), ["gpt-4", "deepseek-chat"]);
    assert_eq!(said[1].header("x-ai-ratelimit-limit-openai-instance"), "10");
    assert_eq!(said[2].header("x-sanmon-attempts"), "", "who has nothing left is not asked");

    let said = guide.run("for each consumer a share");
    assert_eq!(statuses(&said), [201, 201, 201, 201, 200, 401, 200, 200, 200, 200], "{said:?}");
    assert_eq!(said[5].json()["error"]["message"], "Missing API key in request");
    // John's share of the first instance is used up by one answer; Jane has one of the other.
    assert_eq!(models(&guide.asked()), ["gpt-4", "deepseek-chat", "gpt-4", "gpt-4"]);
}

fn bodies(guide: &mut Guide) {
    assert_eq!(statuses(&guide.run("a bound of the output")), [200; 3]);
    let mut bounds: Vec<(Value, Value)> = guide
        .asked()
        .iter()
        .map(|request| (request.json()["model"].clone(), request.json()["max_tokens"].clone()))
        .collect();
    bounds.sort_by_key(|(model, _)| model.to_string());
    assert_eq!(bounds, [(json!("deepseek-chat"), json!(100)), (json!("gpt-4"), json!(50))]);

    let said = guide.run("embeddings");
    assert_eq!(statuses(&said), [200; 3], "{said:?}");
    let asked = guide.asked();
    let mut asked: Vec<_> = asked.iter().map(shown).collect();
    asked.sort_unstable();
    let azure = "/openai/deployments/text-embedding-3-small/embeddings?api-version=2023-05-15";
    assert_eq!(asked, [(azure, "az-openai-key"), ("/v1/embeddings", "Bearer openai-key")]);
}

/// Each of eight asks twice, and is answered by the same one both times; not all by the same.
fn hashes(guide: &mut Guide) {
    for section in ["by a header", "by variables", "by consumer"] {
        let said = guide.run(section);
        assert!(said.iter().all(|one| one.status < 300), "{section}: {said:?}");
        let models = models(&guide.asked());
        assert_eq!(models.len(), 16);
        assert!(models.chunks(2).all(|pair| pair[0] == pair[1]), "{section}: {models:?}");
        assert!((1..16).contains(&count(&models, "one")), "{section}: {models:?}");
    }
}

async fn health(guide: &mut Guide) {
    let sick = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&sick);
    guide.upstream.script(move |request| match request.path.as_str() {
        "/ping/sick" if state.load(Ordering::Relaxed) => Reply::json(500, &json!({})),
        "/ping/sick" | "/ping/well" => Reply::json(200, &json!({})),
        _ => vendors(request),
    });
    assert_eq!(statuses(&guide.run("health checks")), [200]);
    let log = |text: &'static str| {
        let sanmon = &guide.sanmon;
        wait::until_true(text, SOON, async move || sanmon.output().contains(text))
    };
    log("the provider is unwell").await;
    let probes = guide.asked();
    let probe = probes.iter().find(|request| request.path == "/ping/sick").unwrap();
    assert_eq!((probe.method.as_str(), probe.header("x-probe")), ("GET", "yes"));
    assert_eq!(probe.header("authorization"), "Bearer sick-key");
    let said: Vec<Called> = guide.run("while one is unwell");
    assert_eq!(statuses(&said), [200; 5]);
    assert_eq!(models(&guide.asked()), ["well"; 5]);

    sick.store(false, Ordering::Relaxed);
    let log = |text: &'static str| {
        let sanmon = &guide.sanmon;
        wait::until_true(text, SOON, async move || sanmon.output().contains(text))
    };
    log("the provider is well again").await;
    let said = guide.run("when both are well");
    assert_eq!(statuses(&said), [200; 5]);
    assert_eq!(count(&models(&guide.asked()), "sick"), 4, "its share is four fifths");
}

fn mistakes(guide: &mut Guide) {
    let said = guide.run("configurations that are none");
    assert_eq!(statuses(&said), [400; 5]);
    for (one, text) in said.iter().zip([
        "property \\\"instances\\\" validation failed",
        "the member \\\"weight\\\" is missing",
        "duplicate instance name 'x' at instances[1] and instances[3]",
        "must configure `hash_key`",
        "invalid endpoint",
    ]) {
        assert!(
            one.text.contains("ai-proxy-multi") && one.text.contains(text),
            "{text}: {}",
            one.text
        );
    }
}
