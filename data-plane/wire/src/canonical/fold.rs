use std::collections::BTreeMap;

use super::{
    Choice, Delta, Part, ProviderError, Reasoning, Response, Start, Text, ToolCall, Usage,
};

/// Gathers a streamed answer into a whole one.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    response: Response,
    choices: BTreeMap<u32, Gathered>,
    error: Option<ProviderError>,
    complete: bool,
}

#[derive(Clone, Debug, Default)]
struct Gathered {
    choice: Choice,
    /// The part of each block.
    blocks: BTreeMap<u32, Part>,
}

impl Fold {
    /// Takes a step.
    pub fn delta(&mut self, delta: Delta) {
        match delta {
            Delta::Start(Start { id, model, created, system_fingerprint }) => {
                self.response.id = id;
                self.response.model = model;
                self.response.created = created;
                self.response.system_fingerprint = system_fingerprint;
            }
            Delta::Open { choice, block, part } => {
                self.choice(choice).blocks.insert(block, part);
            }
            Delta::Grow { choice, block, text } => match self.part(choice, block) {
                Some(
                    Part::Text(Text { text: grown, .. })
                    | Part::Reasoning(Reasoning { text: grown, .. })
                    | Part::ToolCall(ToolCall { arguments: grown, .. }),
                ) => grown.push_str(&text),
                Some(Part::Refusal(refusal)) => refusal.text.push_str(&text),
                Some(Part::Audio(audio)) => audio.data.push_str(&text),
                _ => {}
            },
            Delta::Summary { choice, block, index, text } => {
                if let Some(Part::Reasoning(reasoning)) = self.part(choice, block) {
                    let index = index as usize;
                    // Summaries come in order; a gap would be a stranger's mistake.
                    while reasoning.summary.len() <= index && reasoning.summary.len() < 1_024 {
                        reasoning.summary.push(String::new());
                    }
                    if let Some(summary) = reasoning.summary.get_mut(index) {
                        summary.push_str(&text);
                    }
                }
            }
            Delta::Transcript { choice, block, text } => {
                if let Some(Part::Audio(audio)) = self.part(choice, block) {
                    audio.transcript.get_or_insert_default().push_str(&text);
                }
            }
            Delta::Sign { choice, block, signature } => {
                if let Some(
                    Part::Text(Text { signature: own, .. })
                    | Part::Reasoning(Reasoning { signature: own, .. })
                    | Part::ToolCall(ToolCall { signature: own, .. }),
                ) = self.part(choice, block)
                {
                    *own = Some(signature);
                }
            }
            Delta::Cite { choice, block, citation } => {
                if let Some(Part::Text(text)) = self.part(choice, block) {
                    text.citations.push(citation);
                }
            }
            Delta::Logprobs { choice, tokens } => {
                self.choice(choice).choice.logprobs.extend(tokens);
            }
            Delta::Finish { choice, finish } => self.choice(choice).choice.finish = Some(finish),
            Delta::Usage(usage) => self.response.usage = Some(usage),
            Delta::ServiceTier(tier) => self.response.service_tier = Some(tier),
            Delta::Extra(extra) => self.response.extras.push(extra),
            Delta::Error(error) => self.error = Some(error),
            Delta::End => self.complete = true,
            Delta::Ping | Delta::Close { .. } => {}
        }
    }

    /// What was counted so far.
    pub fn usage(&self) -> Option<Usage> {
        self.response.usage
    }

    /// The whole answer; the error that ended it; or `None`: the stream was cut.
    pub fn finish(mut self) -> Option<Result<Response, ProviderError>> {
        if let Some(error) = self.error {
            return Some(Err(error));
        }
        if !self.complete {
            return None;
        }
        for (index, mut gathered) in self.choices {
            gathered.choice.index = index;
            gathered.choice.content = gathered.blocks.into_values().collect();
            for part in &mut gathered.choice.content {
                if let Part::ToolCall(call) = part
                    && !call.custom
                    && call.arguments.trim().is_empty()
                {
                    "{}".clone_into(&mut call.arguments);
                }
            }
            self.response.choices.push(gathered.choice);
        }
        Some(Ok(self.response))
    }

    fn choice(&mut self, index: u32) -> &mut Gathered {
        self.choices.entry(index).or_default()
    }

    fn part(&mut self, choice: u32, block: u32) -> Option<&mut Part> {
        self.choices.get_mut(&choice)?.blocks.get_mut(&block)
    }
}

/// A whole answer as the stream that says the same.
pub fn unfold(response: Response) -> Vec<Delta> {
    let mut out = vec![Delta::Start(Start {
        id: response.id,
        model: response.model,
        created: response.created,
        system_fingerprint: response.system_fingerprint,
    })];
    for mut answer in response.choices {
        let choice = answer.index;
        let mut logprobs = std::mem::take(&mut answer.logprobs);
        let said = answer.content.iter().rposition(|part| matches!(part, Part::Text(_)));
        for (block, (index, mut part)) in (0..).zip(answer.content.into_iter().enumerate()) {
            let mut rest = Vec::new();
            let mut grow = |text: &mut String| {
                let text = std::mem::take(text);
                if !text.is_empty() {
                    rest.push(Delta::Grow { choice, block, text });
                }
            };
            match &mut part {
                Part::Text(text) => {
                    grow(&mut text.text);
                    let citations = std::mem::take(&mut text.citations);
                    let cites = citations.into_iter();
                    rest.extend(cites.map(|citation| Delta::Cite { choice, block, citation }));
                    let signature = text.signature.take();
                    rest.extend(signature.map(|signature| Delta::Sign {
                        choice,
                        block,
                        signature,
                    }));
                }
                Part::Reasoning(reasoning) if !reasoning.redacted => {
                    grow(&mut reasoning.text);
                    let summaries = std::mem::take(&mut reasoning.summary);
                    rest.extend((0..).zip(summaries).map(|(index, text)| Delta::Summary {
                        choice,
                        block,
                        index,
                        text,
                    }));
                    let signature = reasoning.signature.take();
                    rest.extend(signature.map(|signature| Delta::Sign {
                        choice,
                        block,
                        signature,
                    }));
                }
                Part::ToolCall(call) => grow(&mut call.arguments),
                Part::Refusal(refusal) => grow(&mut refusal.text),
                Part::Image(_)
                | Part::Audio(_)
                | Part::Document(_)
                | Part::ToolResult(_)
                | Part::Reasoning(_)
                | Part::Native(_) => {}
            }
            out.push(Delta::Open { choice, block, part });
            out.append(&mut rest);
            // While the text that they are of is open.
            if said == Some(index) && !logprobs.is_empty() {
                out.push(Delta::Logprobs { choice, tokens: std::mem::take(&mut logprobs) });
            }
            out.push(Delta::Close { choice, block });
        }
        if !logprobs.is_empty() {
            out.push(Delta::Logprobs { choice, tokens: logprobs });
        }
        if let Some(finish) = answer.finish {
            out.push(Delta::Finish { choice, finish });
        }
    }
    out.extend(response.service_tier.map(Delta::ServiceTier));
    out.extend(response.extras.into_iter().map(Delta::Extra));
    out.extend(response.usage.map(Delta::Usage));
    out.push(Delta::End);
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Citation, Finish, Signature};
    use super::*;
    use crate::format::Format;

    #[test]
    fn unfolding_and_folding_gives_the_same_answer() {
        let signature = Some(Signature { format: Format::Anthropic, data: "s".into() });
        let response = Response {
            id: "i".into(),
            model: "m".into(),
            choices: vec![Choice {
                index: 0,
                content: vec![
                    Part::Reasoning(Reasoning {
                        text: "hm".into(),
                        summary: vec!["a".into(), "b".into()],
                        signature,
                        ..Reasoning::default()
                    }),
                    Part::Text(Text {
                        text: "hi".into(),
                        citations: vec![Citation::default()],
                        ..Text::default()
                    }),
                    Part::ToolCall(ToolCall {
                        id: "c".into(),
                        name: "f".into(),
                        arguments: "{\"a\":1}".into(),
                        custom: false,
                        signature: None,
                        cache: None,
                    }),
                ],
                finish: Some(Finish::ToolCalls),
                logprobs: Vec::new(),
            }],
            usage: Some(Usage { input: 3, output: 4, ..Usage::default() }),
            ..Response::default()
        };
        let mut fold = Fold::default();
        for delta in unfold(response.clone()) {
            fold.delta(delta);
        }
        assert_eq!(fold.finish(), Some(Ok(response)));
        assert_eq!(Fold::default().finish(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_the_same_unfolded_and_folded(
            response in super::super::arbitrary::response(super::super::arbitrary::Carries::all(
                Format::Anthropic,
            ))
        ) {
            let mut fold = Fold::default();
            for delta in unfold(response.clone()) {
                fold.delta(delta);
            }
            proptest::prop_assert_eq!(fold.finish(), Some(Ok(response)));
        }
    }
}
