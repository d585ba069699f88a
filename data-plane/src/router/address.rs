use std::borrow::Cow;

use crate::error::{Code, GatewayError};

/// A host as routes are looked up by: lower case, without port, brackets and final dot.
///
/// `raw` is what the `Host` header or the request's authority says.
pub fn host(raw: &str) -> Cow<'_, str> {
    let bare = match raw.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        // More than one colon: an IPv6 address that lacks its brackets, and so has no port.
        None => match raw.split_once(':') {
            Some((name, port)) if !port.contains(':') => name,
            _ => raw,
        },
    };
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    if bare.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(bare.to_ascii_lowercase())
    } else {
        Cow::Borrowed(bare)
    }
}

/// A path as everything after it sees it: routes, slots, restrictions and the upstream.
///
/// - `%` codes of letters, digits, `-`, `.`, `_` and `~` are decoded, for they mean the same;
///   others stay, in upper case: `%2F` is no separator.
/// - Empty segments are left out (`//`), a slash at the end stays.
/// - Segments `.` and `..` are refused, also spelt with codes or beside a coded slash or backslash:
///   whoever sends them means to get past somebody who reads them differently. So are codes that
///   are none, control characters and NUL.
pub fn path(raw: &str) -> Result<Cow<'_, str>, GatewayError> {
    let bytes = raw.as_bytes();
    if bytes.first() != Some(&b'/') {
        // `OPTIONS *`, or nothing at all.
        return if raw.is_empty() || raw == "*" { Ok(Cow::Borrowed("/")) } else { Err(bad()) };
    }
    let suspicious = bytes.windows(2).any(|pair| matches!(pair, b"//" | b"/."))
        || bytes.iter().any(|byte| matches!(byte, b'%' | b'\\' | 0..=0x20 | 0x7f));
    if suspicious { rewritten(raw).map(Cow::Owned) } else { Ok(Cow::Borrowed(raw)) }
}

fn bad() -> GatewayError {
    GatewayError::new(Code::BadRequest, "the path of the request is not a plain one")
}

fn rewritten(raw: &str) -> Result<String, GatewayError> {
    let mut path = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = bytes.next().and_then(hex).ok_or_else(bad)?;
                let low = bytes.next().and_then(hex).ok_or_else(bad)?;
                match high << 4 | low {
                    plain @ (b'a'..=b'z'
                    | b'A'..=b'Z'
                    | b'0'..=b'9'
                    | b'-'
                    | b'.'
                    | b'_'
                    | b'~') => {
                        path.push(plain);
                    }
                    0..0x20 | 0x7f => return Err(bad()),
                    code => {
                        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                        path.push(b'%');
                        path.push(DIGITS[usize::from(code >> 4)]);
                        path.push(DIGITS[usize::from(code & 15)]);
                    }
                }
            }
            b'/' if path.last() == Some(&b'/') => {}
            0..=0x20 | 0x7f => return Err(bad()),
            other => path.push(other),
        }
    }
    let path = String::from_utf8(path).map_err(|_| bad())?;
    let dots = |part: &str| matches!(part, "." | "..");
    let hidden = path
        .split(['/', '\\'])
        .flat_map(|segment| segment.split("%2F"))
        .flat_map(|part| part.split("%5C"))
        .any(dots);
    if hidden { Err(bad()) } else { Ok(path) }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_lose_case_port_brackets_and_final_dot() {
        for (raw, expected) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:80", "example.com"),
            ("[::1]:9080", "::1"),
            ("[FE80::1]", "fe80::1"),
            ("::1", "::1"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("", ""),
            ("[::1", "::1"),
        ] {
            assert_eq!(host(raw), expected, "{raw}");
        }
    }

    #[test]
    fn plain_paths_are_not_copied() {
        for raw in ["/", "/v1/chat/completions", "/a/", "/a.b/c..d"] {
            assert!(matches!(path(raw), Ok(Cow::Borrowed(same)) if same == raw), "{raw}");
        }
    }

    #[test]
    fn paths_are_brought_to_one_spelling() {
        for (raw, expected) in [
            ("//v1//models", "/v1/models"),
            ("/v1/", "/v1/"),
            ("/%76%31", "/v1"),
            ("/a%2fb", "/a%2Fb"),
            ("/a%20b", "/a%20b"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/%7Eme/.well-known/x", "/~me/.well-known/x"),
            ("", "/"),
            ("*", "/"),
        ] {
            assert_eq!(path(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn paths_that_others_may_read_differently_are_refused() {
        for raw in [
            "/a/../b",
            "/..",
            "/.",
            "/a/./b",
            "/%2e%2E/b",
            "/a/..%2fb",
            "/a%5c..%5Cb",
            "/a\\..\\b",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%00b",
            "/a%0ab",
            "relative",
            "/a b",
        ] {
            let refused = path(raw).map_err(|error| error.code);
            assert_eq!(refused, Err(Code::BadRequest), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_path_that_was_taken_is_taken_again_as_it_is(raw in "/[a-c./%2eEfF\\\\ ]{0,24}") {
            if let Ok(once) = path(&raw) {
                prop_assert_eq!(path(&once).unwrap(), once.clone());
                prop_assert!(!once.contains("//"));
            }
        }
    }
}
