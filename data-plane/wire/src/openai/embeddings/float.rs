/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The number that `text` begins with, rounded correctly to a float32, and how many bytes it takes.
///
/// Numbers of up to 15 digits and small exponents, which is what vectors are made of, take one
/// multiplication of doubles; the others are for the standard library.
pub(super) fn read(text: &[u8]) -> Option<(f32, usize)> {
    let mut at = 0;
    let negative = text.first() == Some(&b'-');
    at += usize::from(negative);
    let (mut mantissa, mut digits, mut exponent) = (0_u64, 0_u32, 0_i32);
    let begin = at;
    let mut after_point = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                // Leading zeros say nothing.
                digits += u32::from(mantissa != 0);
                exponent -= i32::from(after_point);
            }
            b'.' if !after_point => after_point = true,
            _ => break,
        }
        at += 1;
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
    let quick = if digits <= 15 { quick(mantissa, exponent) } else { None };
    let number = match quick {
        Some(number) => {
            if negative {
                -number
            } else {
                number
            }
        }
        None => std::str::from_utf8(text.get(..at)?).ok()?.parse().ok()?,
    };
    Some((number, at))
}

/// `mantissa` has 15 digits at most, so that it and the power are exact and their product is rounded
/// once. Rounding that again to a float32 is wrong only where the double is beside the middle
/// between two of them: those are left to the standard library, and so are the smallest ones.
fn quick(mantissa: u64, exponent: i32) -> Option<f32> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let power = POWERS.get(usize::try_from(exponent.unsigned_abs()).ok()?)?;
    #[expect(clippy::cast_precision_loss, reason = "15 digits are exact")]
    let mantissa = mantissa as f64;
    let double = if exponent < 0 { mantissa / power } else { mantissa * power };
    let below = double.to_bits() & 0x1fff_ffff;
    if below.abs_diff(0x1000_0000) <= 1 || !(1e-30..1e30).contains(&double) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the rounding that is meant")]
    Some(double as f32)
}
