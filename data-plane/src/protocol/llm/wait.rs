//! How long a provider wants to be left alone: seconds, whatever words its refusal has for that.

use std::str::FromStr as _;
use std::time::{Duration, SystemTime};

use actix_web::http::header as caller;
use actix_web::http::header::HttpDate;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use sanmon_shared::clock::Clock;

/// The longest wait that a date or a limit is taken for: nobody knows more of a provider's clock.
const LONGEST: Duration = Duration::from_hours(24);

/// What a provider has limits of, and says how they stand.
const LIMITS: [(&str, &str); 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Adds `retry-after` in seconds to what is told of a refusal, where the provider said a date, or only of
/// which limit nothing is left.
pub(super) fn tell(
    status: StatusCode,
    from: &HeaderMap,
    clock: &Clock,
    to: &mut caller::HeaderMap,
) {
    if status.is_success() {
        return;
    }
    let wait = match text(from, RETRY_AFTER.as_str()) {
        Some(said) => until(said, text(from, DATE.as_str()), clock),
        None if status == StatusCode::TOO_MANY_REQUESTS && !from.contains_key("retry-after-ms") => {
            refilled(from)
        }
        None => None,
    };
    if let Some(wait) = wait {
        let seconds = wait.min(LONGEST).as_millis().div_ceil(1_000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        to.insert(caller::RETRY_AFTER, caller::HeaderValue::from(seconds));
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// The time until a date; by the provider's own clock, where it says how late that is.
fn until(said: &str, its_now: Option<&str>, clock: &Clock) -> Option<Duration> {
    let date = |text| HttpDate::from_str(text).ok().map(SystemTime::from);
    let ours = || {
        let millis = u64::try_from(clock.millis()).unwrap_or_default();
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    };
    let now = its_now.and_then(date).or_else(ours)?;
    // What is over need not be waited for.
    Some(date(said)?.duration_since(now).unwrap_or_default())
}

/// When there is something left again of each limit of which nothing is.
fn refilled(from: &HeaderMap) -> Option<Duration> {
    let spent = LIMITS.iter().filter(|(remaining, _)| text(from, remaining) == Some("0"));
    spent.filter_map(|(_, reset)| duration(text(from, reset)?)).max()
}

/// A duration as Go writes it: `1s`, `6m0s`, `17ms`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let (number, after) =
            rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?)?;
        let unit_ends = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(unit_ends)?;
        let each = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * each;
        rest = next;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const NOW: i64 = 784_111_777_000;

    fn told(status: u16, headers: &[(&'static str, &str)]) -> Option<String> {
        let (mut from, mut to) = (HeaderMap::new(), caller::HeaderMap::new());
        for (name, value) in headers {
            from.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        tell(StatusCode::from_u16(status).unwrap(), &from, &Clock::manual(NOW), &mut to);
        to.get(caller::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_date_is_told_as_seconds() {
        for (said, seconds) in [
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("30")),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some("30")),
            ("Sun Nov  6 08:50:07 1994", Some("30")),
            // Over already; and further away than anybody means it.
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some("0")),
            ("Sat, 06 Nov 2094 08:50:07 GMT", Some("86400")),
            // What is a number stays as it is, and what is nothing too.
            ("30", None),
            ("0.5", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:50:07 GMT", None),
            ("", None),
        ] {
            assert_eq!(told(429, &[("retry-after", said)]).as_deref(), seconds, "{said}");
        }
        // Its own clock is an hour ahead.
        let ahead = [
            ("retry-after", "Sun, 06 Nov 1994 09:49:42 GMT"),
            ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
        ];
        assert_eq!(told(503, &ahead).as_deref(), Some("5"));
        assert_eq!(told(503, &[ahead[0], ("date", "now")]).as_deref(), Some("3605"));
        assert_eq!(told(200, &ahead), None);
    }

    #[test]
    fn the_limit_of_which_nothing_is_left_says_when_there_is() {
        let spent = |requests, tokens| {
            [
                ("x-ratelimit-remaining-requests", requests),
                ("x-ratelimit-reset-requests", "1.2s"),
                ("x-ratelimit-remaining-tokens", tokens),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ]
        };
        assert_eq!(told(429, &spent("0", "9")).as_deref(), Some("2"));
        assert_eq!(told(429, &spent("0", "0")).as_deref(), Some("360"));
        assert_eq!(told(429, &spent("9", "9")), None);
        assert_eq!(told(500, &spent("0", "0")), None);
        let mut said = spent("0", "0").to_vec();
        said.push(("retry-after-ms", "20"));
        assert_eq!(told(429, &said), None, "it says so itself");
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, millis) in [
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("17ms", Some(17)),
            ("1h2m3.5s", Some(3_723_500)),
            ("0s", Some(0)),
            ("250us", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("1d", None),
            ("99999999999999999999999h", None),
        ] {
            let read = duration(text).map(|read| read.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }
}
