use super::*;
use crate::format::Parameters;

mod goldens;
mod interleaved;
mod properties;
mod rules;

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
