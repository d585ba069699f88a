//! Numbers of vectors.

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The number that `text` begins with, rounded correctly to a float32, and how many bytes it takes.
///
/// Numbers of up to 19 digits and small exponents, which is what vectors are made of, take one
/// division of doubles; the others are for the standard library.
pub(super) fn read(text: &[u8]) -> Option<(f32, usize)> {
    let negative = text.first() == Some(&b'-');
    let begin = usize::from(negative);
    let mut mantissa = 0_u64;
    let mut at = digits(text, begin, &mut mantissa);
    let mut exponent = 0_i32;
    let mut count = at - begin;
    if text.get(at) == Some(&b'.') {
        let point = at + 1;
        at = digits(text, point, &mut mantissa);
        exponent = -i32::try_from(at - point).ok()?;
        count += at - point;
        if count > 19 {
            // Leading zeros are no digits: `0.000…`.
            let zeros = text.get(begin..at)?.iter().take_while(|b| matches!(b, b'0' | b'.'));
            count = count.saturating_sub(zeros.count().saturating_sub(1));
        }
    }
    if at == begin {
        return None;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let mut power = at + 1;
        let minus = text.get(power) == Some(&b'-');
        power += usize::from(matches!(text.get(power), Some(b'+' | b'-')));
        let mut value = 0_i32;
        while let Some(&byte) = text.get(power).filter(|byte| byte.is_ascii_digit()) {
            value = value.saturating_mul(10).saturating_add(i32::from(byte - b'0'));
            power += 1;
        }
        exponent = exponent.saturating_add(if minus { -value } else { value });
        at = power;
    }
    let quick = if count <= 19 { quick(mantissa, exponent) } else { None };
    let number = match quick {
        Some(number) if negative => -number,
        Some(number) => number,
        None => std::str::from_utf8(text.get(..at)?).ok()?.parse().ok()?,
    };
    Some((number, at))
}

/// Adds the digits that stand at `at` to a number; returns where they end.
fn digits(text: &[u8], mut at: usize, number: &mut u64) -> usize {
    // Eight at a time.
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let Some(value) = eight_digits(u64::from_le_bytes(*eight)) else { break };
        *number = number.wrapping_mul(100_000_000).wrapping_add(value);
        at += 8;
    }
    while let Some(&byte) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
        *number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    at
}

/// The number that eight bytes write, the first of them being the lowest; `None` when one of them is
/// no digit. Neighbours are added in pairs, then pairs of them, then the two halves.
fn eight_digits(bytes: u64) -> Option<u64> {
    let value = bytes.wrapping_sub(0x3030_3030_3030_3030);
    let beyond = bytes.wrapping_add(0x4646_4646_4646_4646) | value;
    if beyond & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = value.wrapping_mul(10).wrapping_add(value >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some(low.wrapping_add(high) >> 32)
}

/// A mantissa of 19 digits becomes a double, and is divided by a power that is exact: two roundings,
/// so that the quotient is off by less than two units in its last place. Rounding it to a float32 is
/// right unless it stands that near to the middle between two of them; those are left to the
/// standard library, and so are the smallest and the largest.
fn quick(mantissa: u64, exponent: i32) -> Option<f32> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let power = POWERS.get(usize::try_from(exponent.unsigned_abs()).ok()?)?;
    #[expect(clippy::cast_precision_loss, reason = "the rounding is accounted for")]
    let mantissa = mantissa as f64;
    let double = if exponent < 0 { mantissa / power } else { mantissa * power };
    let below = double.to_bits() & 0x1fff_ffff;
    if below.abs_diff(0x1000_0000) <= 4 || !(1e-30..1e30).contains(&double) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the rounding that is meant")]
    Some(double as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn numbers_end_where_they_end() {
        let read = |text: &str| super::read(text.as_bytes());
        assert_eq!(read("0.5,1"), Some((0.5, 3)));
        assert_eq!(read("-1e-2]"), Some((-0.01, 5)));
        assert_eq!(read("1E+3"), Some((1000.0, 4)));
        assert_eq!(read("-0"), Some((-0.0, 2)));
        assert_eq!(read("]"), None);
        assert_eq!(read("null"), None);
        assert_eq!(read("1e400"), Some((f32::INFINITY, 5)));
    }

    proptest! {
        #[test]
        fn numbers_are_rounded_as_the_standard_library_does(text in prop_oneof![
            any::<f32>().prop_filter("finite", |x| x.is_finite()).prop_map(|x| x.to_string()),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(|x| format!("{x:e}")),
            "-?[0-9]{1,20}(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?",
            "-?0\\.0{0,3}[0-9]{1,18}",
        ]) {
            let (number, length) = super::read(text.as_bytes()).unwrap();
            prop_assert_eq!(length, text.len());
            prop_assert_eq!(number.to_bits(), text.parse::<f32>().unwrap().to_bits(), "{}", text);
        }
    }
}
