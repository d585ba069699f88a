use std::borrow::Cow;

/// The id of a call as a model takes it. The same id always becomes the same one, so that calls and
/// results still meet.
///
/// Bedrock takes `[a-zA-Z0-9_.:-]{1,64}`; Mistral's models want nine letters and digits, and cutting
/// Bedrock's own (`tooluse_…`) to nine would make them all the same.
pub(super) fn call_id(id: &str, nine: bool) -> Cow<'_, str> {
    let fits = if nine {
        id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    } else {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        (1..=64).contains(&id.len()) && id.bytes().all(allowed)
    };
    if fits {
        return id.into();
    }
    let mut hash = fnv1a(id);
    let digits = (0..9).map(|_| {
        let digit = u8::try_from(hash % 36).unwrap_or_default();
        hash /= 36;
        char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })
    });
    digits.collect::<String>().into()
}

/// FNV-1a: the same in every process and version, and good enough for the calls of one conversation.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_fit_stay_and_others_are_told_apart() {
        assert_eq!(call_id("tooluse_a-1.b:c", false), "tooluse_a-1.b:c");
        assert_eq!(call_id("abcDEF123", true), "abcDEF123");
        let short = |id: &str| call_id(id, true).into_owned();
        assert_eq!(short("tooluse_abc").len(), 9);
        assert_ne!(short("tooluse_abc"), short("tooluse_abd"));
        assert_eq!(short("call|fc_1"), call_id("call|fc_1", false));
        assert_eq!(call_id(&"x".repeat(65), false).len(), 9);
        assert_eq!(call_id("", false).len(), 9);
    }
}
