//! RFC 3339 times, as far as Ollama writes them.

/// Seconds of the epoch; `None` where the text is no time.
pub(super) fn read(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (year, month, day) = three(date, '-')?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone)?;
    let (hour, minute, second) = three(clock.split('.').next()?, ':')?;
    let offset = match zone
        .strip_prefix('+')
        .map(|it| (1, it))
        .or(zone.strip_prefix('-').map(|it| (-1, it)))
    {
        Some((sign, offset)) => {
            let (hours, minutes) = offset.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60)
        }
        None => 0,
    };
    let sane = (0..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let clock = hour * 3_600 + minute * 60 + second;
    (sane && (0..=86_400).contains(&clock) && offset.abs() <= 86_400)
        .then(|| days(year, month, day) * 86_400 + clock - offset)
}

/// Three numbers with this between them.
fn three(text: &str, between: char) -> Option<(i64, i64, i64)> {
    let mut numbers = text.split(between).map(|number| number.parse::<u32>().ok().map(i64::from));
    let three = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(three)
}

/// Days since the epoch of a date: years begin with March, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A time of seconds of the epoch.
pub(super) fn write(seconds: i64) -> String {
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2000-02-29T12:00:00.123456789Z"), Some(951_825_600));
        assert_eq!(read("2023-11-15T00:13:20+02:00"), Some(1_700_000_000));
        assert_eq!(read("2023-11-14T17:13:20.5-05:00"), Some(1_700_000_000));
        assert_eq!(write(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(write(-1), "1969-12-31T23:59:59Z");
        for text in ["", "now", "2023-11-14", "2023-13-14T00:00:00Z", "2023-11-14T00:00Z", "-T-Z"] {
            assert_eq!(read(text), None, "{text}");
        }
        for seconds in (-3_000_000_000..5_000_000_000).step_by(777_777_777) {
            let written = write(seconds);
            assert!(seconds < -62_000_000_000 || read(&written) == Some(seconds), "{written}");
        }
    }
}
