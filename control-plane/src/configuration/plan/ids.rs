//! Ids: which texts may be one, and new ones.

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use sanmon_shared::seal::SealError;
use ulid::Ulid;

/// As long as the file names of most systems.
const LONGEST: usize = 255;

/// Length of a bare id, as Otoroshi makes them for API keys.
const BARE: usize = 16;

/// Why `id` cannot be one.
pub(super) fn wrong(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        return Some("an id cannot be empty");
    }
    if id.len() > LONGEST {
        return Some("an id may have 255 bytes at most");
    }
    if id == "." || id == ".." || id.contains(['/', '\\']) {
        return Some("an id cannot be \".\" or \"..\" or hold a slash: it stands in paths");
    }
    let invisible = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
    if id.chars().any(invisible) || id.starts_with(' ') || id.ends_with(' ') {
        return Some("an id cannot hold characters that are not seen");
    }
    None
}

/// `<prefix>_<time and chance>`, so that ids of one kind are in the order of their creation; without
/// a prefix only chance.
pub(super) fn generate(prefix: &str, now: Timestamp) -> Result<String, SealError> {
    if prefix.is_empty() {
        return random_text("abcdefghijklmnopqrstuvwxyz0123456789", BARE);
    }
    let mut chance = [0; 16];
    SystemRandom::new().fill(&mut chance).map_err(|_| SealError::Random)?;
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let id = Ulid::from_parts(millis, u128::from_be_bytes(chance));
    Ok(format!("{prefix}_{}", id.to_string().to_lowercase()))
}

/// `length` letters of `alphabet` (at most 256, ASCII), each as likely as the others.
pub(super) fn random_text(alphabet: &str, length: usize) -> Result<String, SealError> {
    let letters = alphabet.as_bytes();
    let fair = 256 - 256 % letters.len();
    let random = SystemRandom::new();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        random.fill(&mut bytes).map_err(|_| SealError::Random)?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let letters = fair.filter_map(|byte| letters.get(byte % letters.len()));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_not_stand_in_a_path_are_refused() {
        for id in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\u{0}", " a", "a ", "a\u{a0}b"] {
            assert!(wrong(id).is_some(), "{id:?}");
        }
        assert!(wrong(&"x".repeat(256)).is_some());
        for id in ["route_1", "été", "a b", "cp:x.y", "x".repeat(255).as_str()] {
            assert_eq!(wrong(id), None, "{id:?}");
        }
    }

    #[test]
    fn generated_ids_are_in_the_order_of_their_time() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let first = generate("route", at(1_000_000)).unwrap();
        let second = generate("route", at(1_000_001)).unwrap();
        assert!(first < second && first.starts_with("route_"));
        assert_eq!(wrong(&first), None);
        assert_eq!(generate("", at(0)).unwrap().len(), BARE);
        assert_ne!(generate("", at(0)).unwrap(), generate("", at(0)).unwrap());
    }
}
