use proptest::prelude::*;

use super::*;

const RULES: BreakerRules = BreakerRules {
    enabled: true,
    consecutive_failures: 3,
    failure_ratio: None,
    minimum_attempts: u32::MAX,
    cooldown: Duration::from_secs(1),
};

fn opened() -> Breaker {
    let breaker = Breaker::default();
    for at in 0..3 {
        breaker.failed(at, at, &RULES);
    }
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_a_success_between_does_not_let_them() {
    let breaker = Breaker::default();
    assert!(!breaker.failed(0, 0, &RULES));
    assert!(!breaker.failed(0, 0, &RULES));
    breaker.succeeded(0, 0);
    assert!(!breaker.failed(0, 0, &RULES));
    assert!(!breaker.failed(0, 0, &RULES));
    assert_eq!(breaker.in_a_row(), 2);
    assert!(breaker.failed(0, 7, &RULES));
    assert_eq!(breaker.phase(), Phase::Open { until: 1_007 });
    assert!(!breaker.admit(1_006));
}

#[test]
fn one_trial_decides() {
    let breaker = opened();
    assert!(!breaker.would_admit(1_001));
    assert!(breaker.admit(1_002));
    assert!(matches!(breaker.phase(), Phase::HalfOpen { .. }));
    assert!(!breaker.admit(1_002), "the second one does not get a trial");
    breaker.succeeded(1_002, 1_050);
    assert_eq!(breaker.phase(), Phase::Closed);

    let breaker = opened();
    assert!(breaker.admit(1_002));
    assert!(breaker.failed(1_002, 1_050, &RULES));
    assert_eq!(breaker.phase(), Phase::Open { until: 2_050 });
}

#[test]
fn a_trial_that_is_given_up_or_forgotten_makes_room_for_another() {
    let breaker = opened();
    assert!(breaker.admit(1_002));
    breaker.abandoned(1_002, 1_100);
    assert!(breaker.admit(1_100));
    assert!(!breaker.admit(1_101));
    assert!(breaker.admit(1_100 + TRIAL), "nothing was heard of it");
}

#[test]
fn what_began_before_it_opened_proves_nothing() {
    let breaker = opened();
    breaker.succeeded(1, 500);
    assert_eq!(breaker.phase(), Phase::Open { until: 1_002 });
    assert!(breaker.admit(1_002));
    breaker.succeeded(1, 1_010);
    breaker.failed(1, 1_020, &RULES);
    breaker.abandoned(1, 1_030);
    assert!(matches!(breaker.phase(), Phase::HalfOpen { .. }));
    // One that was made although it was open does prove something.
    breaker.succeeded(900, 1_040);
    assert_eq!(breaker.phase(), Phase::Closed);
}

#[test]
fn too_many_failures_among_successes_open_it_too() {
    let rules = BreakerRules {
        failure_ratio: Some(0.5),
        minimum_attempts: 10,
        consecutive_failures: 1_000,
        ..RULES
    };
    let breaker = Breaker::default();
    for _ in 0..4 {
        breaker.succeeded(0, 0);
        assert!(!breaker.failed(0, 0, &rules));
    }
    breaker.succeeded(0, 0);
    assert!(breaker.failed(0, 0, &rules), "five of ten");
    assert!(breaker.admit(1_000));
    breaker.succeeded(1_000, 1_000);
    assert!(!breaker.failed(1_000, 1_000, &rules), "what opened it is forgotten");
}

#[test]
fn one_that_is_off_never_opens() {
    let breaker = Breaker::default();
    assert!((0..1_000).all(|at| !breaker.failed(at, at, &BreakerRules::OFF)));
    assert!(breaker.admit(1_000));
}

#[test]
fn of_all_that_race_for_the_trial_one_gets_it() {
    for _ in 0..50 {
        let breaker = opened();
        let got: usize = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| usize::from(breaker.admit(1_002)))).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(got, 1);
    }
}

/// What several callers do, one step at a time, in any order: every step of a breaker is one change of
/// its word, so that this is all that threads can do to it.
#[derive(Clone, Debug)]
enum Step {
    Ask,
    Succeed(usize),
    Fail(usize),
    Leave(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Ask),
        2 => (0_usize..8).prop_map(Step::Succeed),
        4 => (0_usize..8).prop_map(Step::Fail),
        1 => (0_usize..8).prop_map(Step::Leave),
        2 => (0_u64..700).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_callers_do_an_open_breaker_lets_one_through_at_a_time(
        steps in prop::collection::vec(step(), 1..200)
    ) {
        let breaker = Breaker::default();
        let mut now = 1;
        // When each that is under way began, and whether it is a trial.
        let mut under_way: Vec<(u64, bool)> = Vec::new();
        let mut opened_at = 0;
        for step in steps {
            let before = breaker.phase();
            match step {
                Step::Wait(time) => now += time,
                Step::Ask => {
                    let admitted = breaker.admit(now);
                    prop_assert_eq!(admitted, match before {
                        Phase::Closed => true,
                        Phase::Open { until } | Phase::HalfOpen { until } => now >= until,
                    });
                    if admitted {
                        under_way.push((now, before != Phase::Closed));
                    }
                }
                Step::Succeed(at) | Step::Fail(at) | Step::Leave(at) if at >= under_way.len() => {}
                Step::Succeed(at) => {
                    let (began, _) = under_way.swap_remove(at);
                    breaker.succeeded(began, now);
                    if began > opened_at {
                        prop_assert_eq!(breaker.phase(), Phase::Closed);
                    }
                }
                Step::Fail(at) => {
                    let (began, _) = under_way.swap_remove(at);
                    if breaker.failed(began, now, &RULES) {
                        opened_at = now;
                        prop_assert_eq!(breaker.phase(), Phase::Open { until: now + 1_000 });
                    }
                }
                Step::Leave(at) => {
                    let (began, _) = under_way.swap_remove(at);
                    breaker.abandoned(began, now);
                }
            }
            if matches!(breaker.phase(), Phase::HalfOpen { .. }) {
                let trials =
                    under_way.iter().filter(|(began, trial)| *trial && *began > opened_at);
                // Unless one was forgotten for a minute, which steps this short never reach.
                prop_assert!(trials.count() <= 1 + usize::from(now > TRIAL));
            }
        }
    }
}

/// A caller in the midst of what it does to a breaker: what it has read, and not yet written.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Nothing,
    /// It read this word, and will ask.
    Asking(u64),
    /// It has a place, since then.
    Has(u64),
    /// It read this word and when the breaker opened, and will say how it went.
    Telling {
        began: u64,
        failed: bool,
        word: u64,
        opened: u64,
    },
}

/// A breaker's two words, touched by callers one access at a time.
#[derive(Debug, Default)]
struct Memory {
    word: u64,
    opened: u64,
    /// Trials that were let through and of which nothing was heard since the breaker opened last.
    trials: u32,
}

impl Memory {
    fn set(&mut self, before: u64, next: u64) -> bool {
        let same = self.word == before;
        if same {
            self.word = next;
        }
        same
    }

    /// The caller's next access; the same decisions as the breaker's own methods make.
    fn advance(&mut self, caller: Doing, fails: bool, now: u64) -> Doing {
        match caller {
            Doing::Nothing => Doing::Asking(self.word),
            Doing::Asking(word) => match on_ask(word, now) {
                Asked::Yes => Doing::Has(now),
                Asked::Trial(trial) if self.set(word, trial) => {
                    self.trials += 1;
                    Doing::Has(now)
                }
                Asked::No | Asked::Trial(_) => Doing::Nothing,
            },
            Doing::Has(began) => {
                Doing::Telling { began, failed: fails, word: self.word, opened: self.opened }
            }
            Doing::Telling { began, failed: false, word, opened } => {
                if let Some(next) = on_success(word, opened, began)
                    && self.set(word, next)
                    && word & 3 != CLOSED
                {
                    self.trials = 0;
                }
                Doing::Nothing
            }
            Doing::Telling { began, failed: true, word, opened } => {
                let failed = Failed { opened, began, now, too_many: false };
                let Some(next) = on_failure(word, &failed, &RULES) else { return Doing::Nothing };
                if next & 3 == OPEN {
                    self.opened = self.opened.max(now);
                }
                if self.set(word, next) {
                    if next & 3 == OPEN {
                        self.trials = 0;
                    }
                    return Doing::Nothing;
                }
                Doing::Telling { began, failed: true, word: self.word, opened: self.opened }
            }
        }
    }
}

proptest! {
    /// Threads, one access to memory at a time, in any order. No step takes as long as a trial may, so
    /// that none is forgotten.
    #[test]
    fn in_whatever_order_threads_touch_it_there_is_one_trial_at_a_time(
        steps in prop::collection::vec((0_usize..4, any::<bool>(), 0_u64..200), 1..250)
    ) {
        let mut memory = Memory::default();
        let mut callers = [Doing::Nothing; 4];
        let mut now = 1;
        for (caller, fails, time) in steps {
            now += time;
            let before = memory.word;
            callers[caller] = memory.advance(callers[caller], fails, now);
            prop_assert!(memory.trials <= 1, "{memory:?} {callers:?}");
            if let (Phase::Open { until }, Phase::HalfOpen { .. }) =
                (phase(before), phase(memory.word))
            {
                prop_assert!(now >= until, "a trial before its time");
            }
        }
    }
}
