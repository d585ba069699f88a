//! Windows of the calendar, in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const DAY: i64 = 86_400 * 1_000_000_000;

/// When the day of this time begins and ends, all in nanoseconds since 1970.
pub(super) fn day(now: i64) -> (i64, i64) {
    let begins = now.div_euclid(DAY).saturating_mul(DAY);
    (begins, begins.saturating_add(DAY))
}

/// The same of its month.
pub(super) fn month(now: i64) -> (i64, i64) {
    month_of(now).unwrap_or_else(|| day(now))
}

fn month_of(now: i64) -> Option<(i64, i64)> {
    let now = Timestamp::from_nanosecond(now.into()).ok()?.to_zoned(TimeZone::UTC).datetime();
    let first = now.date().first_of_month().to_datetime(jiff::civil::Time::midnight());
    let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
    Some((nanos(first)?, nanos(next)?))
}

fn nanos(at: DateTime) -> Option<i64> {
    let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    i64::try_from(at.as_nanosecond()).ok()
}
