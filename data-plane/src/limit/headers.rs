//! What answers say of the limits of their request, in the words of the caller's dialect.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::BytesMut;
use jiff::{SignedDuration, Timestamp};
use sanmon_shared::counters::{Counted, Quota, Span};

use super::{Claim, Measure};
use crate::exchange::Exchange;
use crate::protocol::Dialect;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The names of the headers of one sort of limit: how much there is, what is left, when it is whole.
type Names = [HeaderName; 3];

/// Of whose dialect the headers are, and of which sort of limit. Made when this is compiled.
macro_rules! names {
    ($limit:literal, $remaining:literal, $reset:literal) => {
        const {
            [
                HeaderName::from_static($limit),
                HeaderName::from_static($remaining),
                HeaderName::from_static($reset),
            ]
        }
    };
}

/// Writes how the limits of the request stand. Of several of one sort that of which least is left.
pub(crate) fn write(exchange: &Exchange, dialect: Dialect, headers: &mut HeaderMap) {
    if exchange.limits.is_empty() {
        return;
    }
    match dialect {
        Dialect::OpenAi | Dialect::OpenResponses => openai(exchange, headers),
        Dialect::Anthropic => anthropic(exchange, headers),
        Dialect::Problem => draft(exchange, headers),
    }
}

fn openai(exchange: &Exchange, headers: &mut HeaderMap) {
    let mut values = Values::new();
    if let Some(tightest) = tightest(exchange, |measure| matches!(measure, Measure::Requests)) {
        let names = names!(
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests"
        );
        values.put(headers, names, tightest, |text| duration(text, tightest.1.reset));
    }
    let tokens =
        |measure: &Measure| matches!(measure, Measure::Total | Measure::Input | Measure::Output);
    if let Some(tightest) = tightest(exchange, tokens) {
        let names = names!(
            "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens",
            "x-ratelimit-reset-tokens"
        );
        values.put(headers, names, tightest, |text| duration(text, tightest.1.reset));
    }
}

fn anthropic(exchange: &Exchange, headers: &mut HeaderMap) {
    type Sort = fn(&Measure) -> bool;
    let sorts: [(Sort, Names); 4] = [
        (
            |measure| matches!(measure, Measure::Requests),
            names!(
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset"
            ),
        ),
        (
            |measure| matches!(measure, Measure::Total),
            names!(
                "anthropic-ratelimit-tokens-limit",
                "anthropic-ratelimit-tokens-remaining",
                "anthropic-ratelimit-tokens-reset"
            ),
        ),
        (
            |measure| matches!(measure, Measure::Input),
            names!(
                "anthropic-ratelimit-input-tokens-limit",
                "anthropic-ratelimit-input-tokens-remaining",
                "anthropic-ratelimit-input-tokens-reset"
            ),
        ),
        (
            |measure| matches!(measure, Measure::Output),
            names!(
                "anthropic-ratelimit-output-tokens-limit",
                "anthropic-ratelimit-output-tokens-remaining",
                "anthropic-ratelimit-output-tokens-reset"
            ),
        ),
    ];
    let now = exchange.worker.clock.now();
    let mut values = Values::new();
    for (sort, names) in sorts {
        if let Some(tightest) = tightest(exchange, sort) {
            values.put(headers, names, tightest, |text| instant(text, now, tightest.1.reset));
        }
    }
}

/// `RateLimit` and `RateLimit-Policy` of the IETF's draft: every limit with its name.
fn draft(exchange: &Exchange, headers: &mut HeaderMap) {
    let (mut policies, mut limits) = (String::new(), String::new());
    for (claim, counted) in told(exchange) {
        let between = if policies.is_empty() { "" } else { ", " };
        let name: String = claim
            .rule
            .name
            .chars()
            .filter(|c| matches!(c, ' '..='~') && !"\"\\".contains(*c))
            .collect();
        // Writing to a string does not fail.
        let _ = write!(policies, "{between}\"{name}\";q={}", claim.quota.most());
        if let Some(seconds) = seconds(claim.quota) {
            let _ = write!(policies, ";w={seconds}");
        }
        let _ = write!(limits, "{between}\"{name}\";r={}", counted.remaining);
        if !counted.reset.is_zero() {
            let _ = write!(limits, ";t={}", counted.reset.as_millis().div_ceil(1_000));
        }
    }
    for (name, text) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, limits)] {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(&text)) {
            headers.insert(name, value);
        }
    }
}

fn told(exchange: &Exchange) -> impl Iterator<Item = (&Claim, Counted)> {
    exchange.limits.counted().filter(|(claim, _)| claim.rule.told)
}

/// The limit of a sort of which the smallest part is left.
fn tightest(exchange: &Exchange, is: impl Fn(&Measure) -> bool) -> Option<(Quota, Counted)> {
    told(exchange)
        .filter(|(claim, _)| is(&claim.rule.measure))
        .map(|(claim, counted)| (claim.quota, counted))
        .min_by(|(one, left), (other, right)| {
            let part = |quota: &Quota, of: &Counted| {
                u128::from(of.remaining) * u128::from(u32::MAX) / u128::from(quota.most().max(1))
            };
            part(one, left).cmp(&part(other, right))
        })
}

/// Values of headers, which share one piece of memory.
struct Values(BytesMut);

impl Values {
    fn new() -> Self {
        // Six numbers, mostly.
        Self(BytesMut::with_capacity(128))
    }

    fn put(
        &mut self,
        headers: &mut HeaderMap,
        names: Names,
        (quota, counted): (Quota, Counted),
        reset: impl FnOnce(&mut BytesMut),
    ) {
        let [limit, remaining, resets] = names;
        self.insert(headers, limit, |text| number(text, quota.most()));
        self.insert(headers, remaining, |text| number(text, counted.remaining));
        self.insert(headers, resets, reset);
    }

    fn insert(
        &mut self,
        headers: &mut HeaderMap,
        name: HeaderName,
        write: impl FnOnce(&mut BytesMut),
    ) {
        write(&mut self.0);
        if let Ok(value) = HeaderValue::from_maybe_shared(self.0.split().freeze()) {
            headers.insert(name, value);
        }
    }
}

fn number(text: &mut BytesMut, number: u64) {
    text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// As OpenAI writes durations: `6m0s`, `1s`, `20ms`.
fn duration(text: &mut BytesMut, of: Duration) {
    let seconds = of.as_secs();
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    if hours > 0 {
        number(text, hours);
        text.extend_from_slice(b"h");
    }
    if hours > 0 || minutes > 0 {
        number(text, minutes);
        text.extend_from_slice(b"m");
    }
    if seconds == 0 {
        number(text, of.subsec_millis().into());
        return text.extend_from_slice(b"ms");
    }
    number(text, seconds % 60);
    if seconds < 60 && of.subsec_millis() > 0 {
        // Writing to memory does not fail.
        let _ = write!(text, ".{:03}", of.subsec_millis());
    }
    text.extend_from_slice(b"s");
}

/// RFC 3339, to the second.
fn instant(text: &mut BytesMut, now: Timestamp, reset: Duration) {
    let reset = SignedDuration::try_from(reset).unwrap_or(SignedDuration::MAX);
    let at = now.checked_add(reset).unwrap_or(Timestamp::MAX);
    let _ = write!(text, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ"));
}

/// The length of a window; months differ, and what is given back has none.
fn seconds(quota: Quota) -> Option<u64> {
    match quota.span {
        Span::Rolling { per, .. } | Span::Window(per) => Some(per.as_secs().max(1)),
        Span::Day => Some(86_400),
        Span::Month | Span::Concurrent => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_openai_does() {
        for (millis, expected) in [
            (0, "0ms"),
            (20, "20ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_250, "1.250s"),
            (59_007, "59.007s"),
            (60_000, "1m0s"),
            (61_900, "1m1s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
            (90_061_000, "25h1m1s"),
        ] {
            let mut text = BytesMut::new();
            duration(&mut text, Duration::from_millis(millis));
            assert_eq!(text, expected.as_bytes(), "{millis}");
        }
    }
}
