//! What of a request is compared.

use sanmon_wire::canonical::{Message, Part, Request, Role};

/// So many bytes of a prompt, or of an example, are looked at.
const MOST: usize = 16 * 1024;

/// What the user said last, as far as it is looked at; none where no message of a user has text.
pub(crate) fn asked(request: &Request) -> Option<Box<str>> {
    let of_user = request.messages.iter().rev().filter(|message| message.role == Role::User);
    of_user.map(text).find(|text| !text.trim().is_empty()).map(|text| beginning(&text).into())
}

/// The texts of a message, a line each.
fn text(message: &Message) -> String {
    let mut out = String::new();
    for part in &message.content {
        let Part::Text(text) = part else { continue };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(beginning(&text.text));
        if out.len() >= MOST {
            break;
        }
    }
    out
}

/// As much of a text as is looked at.
pub(super) fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use sanmon_wire::canonical::Text;

    use super::*;

    fn request(messages: &[(Role, &[&str])]) -> Request {
        let messages = messages.iter().map(|(role, texts)| {
            let parts = texts.iter().map(|text| Part::Text(Text::new(*text)));
            Message::new(*role, parts.collect())
        });
        Request { messages: messages.collect(), ..Request::default() }
    }

    #[test]
    fn the_last_message_of_the_user_that_says_something_counts() {
        let request = request(&[
            (Role::System, &["be nice"]),
            (Role::User, &["first"]),
            (Role::User, &["last", "of all"]),
            (Role::Assistant, &["well"]),
            (Role::User, &[" "]),
            (Role::Tool, &["42"]),
        ]);
        assert_eq!(asked(&request).as_deref(), Some("last\nof all"));
        assert_eq!(asked(&self::request(&[(Role::System, &["x"])])), None);
        assert_eq!(asked(&self::request(&[(Role::User, &[])])), None);
    }

    #[test]
    fn long_texts_are_cut_between_two_characters() {
        let long = format!("{}ß{}", "a".repeat(MOST - 1), "b".repeat(MOST));
        assert_eq!(asked(&request(&[(Role::User, &[&long])])).unwrap().len(), MOST - 1);
        let exact = "a".repeat(MOST);
        assert_eq!(beginning(&exact).len(), MOST);
        assert_eq!(beginning(&format!("{exact}b")).len(), MOST);
        assert_eq!(beginning("ß"), "ß");
    }
}
