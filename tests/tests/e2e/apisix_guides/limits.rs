use sanmon_tests::guide::{Guide, statuses};
use sanmon_tests::sanmon::Setup;

use super::{begin, models};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_document_of_ai_rate_limiting_works() {
    let mut guide = begin("ai-rate-limiting.sh", Setup::serve()).await;
    one_instance(&mut guide);
    several_instances(&mut guide);
    rules_and_streams(&mut guide);
    requests_too(&mut guide);
    mistakes(&mut guide);
    guide.end();
}

fn one_instance(guide: &mut Guide) {
    let said = guide.run("one instance");
    // Thirty-three tokens of input are three questions of eleven.
    assert_eq!(statuses(&said), [201, 200, 200, 200, 503], "{said:?}");
    assert_eq!(models(&guide.asked()).len(), 3);
    for one in &said[1..] {
        assert_eq!(one.header("x-ai-ratelimit-limit-ai-proxy-openai"), "33");
    }
    assert_eq!(said[4].header("x-ai-ratelimit-remaining-ai-proxy-openai"), "0");
    assert!((1..=60).contains(&said[4].header("retry-after").parse::<u64>().unwrap()));
}

fn several_instances(guide: &mut Guide) {
    let said = guide.run("one of several instances");
    assert_eq!(statuses(&said), [200, 200, 503], "without a strategy nobody else is asked");
    assert_eq!(models(&guide.asked()), ["deepseek-chat"]);

    let said = guide.run("one of several instances, and on to the next");
    assert_eq!(statuses(&said), [200, 200, 200]);
    assert_eq!(models(&guide.asked()), ["deepseek-chat", "gpt-4"]);

    let said = guide.run("the same for all instances");
    assert_eq!(statuses(&said), [200, 200, 200, 429], "{said:?}");
    assert_eq!(models(&guide.asked()), ["deepseek-chat", "gpt-4"]);
    assert_eq!(said[1].header("x-ai-ratelimit-limit-deepseek-instance"), "18");
    assert_eq!(said[2].header("x-ai-ratelimit-limit-openai-instance"), "18");
    assert!(said[3].text.contains("no tokens left"), "{}", said[3].text);
    for one in &said {
        assert_eq!(one.header("x-sanmon-attempts"), "", "who has nothing left is not asked");
    }
}

fn rules_and_streams(guide: &mut Guide) {
    let said = guide.run("by what a header says");
    assert_eq!(statuses(&said), [200, 200, 503, 200, 200, 500], "{said:?}");
    assert_eq!(models(&guide.asked()).len(), 3);
    assert_eq!(said[1].header("x-ai-team-ratelimit-limit"), "18");
    assert_eq!(said[2].header("x-ai-team-ratelimit-remaining"), "0");
    assert!(said[5].text.contains("none of the rules"), "{}", said[5].text);

    let said = guide.run("streams");
    assert_eq!(statuses(&said), [200, 200, 429], "{said:?}");
    assert_eq!(models(&guide.asked()).len(), 1);
}

fn requests_too(guide: &mut Guide) {
    let said = guide.run("requests beside tokens");
    assert_eq!(statuses(&said), [200, 201, 200, 200, 200, 429], "{said:?}");
    assert_eq!(said[3].header("x-ratelimit-remaining"), "1");
    assert_eq!(said[5].header("x-ratelimit-remaining"), "0");
    assert_eq!(said[5].header("x-sanmon-attempts"), "");
    assert_eq!(models(&guide.asked()).len(), 2);
}

fn mistakes(guide: &mut Guide) {
    let said = guide.run("configurations that are none");
    assert_eq!(statuses(&said), [400; 4]);
    for (one, text) in said.iter().zip([
        "property \\\"time_window\\\" is required when \\\"limit\\\" is set",
        "property \\\"limit\\\" is required when \\\"time_window\\\" is set",
        "rules",
        "property \\\"limit\\\" validation failed",
    ]) {
        assert!(one.text.contains(text), "{text}: {}", one.text);
    }
}
