use super::*;
use crate::canonical::{Delta, Fold};
use crate::format::Parameters;

mod properties;

/// For a model, whole, without parameters that it refuses.
fn target(model: &str) -> Target<'_> {
    Target { model, stream: false, parameters: Parameters::Drop }
}

/// What a request becomes for this model, and what does not arrive.
fn encoded(request: &Request, model: &str) -> (String, Losses) {
    let mut losses = Losses::default();
    let body = MESSAGES.encode_request(request, &target(model), &mut losses).unwrap();
    (String::from_utf8(body).unwrap(), losses)
}

/// Everything that a stream says, in one piece or cut at these places.
fn deltas(stream: &[u8], cuts: &[usize]) -> Vec<Delta> {
    let (mut decoder, mut out, mut from) = (MESSAGES.decoder(), Vec::new(), 0);
    for &to in cuts.iter().chain([&stream.len()]) {
        decoder.feed(&stream[from..to], &mut out);
        from = to;
    }
    decoder.finish(&mut out);
    out
}

/// The answer that a stream gives.
fn folded(deltas: Vec<Delta>) -> Option<Result<Response, ProviderError>> {
    let mut fold = Fold::default();
    deltas.into_iter().for_each(|delta| fold.delta(delta));
    fold.finish()
}

/// These steps as a stream.
fn streamed(deltas: &[Delta], asked: &Asked) -> (String, Losses) {
    let (mut encoder, mut out) = (MESSAGES.encoder(asked.clone()), Vec::new());
    deltas.iter().for_each(|delta| encoder.delta(delta, &mut out));
    (String::from_utf8(out).unwrap(), encoder.losses().clone())
}

fn asked() -> Asked {
    Asked { id: "0123".into(), model: "model".into(), input_tokens: 7, ..Asked::default() }
}
