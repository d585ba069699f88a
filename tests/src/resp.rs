//! As much of Redis's wire protocol (RESP 2 and 3) as it takes to see where a reply ends and whether
//! it is a published message.

/// The length of the first whole reply in `bytes`; none while its end is missing.
pub fn reply_length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let after = line + 2;
    let count = || std::str::from_utf8(bytes.get(1..line)?).ok()?.parse::<i64>().ok();
    let mut at = after;
    let elements = match bytes.first()? {
        b'$' | b'=' | b'!' => {
            let Ok(length) = usize::try_from(count()?) else { return Some(after) };
            let end = after + length + 2;
            return (bytes.len() >= end).then_some(end);
        }
        b'*' | b'>' | b'~' => count()?.max(0),
        b'%' | b'|' => count()?.max(0) * 2,
        _ => return Some(after),
    };
    for _ in 0..elements {
        at += reply_length(bytes.get(at..)?)?;
    }
    Some(at)
}

/// Whether a whole reply is a published message on its way to a subscriber.
pub fn is_message(reply: &[u8]) -> bool {
    let array = matches!(reply.first(), Some(b'*' | b'>'));
    let Some(line) = reply.windows(2).position(|pair| pair == b"\r\n") else { return false };
    let first = reply.get(line + 2..).unwrap_or_default();
    let kinds: [&[u8]; 3] = [b"$7\r\nmessage\r\n", b"$8\r\npmessage\r\n", b"$8\r\nsmessage\r\n"];
    array && kinds.iter().any(|kind| first.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_has_a_length_only_when_it_is_whole() {
        let replies: [&[u8]; 8] = [
            b"+OK\r\n",
            b":1\r\n",
            b"$-1\r\n",
            b"$2\r\na\n\r\n",
            b"*2\r\n$1\r\na\r\n*1\r\n:5\r\n",
            b"*0\r\n",
            b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
            b"%1\r\n+k\r\n$1\r\nv\r\n",
        ];
        for reply in replies {
            let followed = [reply, b"+next\r\n"].concat();
            assert_eq!(reply_length(&followed), Some(reply.len()));
            for cut in 0..reply.len() {
                assert_eq!(reply_length(&reply[..cut]), None, "{reply:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn only_published_messages_are_messages() {
        assert!(is_message(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"));
        assert!(is_message(b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"));
        assert!(!is_message(b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"));
        assert!(!is_message(b"$7\r\nmessage\r\n"));
    }
}
