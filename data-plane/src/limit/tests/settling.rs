//! What counts in the end, however a request ended.

use std::sync::Arc;

use sanmon_shared::clock::Clock;
use tokio::time::Instant;

use super::exchanges::{ends, hourly, limited, plane, rule, size};
use crate::exchange::{Exchange, Shared};
use crate::limit::{Cost, Guess, Measure, Part, Providers, Rule, Size, Subject, reserve};

/// What is left of a limit of 10,000.
async fn left(shared: &Arc<Shared>, rule: &Arc<Rule>, provider: &str) -> u64 {
    let look = limited(shared, &[(Arc::clone(rule), hourly(10_000))]);
    let size = Size { provider, ..size(0, Some(0)) };
    reserve(&look, &size).await.unwrap();
    let counted = look.limits.counted().next().unwrap().1;
    ends(look, provider, 0, 0);
    // It had to take one to look.
    counted.remaining + 1
}

async fn begun(shared: &Arc<Shared>, rule: &Arc<Rule>, size: &Size<'_>) -> Exchange {
    let exchange = limited(shared, &[(Arc::clone(rule), hourly(10_000))]);
    reserve(&exchange, size).await.unwrap();
    exchange
}

#[tokio::test(start_paused = true)]
async fn the_guess_counts_until_the_end_and_what_was_used_then() {
    let cost = Cost::compile("prompt_tokens + 4 * completion_tokens").unwrap();
    for (measure, guessed, used) in [
        (Measure::Input, 100, 90),
        (Measure::Output, 1_000, 20),
        (Measure::Total, 1_100, 110),
        (Measure::Cost(cost), 4_100, 170),
    ] {
        let shared = Arc::new(plane(Clock::manual(0)));
        let rule = Arc::new(rule("r", measure));
        let one = begun(&shared, &rule, &size(100, Some(1_000))).await;
        assert_eq!(left(&shared, &rule, "p").await, 10_000 - guessed, "{rule:?}");
        ends(one, "p", 90, 20);
        assert_eq!(left(&shared, &rule, "p").await, 10_000 - used, "{rule:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_the_output_is_guessed_from_what_others_used() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let rule = Arc::new(Rule { guess: Guess::Learned, ..rule("r", Measure::Output) });
    let first = begun(&shared, &rule, &size(0, None)).await;
    assert_eq!(left(&shared, &rule, "p").await, 9_500);
    ends(first, "p", 0, 80);
    assert_eq!(left(&shared, &rule, "p").await, 9_920);
    let shared = Arc::new(plane(Clock::manual(0)));
    ends(begun(&shared, &rule, &size(0, None)).await, "p", 0, 80);
    // A bound that is never used up does not count either, where the rule says so.
    let second = begun(&shared, &rule, &size(0, Some(9_000))).await;
    let counted = second.limits.counted().next().unwrap().1;
    assert_eq!(counted.remaining, 9_840);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_is_charged_what_its_provider_was_sent() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let rule = Arc::new(rule("r", Measure::Total));
    // Before anybody was asked: nothing.
    drop(begun(&shared, &rule, &size(300, Some(1_000))).await);
    assert_eq!(left(&shared, &rule, "p").await, 10_000);
    // While the provider was thinking: its input.
    let one = begun(&shared, &rule, &size(300, Some(1_000))).await;
    one.account.upstream_began(Instant::now());
    drop(one);
    assert_eq!(left(&shared, &rule, "p").await, 9_700);
    // In the midst of the answer: what had come.
    let one = begun(&shared, &rule, &size(300, Some(1_000))).await;
    one.account.upstream_began(Instant::now());
    ends(one, "p", 300, 7);
    assert_eq!(left(&shared, &rule, "p").await, 9_393);
}

#[tokio::test(start_paused = true)]
async fn who_answers_in_the_end_is_charged() {
    let shared = Arc::new(plane(Clock::manual(0)));
    let each = Arc::new(Rule::new("each", Measure::Total, Subject::of([Part::Provider])));
    ends(begun(&shared, &each, &size(100, Some(100))).await, "q", 100, 50);
    assert_eq!(left(&shared, &each, "p").await, 10_000);
    assert_eq!(left(&shared, &each, "q").await, 9_850);
    let only = Rule { providers: Providers::Only("q".into()), ..rule("only", Measure::Total) };
    let only = Arc::new(only);
    ends(begun(&shared, &only, &size(100, Some(100))).await, "route/ai-proxy-multi/q", 1, 1);
    assert_eq!(left(&shared, &only, "q").await, 9_998);
    ends(begun(&shared, &only, &size(100, Some(100))).await, "p", 1, 1);
    assert_eq!(left(&shared, &only, "q").await, 9_998);
}
