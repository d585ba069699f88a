//! What is asked of each decoder, whatever bytes it gets. The same functions run under libFuzzer and,
//! over a corpus and changed fixtures, in a test of the wire crate.

use sanmon_wire::canonical::Delta;
use sanmon_wire::embeddings::{self, EmbedCodec, VectorForm};
use sanmon_wire::event_stream;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Asked, Codec, Failure, Parameters, Target};
use sanmon_wire::json::{Elements, Keys, Object, Scanner};
use sanmon_wire::registry::DIALECTS;
use sanmon_wire::sse;

/// The first byte chooses a dialect; the rest is what it reads.
fn dialect(data: &[u8]) -> Option<(&'static dyn Codec, &[u8])> {
    let (&first, rest) = data.split_first()?;
    Some((DIALECTS.get(usize::from(first) % DIALECTS.len())?.codec, rest))
}

/// Whether bytes are one JSON value.
fn is_json(bytes: &[u8]) -> bool {
    Object::scan(bytes).is_ok()
}

/// A request that a dialect reads is written by every dialect, or refused.
pub fn requests(data: &[u8]) {
    let Some((codec, body)) = dialect(data) else { return };
    let Ok(request) = codec.decode_request(body) else { return };
    for dialect in DIALECTS {
        for parameters in [Parameters::Drop, Parameters::Pass] {
            let target = Target { model: &request.model, stream: request.stream, parameters };
            let mut losses = Losses::default();
            if let Ok(written) = dialect.codec.encode_request(&request, &target, &mut losses) {
                assert!(is_json(&written), "{} writes no JSON", dialect.name);
            }
        }
    }
}

/// An answer that a dialect reads, or the error in its place, is written by every dialect.
pub fn responses(data: &[u8]) {
    let Some((codec, body)) = dialect(data) else { return };
    let error = match codec.decode_response(body) {
        Ok(response) => {
            for dialect in DIALECTS {
                let mut losses = Losses::default();
                let asked = Asked { id: "1".to_owned(), ..Asked::default() };
                let written = dialect.codec.encode_response(&response, &asked, &mut losses);
                assert!(is_json(&written), "{} writes no JSON", dialect.name);
            }
            return;
        }
        Err(Failure::Error(error)) => error,
        Err(Failure::Invalid(_)) => codec.decode_error(500, body),
    };
    for dialect in DIALECTS {
        assert!(is_json(&dialect.codec.encode_error(&error)), "{} writes no JSON", dialect.name);
    }
}

/// The formats in which vendors are asked for embeddings.
const EMBEDDINGS: &[&dyn EmbedCodec] = &[
    &embeddings::openai::OPENAI,
    &embeddings::openai::MISTRAL,
    &embeddings::openai::VOYAGE,
    &embeddings::openai::JINA,
    &embeddings::cohere::V2,
    &embeddings::gemini::BATCH,
    &embeddings::gemini::PREDICT,
    &embeddings::gemini::CONTENT,
    &embeddings::bedrock::TITAN_V2,
    &embeddings::bedrock::NOVA,
    &embeddings::bedrock::COHERE,
    &embeddings::hugging_face::HUGGING_FACE,
    &embeddings::ollama::OLLAMA,
];

/// A request for embeddings is written in every format, or refused; an answer in any format, or the
/// error in its place, is written for clients. The first byte chooses who answers.
pub fn embeddings(data: &[u8]) {
    let Some((&first, body)) = data.split_first() else { return };
    if let Ok(request) = embeddings::openai::decode_request(body) {
        for codec in EMBEDDINGS {
            let mut losses = Losses::default();
            let calls = codec.encode_request(&request, "model", &mut losses).unwrap_or_default();
            assert!(calls.iter().all(|call| is_json(&call.body)), "a call is no JSON");
        }
    }
    let Some(codec) = EMBEDDINGS.get(usize::from(first) % EMBEDDINGS.len()) else { return };
    match codec.decode_response(body) {
        Ok(response) => {
            for form in [VectorForm::Floats, VectorForm::Base64] {
                let written = embeddings::openai::encode_response(&response, form, "model", 1);
                assert!(is_json(&written), "an answer is no JSON");
            }
        }
        Err(Failure::Error(_)) => {}
        Err(Failure::Invalid(_)) => drop(codec.decode_error(500, body)),
    }
}

/// A stream says the same wherever it is cut, says nothing after its end, and is written by every
/// dialect. The second byte says how long the pieces are.
pub fn streams(data: &[u8]) {
    let Some((codec, data)) = dialect(data) else { return };
    let Some((&size, stream)) = data.split_first() else { return };
    let whole = deltas(codec, [stream]);
    let pieces = deltas(codec, stream.chunks(usize::from(size) % 16 + 1));
    assert_eq!(whole, pieces, "a cut shows");
    let end = |delta: &Delta| matches!(delta, Delta::End | Delta::Error(_));
    let first = whole.iter().position(end);
    assert!(first.is_none_or(|at| at + 1 == whole.len()), "something follows the end");
    for dialect in DIALECTS {
        let mut encoder = dialect.codec.encoder(Asked::default());
        let mut out = Vec::new();
        for delta in &whole {
            encoder.delta(delta, &mut out);
        }
    }
}

fn deltas<'p>(codec: &dyn Codec, pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<Delta> {
    let mut decoder = codec.decoder();
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}

/// Events are the same wherever the stream is cut. The first byte says how long the pieces are.
pub fn sse(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else { return };
    assert_eq!(
        events(1 << 20, [stream]),
        events(1 << 20, stream.chunks(usize::from(size) % 16 + 1)),
        "a cut shows"
    );
    // A bound that is too small is an error and nothing else.
    let _ = events(8, stream.chunks(3));
}

/// An event: its name, and its data.
type Event = (Option<Vec<u8>>, Option<Vec<u8>>);

fn events<'p>(limit: usize, pieces: impl IntoIterator<Item = &'p [u8]>) -> Option<Vec<Event>> {
    let mut reader = sse::Reader::new(limit);
    let mut seen = Vec::new();
    let mut see = |event: sse::Event<'_>| {
        if event.name.is_some() || event.data.is_some() {
            seen.push((event.name.map(<[u8]>::to_vec), event.data.map(|data| data.to_vec())));
        }
    };
    for piece in pieces {
        reader.feed(piece, &mut see).ok()?;
    }
    reader.finish(&mut see);
    Some(seen)
}

/// Frames are the same wherever the stream is cut, and what is written is read. The first byte says how
/// long the pieces are.
pub fn event_stream(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else { return };
    let size = usize::from(size) % 16 + 1;
    assert_eq!(frames([stream]), frames(stream.chunks(size)), "a cut shows");
    let name = String::from_utf8_lossy(stream);
    let mut written = Vec::new();
    let write = |out: &mut Vec<u8>| out.extend_from_slice(stream);
    event_stream::write_frame(&mut written, &[(&name, &name)], write);
    let (seen, whole) = frames(written.chunks(size));
    assert!(whole && seen == [stream.to_vec()], "what is written is not read");
}

/// The payloads of frames, and whether the stream ended well.
fn frames<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut reader = event_stream::Reader::new(1 << 20);
    let mut seen = Vec::new();
    for piece in pieces {
        if reader.feed(piece, |frame| seen.push(frame.payload.to_vec())).is_err() {
            return (seen, false);
        }
    }
    (seen, !reader.is_within_frame())
}

/// Members are found alike wherever the text is cut, and looking through it finds an end. The first byte
/// says how long the pieces are.
pub fn json(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else { return };
    let whole = Scanner::scan(text).ok();
    let mut scanner = Scanner::default();
    let fed = text.chunks(usize::from(size) % 16 + 1).try_for_each(|piece| scanner.feed(piece));
    let pieces = fed.ok().and_then(|()| scanner.finish().ok());
    let members = |it: &sanmon_wire::json::Members| format!("{:?}", it.iter().collect::<Vec<_>>());
    assert_eq!(whole.as_ref().map(members), pieces.as_ref().map(members), "a cut shows");
    let keys = Keys::of(text).count();
    let elements = Elements::of(text).count();
    assert!(keys <= text.len() && elements <= text.len());
}
