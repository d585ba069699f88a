use super::super::answer::{Head, State, ending, report_extra, write};
use super::super::draft::{Draft, Piece, sayable};
use super::super::{Dialect, usage};
use crate::canonical::{Choice, Part, Response, Text};
use crate::fidelity::Losses;
use crate::format::Asked;

/// Writes a whole answer.
pub(in super::super) fn encode(
    response: &Response,
    asked: &Asked,
    dialect: Dialect,
    losses: &mut Losses,
) -> Vec<u8> {
    if response.choices.len() > 1 {
        losses.dropped("response.choices");
    }
    if response.system_fingerprint.is_some() {
        losses.dropped("response.system_fingerprint");
    }
    for extra in &response.extras {
        report_extra(extra, losses);
    }
    let none = Choice::default();
    let choice = response.choices.first().unwrap_or(&none);
    let (status, incomplete) = ending(choice.finish.as_ref(), losses);
    let drafts = drafts(choice, asked, losses);
    let last = drafts.len() - 1;
    let item = |(index, draft): (usize, &Draft)| {
        draft.json(if index == last { status } else { "completed" })
    };
    let items: Vec<Vec<u8>> = drafts.iter().enumerate().map(item).collect();
    let state = State {
        status,
        error: None,
        incomplete,
        usage: Some(usage::write(&response.usage.unwrap_or_default(), dialect, losses)),
        service_tier: response.service_tier.as_deref(),
        extras: &response.extras,
    };
    let head = Head::new(&response.id, &response.model, response.created, asked);
    let mut out = Vec::with_capacity(items.iter().map(Vec::len).sum::<usize>() + 2_048);
    write(&mut out, &head, &state, asked, &items);
    out
}

/// The parts of an answer as items; at least one.
fn drafts(choice: &Choice, asked: &Asked, losses: &mut Losses) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for part in choice.content.iter().filter(|part| sayable(part, losses)) {
        let number = drafts.len();
        match drafts.last_mut().filter(|last| last.takes(part)) {
            Some(message) => message.pieces.push(Piece::new(part.clone())),
            None => drafts.push(Draft::new(part.clone(), &asked.id, number)),
        }
    }
    if drafts.is_empty() {
        drafts.push(Draft::new(Part::Text(Text::default()), &asked.id, 0));
    }
    if !choice.logprobs.is_empty() {
        let mut pieces = drafts.iter_mut().flat_map(|draft| &mut draft.pieces).rev();
        match pieces.find(|piece| matches!(piece.part, Part::Text(_))) {
            Some(text) => text.logprobs.clone_from(&choice.logprobs),
            None => losses.dropped("response.logprobs"),
        }
    }
    drafts
}
