use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Counts whose details are within their sums.
fn usage() -> impl Strategy<Value = Usage> {
    (0_u64..50, 0_u64..50, 0_u64..50, 0_u64..50, 0_u64..50).prop_map(
        |(input, output, cache_read, cache_write, reasoning)| Usage {
            input: input + cache_read + cache_write,
            output: output + reasoning,
            cache_read,
            cache_write,
            reasoning,
            ..Usage::default()
        },
    )
}

fn logprobs() -> impl Strategy<Value = Vec<TokenLogprob>> {
    let top = || {
        (words(), -9_i32..0).prop_map(|(token, logprob)| TopLogprob {
            token,
            logprob: f64::from(logprob) / 4.0,
            bytes: None,
        })
    };
    let token = (top(), vec(top(), 0..2)).prop_map(|(token, top)| TokenLogprob {
        token: token.token,
        logprob: token.logprob,
        bytes: None,
        top,
    });
    vec(token, 0..2)
}

/// An answer. It finishes for calls where there are some.
pub(crate) fn response(carries: Carries) -> impl Strategy<Value = Response> {
    let finish = prop_oneof![3 => Just(Finish::Stop), 1 => Just(Finish::Length)];
    let choice = (assistant(carries), finish, logprobs());
    let head =
        (name(), maybe(carries.created, 1_i64..2_000_000_000), maybe(carries.fingerprint, name()));
    let tier = maybe(carries.service_tier, Just("default".to_owned()));
    (head, vec(choice, 1..3), usage(), tier).prop_map(
        move |((id, created, system_fingerprint), mut choices, usage, service_tier)| {
            choices.truncate(if carries.n { 2 } else { 1 });
            let choices = (0..).zip(choices).map(|(index, (mut content, finish, logprobs))| {
                number_calls(index as usize * 100, &mut content);
                let calls = content.iter().any(|part| matches!(part, Part::ToolCall(_)));
                Choice {
                    index,
                    content,
                    finish: Some(if calls { Finish::ToolCalls } else { finish }),
                    logprobs: if carries.logprobs { logprobs } else { Vec::new() },
                }
            });
            Response {
                id,
                model: "model".into(),
                created,
                choices: choices.collect(),
                usage: Some(usage),
                service_tier,
                system_fingerprint,
                extras: Vec::new(),
            }
        },
    )
}
