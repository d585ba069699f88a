use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// A conversation: system, then the person and the model in turns, results after calls.
pub(crate) fn messages(carries: Carries) -> impl Strategy<Value = Vec<Message>> {
    let system = option::of((vec(text(carries), 1..3), flag(carries.developer)));
    let said = (vec(user_part(carries), 1..3), maybe(carries.names, name()));
    let turn = (said, option::of((assistant(carries), vec(tool_result(carries), 3..4))));
    (system, vec(turn, 1..3)).prop_map(move |(system, turns)| {
        let mut messages = Vec::new();
        if let Some((content, developer)) = system {
            let role = if developer { Role::Developer } else { Role::System };
            messages.push(Message::new(role, content));
        }
        let last = turns.len() - 1;
        for (index, ((content, name), answer)) in turns.into_iter().enumerate() {
            messages.push(Message { role: Role::User, content, name });
            let Some((mut answer, results)) = answer else {
                if index < last {
                    messages.push(Message::new(Role::Assistant, vec![Part::Text(Text::new("ok"))]));
                }
                continue;
            };
            number_calls(index * 100, &mut answer);
            let calls = answer.iter().filter_map(|part| match part {
                Part::ToolCall(call) => Some(call),
                _ => None,
            });
            let results: Vec<Part> = calls
                .zip(results.into_iter().cycle())
                .map(|(call, result)| {
                    Part::ToolResult(ToolResult {
                        call_id: call.id.clone(),
                        name: carries.result_names.then(|| call.name.clone()),
                        custom: call.custom,
                        ..result
                    })
                })
                .collect();
            messages.push(Message::new(Role::Assistant, answer));
            if !results.is_empty() {
                messages.push(Message::new(Role::Tool, results));
            }
        }
        messages
    })
}
