use sanmon_tests::guide::{Guide, statuses};
use sanmon_tests::sanmon::Setup;
use serde_json::{Value, json};

use super::begin;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_documents_of_prompts_works() {
    let mut guide = begin("ai-prompts.sh", Setup::serve()).await;
    templates(&mut guide);
    decorations(&mut guide);
    guards(&mut guide);
    let said = guide.run("configurations that are none");
    assert_eq!(statuses(&said), [400; 3]);
    guide.end();
}

/// The bodies that arrived.
fn bodies(guide: &mut Guide) -> Vec<Value> {
    guide.asked().iter().map(sanmon_tests::upstream::Request::json).collect()
}

fn templates(guide: &mut Guide) {
    let said = guide.run("template");
    assert_eq!(statuses(&said), [201, 200, 200, 200, 400, 400], "{said:?}");
    assert!(said[4].text.contains("template: unknown not configured."), "{}", said[4].text);
    assert!(said[5].text.contains("template name is missing in request."), "{}", said[5].text);
    let bodies = bodies(guide);
    let first = json!({"model": "gpt-4", "messages": [
        {"role": "system", "content": "Answer in brief."},
        {"role": "user", "content": "Explain the \"quick sort\"\nalgorithm."}
    ]});
    assert_eq!(bodies[0], first);
    let texts: Vec<&Value> =
        bodies[1..].iter().map(|body| &body["messages"][0]["content"]).collect();
    assert_eq!(texts, ["Echo this.", "Echo ."]);
}

fn decorations(guide: &mut Guide) {
    let said = guide.run("decorator");
    assert_eq!(statuses(&said), [200; 3], "{said:?}");
    let bodies = bodies(guide);
    let messages = json!([
        {"role": "system", "content": "Answer briefly and conceptually."},
        {"role": "user", "content": "What is mTLS authentication?"},
        {"role": "user", "content": "End the answer with a simple analogy."}
    ]);
    assert_eq!(bodies[0]["messages"], messages);
    // Whatever their form, all four texts are there, the added ones first and last.
    let text = bodies[1].to_string();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
    let [first, own, asked, last] = [
        "Answer briefly and conceptually.",
        "Be kind.",
        "What is mTLS authentication?",
        "End the answer with a simple analogy.",
    ]
    .map(at);
    assert!(asked < last && first != own, "{text}");
    assert!(bodies[1]["instructions"].as_str().unwrap().starts_with("Answer briefly"), "{text}");
}

fn guards(guide: &mut Guide) {
    let said = guide.run("guard");
    assert_eq!(statuses(&said), [200, 200, 400, 400, 400, 200, 200], "{said:?}");
    assert!(said[2].text.contains("Request doesn't match allow patterns"), "{}", said[2].text);
    for denied in &said[3..5] {
        assert!(denied.text.contains("Request contains prohibited content"), "{}", denied.text);
    }
    assert_eq!(bodies(guide).len(), 3);

    let said = guide.run("guard of the whole conversation");
    assert_eq!(statuses(&said), [200, 400, 400, 200], "{said:?}");
    assert_eq!(bodies(guide).len(), 1);

    // The guard sees what template and decorator have made.
    let said = guide.run("all of them");
    assert_eq!(statuses(&said), [200, 400], "{said:?}");
    assert!(bodies(guide).is_empty());
}
