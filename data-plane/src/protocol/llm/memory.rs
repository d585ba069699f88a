//! Signed reasoning of tool loops, for clients that cannot carry it: kept by the ids of the calls
//! that it led to, and put back when the conversation returns with their results.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sanmon_wire::canonical::{Delta, Finish, Fold, Part, Request, Role, Signature};
use sanmon_wire::format::Format;
use sanmon_wire::translate::Observe;

/// How long reasoning is kept after it was last used: tools of agents may take their time.
const KEPT: Duration = Duration::from_hours(6);

/// All of it together, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// More of one answer, in bytes, is not kept.
const LARGEST: usize = 1024 * 1024;

/// Reasoning of answers that asked for tools. One per data plane; a conversation that returns to
/// another one goes on without it, as it would after [`KEPT`].
#[derive(Clone)]
pub(crate) struct Memory(Cache<Key, Arc<Thought>>);

/// Whose answer it was, and the id of a call in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    caller: Arc<str>,
    call: Box<str>,
}

/// What an answer held beside its text.
struct Thought {
    /// The format to which it means something.
    format: Format,
    /// The reasoning before the calls.
    reasoning: Vec<Part>,
    /// Signatures of the calls themselves.
    calls: Vec<(Box<str>, Signature)>,
    size: usize,
}

impl Default for Memory {
    fn default() -> Self {
        let weigh = |key: &Key, thought: &Arc<Thought>| {
            u32::try_from(key.call.len() + thought.size + 128).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().weigher(weigh).max_capacity(MOST).time_to_idle(KEPT).build())
    }
}

impl Memory {
    /// Puts back what a caller's conversation lost on its way, where `format` understands it.
    pub(crate) fn recall(&self, caller: &Arc<str>, format: Format, request: &mut Request) {
        if !signs(format) {
            return;
        }
        for message in request.messages.iter_mut().filter(|m| m.role == Role::Assistant) {
            let Some(id) = message.content.iter().find_map(unsigned_call) else { continue };
            let key = Key { caller: Arc::clone(caller), call: id.into() };
            let Some(thought) = self.0.get(&key).filter(|thought| thought.format == format) else {
                continue;
            };
            let carried = message.content.iter().any(
                |part| matches!(part, Part::Reasoning(own) if signed_by(own.signature.as_ref(), format)),
            );
            if !carried && !thought.reasoning.is_empty() {
                // The text alone came back: the signed one stands for it.
                message.content.retain(|part| !matches!(part, Part::Reasoning(_)));
                message.content.splice(0..0, thought.reasoning.iter().cloned());
            }
            for part in &mut message.content {
                if let Part::ToolCall(call) = part
                    && call.signature.is_none()
                    && let Some((_, own)) = thought.calls.iter().find(|(id, _)| **id == *call.id)
                {
                    call.signature = Some(own.clone());
                }
            }
        }
    }

    /// Watches an answer that comes in `format`, to keep what its caller may lose.
    pub(crate) fn watch(&self, caller: &Arc<str>, format: Format) -> Option<Box<dyn Observe>> {
        signs(format).then(|| {
            Box::new(Watch {
                memory: self.clone(),
                caller: Arc::clone(caller),
                format,
                fold: Fold::default(),
                signed: false,
            }) as Box<dyn Observe>
        })
    }

    fn keep(&self, caller: &Arc<str>, format: Format, content: Vec<Part>) {
        let mut thought = Thought { format, reasoning: Vec::new(), calls: Vec::new(), size: 0 };
        let mut ids = Vec::new();
        for part in content {
            match part {
                Part::Reasoning(reasoning) if ids.is_empty() => {
                    let signature = reasoning.signature.as_ref();
                    thought.size += reasoning.text.len()
                        + reasoning.summary.iter().map(String::len).sum::<usize>()
                        + signature.map_or(0, |signature| signature.data.len());
                    thought.reasoning.push(Part::Reasoning(reasoning));
                }
                Part::ToolCall(call) => {
                    let id: Box<str> = call.id.into();
                    if let Some(signature) = call.signature {
                        thought.size += signature.data.len();
                        thought.calls.push((id.clone(), signature));
                    }
                    ids.push(id);
                }
                _ => {}
            }
        }
        if thought.size > LARGEST {
            return;
        }
        let thought = Arc::new(thought);
        for call in ids {
            self.0.insert(Key { caller: Arc::clone(caller), call }, Arc::clone(&thought));
        }
    }
}

/// Formats whose reasoning is signed or encrypted.
fn signs(format: Format) -> bool {
    match format {
        Format::Responses | Format::Anthropic | Format::Gemini | Format::Converse => true,
        Format::Chat | Format::Completions | Format::Cohere | Format::Ollama => false,
    }
}

fn signed_by(signature: Option<&Signature>, format: Format) -> bool {
    signature.is_some_and(|signature| signature.format == format)
}

fn unsigned_call(part: &Part) -> Option<&str> {
    match part {
        Part::ToolCall(call) if call.signature.is_none() => Some(&call.id),
        _ => None,
    }
}

/// Gathers an answer, and keeps it at its end.
struct Watch {
    memory: Memory,
    caller: Arc<str>,
    format: Format,
    fold: Fold,
    signed: bool,
}

impl Observe for Watch {
    fn delta(&mut self, delta: &Delta) {
        match delta {
            Delta::Open { part, .. } => {
                self.signed |= match part {
                    Part::Reasoning(reasoning) => reasoning.signature.is_some(),
                    Part::ToolCall(call) => call.signature.is_some(),
                    _ => false,
                };
                // Texts are not kept.
                if matches!(part, Part::Reasoning(_) | Part::ToolCall(_)) {
                    self.fold.delta(delta.clone());
                }
            }
            Delta::Sign { .. } => {
                self.signed = true;
                self.fold.delta(delta.clone());
            }
            Delta::Grow { .. } | Delta::Summary { .. } | Delta::Finish { .. } => {
                self.fold.delta(delta.clone());
            }
            Delta::End if self.signed => {
                let mut fold = std::mem::take(&mut self.fold);
                fold.delta(Delta::End);
                let Some(Ok(answer)) = fold.finish() else { return };
                for choice in answer.choices {
                    if choice.finish == Some(Finish::ToolCalls) {
                        self.memory.keep(&self.caller, self.format, choice.content);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sanmon_wire::canonical::{Choice, Message, Reasoning, Response, ToolCall, unfold};

    use super::*;

    fn call(signature: Option<Signature>) -> Part {
        Part::ToolCall(ToolCall {
            id: "call_1".into(),
            name: "f".into(),
            arguments: "{}".into(),
            custom: false,
            signature,
            cache: None,
        })
    }

    fn reasoning() -> Part {
        let signature = Some(Signature { format: Format::Anthropic, data: "proof".into() });
        Part::Reasoning(Reasoning { text: "hm".into(), signature, ..Reasoning::default() })
    }

    fn returned() -> Request {
        let messages = vec![Message::new(Role::Assistant, vec![call(None)])];
        Request { messages, ..Request::default() }
    }

    #[test]
    fn what_a_client_lost_is_put_back_for_itself_and_its_format_only() {
        let memory = Memory::default();
        let (me, other): (Arc<str>, Arc<str>) = ("me".into(), "other".into());
        let answer = Response {
            choices: vec![Choice {
                content: vec![reasoning(), call(None)],
                finish: Some(Finish::ToolCalls),
                ..Choice::default()
            }],
            ..Response::default()
        };
        let mut watch = memory.watch(&me, Format::Anthropic).unwrap();
        for delta in unfold(answer) {
            watch.delta(&delta);
        }
        memory.0.run_pending_tasks();

        let mut request = returned();
        memory.recall(&me, Format::Anthropic, &mut request);
        assert_eq!(request.messages[0].content, [reasoning(), call(None)]);
        memory.recall(&me, Format::Anthropic, &mut request);
        assert_eq!(request.messages[0].content.len(), 2, "what is there is not doubled");

        for (caller, format) in [(&other, Format::Anthropic), (&me, Format::Gemini)] {
            let mut request = returned();
            memory.recall(caller, format, &mut request);
            assert_eq!(request, returned());
        }
        assert!(memory.watch(&me, Format::Chat).is_none());
    }
}
