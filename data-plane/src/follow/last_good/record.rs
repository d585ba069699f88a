//! One record of a file: `<tag> <length> <checksum> <JSON>` and a line feed. The length stands
//! there because a document may hold line feeds, the checksum because disks lie.

use std::io::{self, BufRead, Read as _, Write};

use ring::digest::{SHA256, digest};

/// The most bytes of one record; a length beyond it is damage, not a reason to allocate.
const LARGEST: usize = 1 << 30;

/// No word before the JSON is longer.
const WORD: u64 = 24;

/// Why there is no next record.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file ends within a record: whoever wrote it was stopped.
    Torn,
    /// The bytes are not what was written.
    Damaged(String),
    /// They cannot be read.
    Io(io::Error),
}

fn checksum(tag: u8, json: &[u8]) -> String {
    let hash = digest(&SHA256, &[&[tag, b' '], json].concat());
    hex::encode(hash.as_ref().get(..8).unwrap_or_default())
}

/// Writes a record and says how long it is.
pub(super) fn write(to: &mut impl Write, tag: u8, json: &[u8]) -> io::Result<u64> {
    let head = format!("{} {} {} ", char::from(tag), json.len(), checksum(tag, json));
    to.write_all(head.as_bytes())?;
    to.write_all(json)?;
    to.write_all(b"\n")?;
    Ok((head.len() + json.len() + 1) as u64)
}

/// The next record: its tag, and its JSON in `json`; none at the end.
pub(super) fn read(from: &mut impl BufRead, json: &mut Vec<u8>) -> Result<Option<u8>, Fault> {
    let Some(head) = words(from)? else { return Ok(None) };
    let damaged = || Fault::Damaged("no record begins where one should".to_owned());
    let mut words = head.split(' ');
    let Some(&[tag]) = words.next().map(str::as_bytes) else { return Err(damaged()) };
    let length: usize = words.next().and_then(|n| n.parse().ok()).ok_or_else(damaged)?;
    let sum = words.next().ok_or_else(damaged)?;
    if length > LARGEST {
        return Err(damaged());
    }
    json.clear();
    from.take(length as u64 + 1).read_to_end(json).map_err(Fault::Io)?;
    if json.len() <= length {
        return Err(Fault::Torn);
    }
    if json.pop() != Some(b'\n') || checksum(tag, json) != sum {
        return Err(Fault::Damaged("the checksum of a record is wrong".to_owned()));
    }
    Ok(Some(tag))
}

/// What stands before the JSON: three words, each with a space behind it.
fn words(from: &mut impl BufRead) -> Result<Option<String>, Fault> {
    let mut head = Vec::new();
    for _ in 0..3 {
        let read = from.take(WORD).read_until(b' ', &mut head).map_err(Fault::Io)?;
        match head.last() {
            None => return Ok(None),
            Some(b' ') if read > 0 => {}
            _ if read as u64 >= WORD => {
                return Err(Fault::Damaged("no record begins where one should".to_owned()));
            }
            _ => return Err(Fault::Torn),
        }
    }
    String::from_utf8(head)
        .map(Some)
        .map_err(|_| Fault::Damaged("no record begins where one should".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(bytes: &[u8]) -> (Vec<(u8, Vec<u8>)>, Option<Fault>) {
        let (mut from, mut json, mut found) = (bytes, Vec::new(), Vec::new());
        loop {
            match read(&mut from, &mut json) {
                Ok(Some(tag)) => found.push((tag, json.clone())),
                Ok(None) => return (found, None),
                Err(fault) => return (found, Some(fault)),
            }
        }
    }

    fn file(records: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for record in records {
            write(&mut bytes, b'E', record).unwrap();
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..6)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(records in records()) {
            let (found, fault) = read_all(&file(&records).0);
            prop_assert!(fault.is_none());
            prop_assert_eq!(found, records.into_iter().map(|r| (b'E', r)).collect::<Vec<_>>());
        }

        #[test]
        fn a_file_cut_anywhere_gives_its_whole_records_and_is_torn(
            records in records(), at in any::<proptest::sample::Index>()
        ) {
            let (bytes, ends) = file(&records);
            let at = at.index(bytes.len());
            let (found, fault) = read_all(&bytes[..at]);
            prop_assert_eq!(found.len(), ends.iter().filter(|end| **end > 0 && **end <= at).count());
            prop_assert_eq!(fault.is_none(), ends.contains(&at));
            prop_assert!(matches!(fault, None | Some(Fault::Torn)));
        }

        #[test]
        fn a_changed_byte_never_goes_unnoticed(
            records in records(), at in any::<proptest::sample::Index>(), flip in 1_u8..
        ) {
            let (mut bytes, _) = file(&records);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let (found, fault) = read_all(&bytes);
            prop_assert!(fault.is_some());
            prop_assert!(found.len() < records.len());
            prop_assert!(found.iter().zip(&records).all(|(found, written)| found.1 == *written));
        }
    }
}
