//! One exchange as a line of JSON, written by hand: nothing is made that is not part of the line.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::series::Spent;
use crate::exchange::{Meant, Record, Tokens, Tries};

/// The text of the last second that was written: most lines share it with the one before.
#[derive(Default)]
pub(super) struct Seconds {
    second: i64,
    text: String,
}

impl Seconds {
    fn text(&mut self, second: i64) -> &str {
        if self.text.is_empty() || self.second != second {
            let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
            self.text = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            self.second = second;
        }
        &self.text
    }
}

/// Appends the line without its end.
pub(super) fn write(
    line: &mut Vec<u8>,
    seconds: &mut Seconds,
    millis: i64,
    record: &Record,
    spent: &Spent,
) {
    let (second, rest) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    line.extend_from_slice(b"{\"time\":\"");
    line.extend_from_slice(seconds.text(second).as_bytes());
    line.push(b'.');
    digits(line, u64::try_from(rest).unwrap_or(0), 3);
    line.extend_from_slice(b"Z\"");
    text(line, "id", record.request_id.as_str());
    for (name, value) in
        [("route", &record.route), ("key", &record.key), ("consumer", &record.consumer)]
    {
        if let Some(value) = &*value.borrow() {
            text(line, name, value);
        }
    }
    if let Some(provider) = &*record.provider.borrow() {
        text(line, "provider", provider);
    }
    if let Some(model) = &*record.model.borrow() {
        text(line, "model", model);
    }
    if let Some(client) = record.client.get() {
        name(line, "client");
        line.push(b'"');
        address(line, client);
        line.push(b'"');
    }
    text(line, "method", record.request.method().as_str());
    text(line, "path", record.request.uri().path());
    number(line, "status", u64::from(record.status.get()));
    if let Some(code) = record.code.get() {
        text(line, "error", code.as_str());
    }
    if let Some(detail) = &*record.detail.borrow() {
        text(line, "detail", detail);
    }
    if record.streamed.get() {
        line.extend_from_slice(b",\"stream\":true");
    }
    if !record.complete.get() {
        let how = if record.cut.get() { "cut" } else { "left" };
        text(line, "end", how);
    }
    number(line, "bytes_in", record.bytes_in.get());
    number(line, "bytes_out", record.bytes_out.get());
    tokens(line, record);
    for (name, losses) in
        [("fidelity", &record.fidelity), ("answer_fidelity", &record.answer_fidelity)]
    {
        if let Some(losses) = &*losses.borrow() {
            text(line, name, losses);
        }
    }
    if let Some(asked) = &*record.asked.borrow() {
        text(line, "asked", asked);
    }
    number(line, "attempts", u64::from(record.attempts.get()));
    tries(line, &record.tries.borrow());
    meant(line, &record.meant.borrow());
    time(line, "total_ms", spent.total);
    time(line, "gateway_ms", spent.gateway);
    if record.attempts.get() > 0 {
        time(line, "upstream_ms", spent.upstream);
    }
    if let Some(first) = spent.first_byte {
        time(line, "first_byte_ms", first);
    }
    if let (true, Some(first)) = (record.streamed.get(), spent.first_token) {
        time(line, "first_token_ms", first);
    }
    number(line, "revision", record.revision);
    line.push(b'}');
}

/// Each attempt, where there is more to tell than that one brought the answer.
fn tries(line: &mut Vec<u8>, tries: &Tries) {
    if !tries.is_eventful() {
        return;
    }
    name(line, "tries");
    line.push(b'[');
    for (index, tried) in tries.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        line.extend_from_slice(b"{\"provider\":\"");
        escape(line, &tried.provider);
        line.push(b'"');
        if let Some(model) = &tried.model {
            text(line, "model", model);
        }
        number(line, "credential", tried.credential as u64);
        text(line, "outcome", tried.outcome.as_str());
        if tried.status > 0 {
            number(line, "status", u64::from(tried.status));
        }
        for (name, value) in [("head_ms", tried.head), ("first_token_ms", tried.first_token)] {
            if let Some(value) = value {
                time(line, name, value);
            }
        }
        time(line, "total_ms", tried.total);
        if let Some(tokens) = tried.tokens {
            counts(line, &tokens);
        }
        line.push(b'}');
    }
    line.push(b']');
}

/// Each choice of a target by what is asked.
fn meant(line: &mut Vec<u8>, all: &[Meant]) {
    if all.is_empty() {
        return;
    }
    name(line, "semantic");
    line.push(b'[');
    for (index, meant) in all.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        line.extend_from_slice(b"{\"pool\":\"");
        escape(line, &meant.pool);
        line.push(b'"');
        if let Some(picked) = &meant.picked {
            text(line, "picked", picked);
        }
        if let Some((provider, model)) = &meant.embedder {
            text(line, "provider", provider);
            text(line, "model", model);
        }
        if let Some(tokens) = meant.tokens {
            number(line, "input_tokens", tokens);
        }
        if let Some(failed) = meant.failed {
            text(line, "failed", failed);
        }
        time(line, "total_ms", meant.took);
        line.push(b'}');
    }
    line.push(b']');
}

fn tokens(line: &mut Vec<u8>, record: &Record) {
    if let Some(tokens) = record.tokens.get() {
        counts(line, &tokens);
    }
}

fn counts(line: &mut Vec<u8>, tokens: &Tokens) {
    number(line, "input_tokens", tokens.input);
    number(line, "output_tokens", tokens.output);
    for (name, count) in [
        ("cache_read_tokens", tokens.cache_read),
        ("cache_write_tokens", tokens.cache_write),
        ("reasoning_tokens", tokens.reasoning),
    ] {
        if count > 0 {
            number(line, name, count);
        }
    }
    if tokens.estimated {
        line.extend_from_slice(b",\"tokens_estimated\":true");
    }
}

fn name(line: &mut Vec<u8>, name: &str) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"\":");
}

fn text(line: &mut Vec<u8>, key: &str, value: &str) {
    name(line, key);
    line.push(b'"');
    escape(line, value);
    line.push(b'"');
}

/// Text as it may stand in a JSON string.
pub(super) fn escape(line: &mut Vec<u8>, value: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = value.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x7f))
    {
        let (plain, special) = rest.split_at(at);
        line.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { return };
        if matches!(byte, b'"' | b'\\') {
            line.extend_from_slice(&[b'\\', byte]);
        } else {
            let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
            line.extend_from_slice(b"\\u00");
            line.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        rest = after;
    }
    line.extend_from_slice(rest);
}

fn number(line: &mut Vec<u8>, key: &str, value: u64) {
    name(line, key);
    digits(line, value, 1);
}

/// Milliseconds with three decimals.
fn time(line: &mut Vec<u8>, key: &str, value: Duration) {
    name(line, key);
    let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
    digits(line, micros / 1000, 1);
    line.push(b'.');
    digits(line, micros % 1000, 3);
}

/// Most are of four numbers, which are written without the machinery of formats.
fn address(line: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(v4) = address else {
        // Writing to a vector does not fail.
        let _ = write!(line, "{address}");
        return;
    };
    for (index, octet) in v4.octets().into_iter().enumerate() {
        if index > 0 {
            line.push(b'.');
        }
        digits(line, octet.into(), 1);
    }
}

/// Decimal digits, at least so many.
fn digits(line: &mut Vec<u8>, mut value: u64, least: usize) {
    let mut text = [b'0'; 20];
    let mut at = text.len();
    while value > 0 || text.len() - at < least {
        at -= 1;
        if let Some(digit) = text.get_mut(at) {
            *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        }
        value /= 10;
    }
    line.extend_from_slice(text.get(at..).unwrap_or_default());
}
