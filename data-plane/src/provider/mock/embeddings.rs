use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sanmon_shared::resources::Mock;
use sanmon_shared::secret::sha256;
use sanmon_wire::json::{Elements, Object, ValueKind, write_string};

use super::answer::{refusal, tokens};
use super::{Reply, Script};

/// As many numbers as a common model gives.
const DIMENSIONS: usize = 1536;

/// Answers a request for embeddings: each vector follows from the hash of its input, and has the
/// length 1.
pub fn embeddings(mock: &Mock, body: &Bytes) -> Reply {
    let Ok(request) = Object::scan(body) else {
        return refusal("the body is no JSON object");
    };
    let text = |name: &str| request.first(name).and_then(|value| value.text());
    let model = text("model").unwrap_or_else(|| "mock-embedding".into());
    let script = Script::of(mock, &model);
    if let Some(failure) = script.failure() {
        return failure;
    }
    let Some(input) = request.first("input") else {
        return refusal("the body has no \"input\"");
    };
    let elements: Vec<_> = Elements::of(input.raw).collect();
    let inputs: Vec<&[u8]> = match elements.first() {
        // An array of numbers is one input, as tokens.
        Some(first) if first.kind != ValueKind::Number => {
            elements.iter().map(|element| element.raw).collect()
        }
        _ => vec![input.raw],
    };
    let dimensions = request.first("dimensions").and_then(|value| value.number());
    let dimensions = dimensions
        .and_then(|value| usize::try_from(value).ok())
        .filter(|value| (1..=65_536).contains(value))
        .unwrap_or(DIMENSIONS);
    let base64 = text("encoding_format").as_deref() == Some("base64");
    let mut out = br#"{"object":"list","data":["#.to_vec();
    for (index, input) in inputs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let begin = format!(r#"{{"object":"embedding","index":{index},"embedding":"#);
        out.extend_from_slice(begin.as_bytes());
        let vector = vector(input, dimensions);
        if base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.push(b'"');
        } else {
            let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
            out.extend_from_slice(format!("[{}]", numbers.join(",")).as_bytes());
        }
        out.push(b'}');
    }
    out.extend_from_slice(br#"],"model":"#);
    write_string(&mut out, &model);
    let count = tokens(input.raw.len());
    let usage = format!(r#","usage":{{"prompt_tokens":{count},"total_tokens":{count}}}}}"#);
    out.extend_from_slice(usage.as_bytes());
    Reply::Whole { status: 200, body: out.into(), delay: script.delay }
}

fn vector(input: &[u8], dimensions: usize) -> Vec<f32> {
    let mut seed = [0; 8];
    seed.copy_from_slice(sha256(input).first_chunk::<8>().unwrap_or(&[0; 8]));
    let mut state = u64::from_le_bytes(seed);
    let mut numbers = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u16::try_from((z >> 48) & 0xffff).unwrap_or(0);
        numbers.push(f32::from(bits) / 32_768.0 - 1.0);
    }
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut numbers {
            *number /= length;
        }
    }
    numbers
}
