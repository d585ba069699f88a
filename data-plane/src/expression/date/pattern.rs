use std::fmt::Write as _;
use std::iter::repeat_n;

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A pattern of letters that stand for parts of a time, as Joda-Time has them: `yyyy-MM-dd`.
#[derive(Debug)]
pub(super) struct Pattern(Box<[Token]>);

#[derive(Debug)]
enum Token {
    Text(Box<str>),
    /// A letter, and how often it stands there.
    Part(char, usize),
}

const LETTERS: &str = "GCYxweEyDMdaKhHkmsSzZ";

/// No part is written with so many digits.
const WIDEST: usize = 18;

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Pattern {
    /// Reads one; none where a letter stands for nothing, or a quote is open.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(letter) = chars.next() {
            if letter == '\'' {
                tokens.push(Token::Text(quoted(&mut chars)?.into()));
            } else if letter.is_ascii_alphabetic() {
                let mut count = 1;
                while chars.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                if !LETTERS.contains(letter) || count > WIDEST {
                    return None;
                }
                tokens.push(Token::Part(letter, count));
            } else {
                tokens.push(Token::Text(String::from(letter).into()));
            }
        }
        (!tokens.is_empty()).then(|| Self(tokens.into()))
    }

    pub(super) fn write(&self, at: DateTime, offset: Offset) -> String {
        let mut out = String::new();
        for token in &self.0 {
            match token {
                Token::Text(text) => out.push_str(text),
                Token::Part(letter, count) => part(&mut out, *letter, *count, at, offset),
            }
        }
        out
    }
}

/// What follows a quote, up to the one that closes it; two of them are one that is meant.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    if chars.next_if_eq(&'\'').is_some() {
        return Some("'".to_owned());
    }
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_none() => return Some(text),
            other => text.push(other),
        }
    }
}

fn part(out: &mut String, letter: char, count: usize, at: DateTime, offset: Offset) {
    let week = at.date().iso_week_date();
    let hour = at.hour();
    match letter {
        'G' => out.push_str(if at.year() > 0 { "AD" } else { "BC" }),
        'C' => number(out, i64::from(at.year()) / 100, count),
        'Y' | 'y' => year(out, i64::from(at.year()), count),
        'x' => year(out, i64::from(week.year()), count),
        'w' => number(out, i64::from(week.week()), count),
        'e' => number(out, i64::from(week.weekday().to_monday_one_offset()), count),
        'E' => name(out, &DAYS, week.weekday().to_monday_zero_offset(), count),
        'D' => number(out, i64::from(at.day_of_year()), count),
        'M' if count > 2 => name(out, &MONTHS, at.month() - 1, count),
        'M' => number(out, i64::from(at.month()), count),
        'd' => number(out, i64::from(at.day()), count),
        'a' => out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'K' => number(out, i64::from(hour % 12), count),
        'h' => number(out, i64::from((hour + 11) % 12 + 1), count),
        'H' => number(out, i64::from(hour), count),
        'k' => number(out, i64::from((hour + 23) % 24 + 1), count),
        'm' => number(out, i64::from(at.minute()), count),
        's' => number(out, i64::from(at.second()), count),
        'S' => {
            let nanos = format!("{:09}", at.subsec_nanosecond());
            out.extend(nanos.chars().chain(repeat_n('0', WIDEST)).take(count));
        }
        _ if letter == 'Z' && count == 1 => out.push_str(&colon(offset).replace(':', "")),
        _ if offset == Offset::UTC && (letter == 'z' || count > 2) => out.push_str("UTC"),
        _ => out.push_str(&colon(offset)),
    }
}

/// `+02:00`.
pub(super) fn colon(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn number(out: &mut String, number: i64, width: usize) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{number:0width$}");
}

/// Two letters stand for the last two digits.
fn year(out: &mut String, year: i64, count: usize) {
    if count == 2 { number(out, year.rem_euclid(100), 2) } else { number(out, year, count) }
}

/// Four letters stand for the whole name, fewer for its first three.
fn name(out: &mut String, names: &[&str], index: i8, count: usize) {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index)).unwrap_or(&"");
    out.push_str(if count > 3 { name } else { name.get(..3).unwrap_or(name) });
}
