//! Times: now, one that is written down, or one that another expression gives; moved, and written
//! as the expression wants. Ours are in UTC, others keep their offset.

mod pattern;

use std::borrow::Cow;

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::term::Term;
use super::{Found, Scope};
use pattern::Pattern;

/// So many expressions may stand within each other; more are none.
const DEPTH: u8 = 8;

/// A time.
#[derive(Debug)]
pub(super) struct Moment {
    base: Base,
    shift: SignedDuration,
    form: Form,
}

#[derive(Debug)]
enum Base {
    Now,
    At(Timestamp, Offset),
    Of(Box<Term>),
}

#[derive(Debug)]
enum Form {
    Iso,
    Pattern(Pattern),
    Millis,
    Seconds,
}

impl Moment {
    /// Reads `now`, `date`, `date(…)` or `date_el(…)` with what may follow them. None where it is
    /// something else, or what is in it cannot be read.
    pub(super) fn parse(text: &str, depth: u8) -> Option<Self> {
        if !text.starts_with("date") && !text.starts_with("now") {
            return None;
        }
        let (text, form) = form(text)?;
        let (base, shift) = shift(text);
        let bare = matches!(form, Form::Iso) && shift.is_none();
        let base = match base {
            "now" | "date" => Base::Now,
            // Without anything to do, these two say nothing that was not known.
            _ if bare || depth >= DEPTH => return None,
            _ => match base.strip_suffix(')')? {
                text if text.starts_with("date(") => {
                    let (at, offset) = iso(text.strip_prefix("date(")?)?;
                    Base::At(at, offset)
                }
                text => {
                    let inner = text.strip_prefix("date_el(")?;
                    Base::Of(Box::new(Term::parse(inner, depth + 1)))
                }
            },
        };
        Some(Self { base, shift: shift.unwrap_or_default(), form })
    }

    pub(super) fn reads_body(&self) -> bool {
        matches!(&self.base, Base::Of(term) if term.reads_body())
    }

    pub(super) fn text<'a>(&self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        let (at, offset) = match &self.base {
            Base::Now => (Timestamp::from_millisecond(scope.exchange.at).ok()?, Offset::UTC),
            Base::At(at, offset) => (*at, *offset),
            Base::Of(term) => match term.find(scope) {
                Found::Value(text) => iso(&text)?,
                Found::Missing | Found::Nothing => return None,
            },
        };
        let at = at.checked_add(self.shift).ok()?;
        Some(match &self.form {
            Form::Iso => written(at, offset).into(),
            Form::Pattern(pattern) => pattern.write(offset.to_datetime(at), offset).into(),
            Form::Millis => at.as_millisecond().to_string().into(),
            Form::Seconds => at.as_second().to_string().into(),
        })
    }
}

/// When the request came.
pub(super) fn now<'a>(scope: &Scope<'a>) -> Option<Cow<'a, str>> {
    let at = Timestamp::from_millisecond(scope.exchange.at).ok()?;
    Some(written(at, Offset::UTC).into())
}

/// What says how it is written, at the end of the text.
fn form(text: &str) -> Option<(&str, Form)> {
    if let Some(text) = text.strip_suffix(".epoch_ms") {
        return Some((text, Form::Millis));
    }
    if let Some(text) = text.strip_suffix(".epoch_sec") {
        return Some((text, Form::Seconds));
    }
    match text.strip_suffix("')").and_then(|text| text.rsplit_once(".format('")) {
        Some((text, pattern)) => Some((text, Form::Pattern(Pattern::parse(pattern)?))),
        None => Some((text, Form::Iso)),
    }
}

/// By how much it is moved.
fn shift(text: &str) -> (&str, Option<SignedDuration>) {
    for (function, sign) in [(".plus_ms(", 1), (".minus_ms(", -1)] {
        if let Some((base, millis)) = text.rsplit_once(function)
            && let Some(millis) = millis.strip_suffix(')')
            && let Ok(millis) = millis.parse::<i64>()
            && let Some(millis) = millis.checked_mul(sign)
        {
            return (base, Some(SignedDuration::from_millis(millis)));
        }
    }
    (text, None)
}

/// Reads a date or time of ISO 8601: UTC where it has no offset, midnight where it has no time, the
/// first where it has no month or day.
fn iso(text: &str) -> Option<(Timestamp, Offset)> {
    let text = text.trim();
    let whole = match text.len() {
        4 => Cow::Owned(format!("{text}-01-01")),
        7 => Cow::Owned(format!("{text}-01")),
        _ => Cow::Borrowed(text),
    };
    let pieces = Pieces::parse(&*whole).ok()?;
    let time = pieces.time().unwrap_or(Time::midnight());
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    let at = offset.to_timestamp(DateTime::from_parts(pieces.date(), time)).ok()?;
    Some((at, offset))
}

/// `2026-11-21T15:00:00.000Z`.
fn written(at: Timestamp, offset: Offset) -> String {
    let civil = offset.to_datetime(at);
    let (date, time) = (civil.date(), civil.time());
    let millis = time.subsec_nanosecond() / 1_000_000;
    let zone = if offset == Offset::UTC { "Z".to_owned() } else { pattern::colon(offset) };
    format!("{date}T{:02}:{:02}:{:02}.{millis:03}{zone}", time.hour(), time.minute(), time.second())
}
