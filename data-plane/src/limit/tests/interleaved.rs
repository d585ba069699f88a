//! Callers with two limits each, in every order in which their steps can follow each other: a step is
//! one atomic change of one counter, so that these are all the orders that threads can make.

use std::time::Duration;

use sanmon_shared::counters::{Quota, Span};

use crate::limit::counter::{Counter, Held, Now, Want};

const NOW: Now = Now { nanos: 0, wall: 0 };
const WANT: Want = Want { amount: 1, estimated: false };

/// A caller on its way through the limits, as `reserve` goes it.
#[derive(Default)]
struct Caller {
    held: Vec<Held>,
    ended: Option<bool>,
}

impl Caller {
    fn step(&mut self, counters: &[(Counter, Quota)]) {
        let at = self.held.len();
        if self.ended == Some(false) {
            // Gives back what it has, one after the other.
            if let Some(held) = self.held.pop() {
                let (counter, quota) = &counters[at - 1];
                counter.settle(*quota, &held.window, WANT, 0, NOW);
            }
            return;
        }
        let Some((counter, quota)) = counters.get(at) else { return };
        match counter.take(*quota, WANT, NOW) {
            Ok(held) => {
                self.held.push(held);
                if self.held.len() == counters.len() {
                    self.ended = Some(true);
                }
            }
            Err(_) => self.ended = Some(false),
        }
    }
}

/// Every order of so many steps of so many callers.
fn orders(callers: usize, steps: usize) -> Vec<Vec<usize>> {
    fn go(left: &mut Vec<usize>, order: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if left.iter().all(|left| *left == 0) {
            all.push(order.clone());
        }
        for caller in 0..left.len() {
            if left[caller] > 0 {
                left[caller] -= 1;
                order.push(caller);
                go(left, order, all);
                order.pop();
                left[caller] += 1;
            }
        }
    }
    let mut all = Vec::new();
    go(&mut vec![steps; callers], &mut Vec::new(), &mut all);
    all
}

#[test]
fn in_no_order_do_more_pass_than_the_smallest_limit() {
    let orders = orders(3, 3);
    assert_eq!(orders.len(), 1_680);
    for span in [
        Span::Window(Duration::from_hours(1)),
        Span::Rolling { per: Duration::from_hours(1), burst: 2 },
    ] {
        for (first, second) in [(1, 2), (2, 1), (2, 2), (1, 1)] {
            for order in &orders {
                let counters = [first, second].map(|limit| {
                    let span = match span {
                        Span::Rolling { per, .. } => Span::Rolling { per, burst: limit },
                        other => other,
                    };
                    (Counter::new(span, NOW), Quota { limit, span })
                });
                let mut callers = [(); 3].map(|()| Caller::default());
                for caller in order {
                    callers[*caller].step(&counters);
                }
                let passed = callers.iter().filter(|caller| caller.ended == Some(true)).count();
                let most = usize::try_from(first.min(second)).unwrap();
                assert!((1..=most).contains(&passed), "{passed} of {first}, {second}: {order:?}");
                // Who was refused has given everything back: what is left is what nobody holds.
                for (counter, quota) in &counters {
                    let rest = quota.limit - passed as u64;
                    let more = (0..3).filter(|_| counter.take(*quota, WANT, NOW).is_ok()).count();
                    assert_eq!(more as u64, rest, "{first}, {second}: {order:?}");
                }
            }
        }
    }
}
