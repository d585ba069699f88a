use proptest::prelude::*;

use super::*;

/// Made by another implementation: a `messageStart` of Bedrock.
const SAMPLE: &str = "000000760000005296d5fade0b3a6576656e742d7479706507000c6d6573736167655374617274\
                      0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d657373\
                      6167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599";

fn sample() -> Vec<u8> {
    let digits = SAMPLE.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

type Seen = (Vec<(String, String)>, Vec<u8>);

fn read(reader: &mut Reader, pieces: &[&[u8]]) -> Result<Vec<Seen>, FrameError> {
    let mut seen = Vec::new();
    for piece in pieces {
        reader.feed(piece, |frame| {
            let headers = frame.headers.map(|(name, value)| match value {
                Value::Text(text) => (name.to_owned(), text.to_owned()),
                other => (name.to_owned(), format!("{other:?}")),
            });
            seen.push((headers.collect(), frame.payload.to_vec()));
        })?;
    }
    Ok(seen)
}

#[test]
fn a_frame_of_another_implementation_is_read_and_written() {
    let frame = sample();
    let seen = read(&mut Reader::default(), &[&frame]).unwrap();
    let headers = [
        (":event-type", "messageStart"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    let own = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(seen, [(own, br#"{"role":"assistant"}"#.to_vec())]);
    let mut written = Vec::new();
    write_frame(&mut written, &headers, |out| out.extend_from_slice(br#"{"role":"assistant"}"#));
    assert_eq!(written, frame);
}

#[test]
fn headers_of_every_type_are_read() {
    let mut bytes = Vec::new();
    let mut put = |kind: u8, value: &[u8]| {
        bytes.extend_from_slice(&[1, b'a' + kind, kind]);
        bytes.extend_from_slice(value);
    };
    put(0, b"");
    put(1, b"");
    put(2, &[0xff]);
    put(3, &[0xff, 0xfe]);
    put(4, &7i32.to_be_bytes());
    put(5, &8i64.to_be_bytes());
    put(6, &[0, 2, 1, 2]);
    put(7, &[0, 1, b'x']);
    put(8, &9i64.to_be_bytes());
    put(9, &[3; 16]);
    let headers = Headers::read(&bytes).unwrap();
    assert_eq!(headers.text("h"), Some("x"));
    assert_eq!(headers.text("g"), None);
    let values: Vec<_> = headers.map(|(_, value)| value).collect();
    assert_eq!(
        values,
        [
            Value::Bool(true),
            Value::Bool(false),
            Value::Byte(-1),
            Value::Short(-2),
            Value::Int(7),
            Value::Long(8),
            Value::Bytes(&[1, 2]),
            Value::Text("x"),
            Value::Timestamp(9),
            Value::Uuid([3; 16]),
        ]
    );
    for cut in 1..bytes.len() {
        let all = Headers::read(&bytes[..cut]).map(Iterator::count);
        assert!(all.is_none_or(|count| count < values.len()));
    }
    assert!(Headers::read(&[0, 10]).is_none());
}

#[test]
fn a_changed_byte_anywhere_is_an_error() {
    let frame = sample();
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 0x10;
        assert!(read(&mut Reader::default(), &[&changed]).is_err(), "byte {at}");
    }
}

#[test]
fn frames_are_bounded_before_they_are_held() {
    let frame = sample();
    let mut reader = Reader::new(100);
    assert_eq!(read(&mut reader, &[&frame[..6], &frame[6..11]]).err(), None);
    assert_eq!(read(&mut reader, &[&frame[11..12]]).err(), Some(FrameError::TooLarge(118)));
    assert_eq!(read(&mut Reader::new(100), &[&frame[..12]]).err(), Some(FrameError::TooLarge(118)));
    // Headers longer than the frame, with a right checksum.
    let mut prelude = [0, 0, 0, 16, 0, 0, 0, 1].to_vec();
    prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
    assert_eq!(read(&mut Reader::default(), &[&prelude]).err(), Some(FrameError::Lengths));
}

#[test]
fn a_stream_that_ends_within_a_frame_shows() {
    let frame = sample();
    let mut reader = Reader::default();
    read(&mut reader, &[&frame]).unwrap();
    assert!(!reader.is_within_frame());
    read(&mut reader, &[&frame[..20]]).unwrap();
    assert!(reader.is_within_frame());
}

proptest! {
    #[test]
    fn where_the_stream_is_cut_does_not_show(
        frames in prop::collection::vec(("[a-z:]{1,8}", "[a-zé]{0,8}", prop::collection::vec(any::<u8>(), 0..40)), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut bytes = Vec::new();
        for (name, value, payload) in &frames {
            write_frame(&mut bytes, &[(name, value)], |out| out.extend_from_slice(payload));
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        places.push(bytes.len());
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in places {
            pieces.push(&bytes[from..to]);
            from = to;
        }
        let mut reader = Reader::default();
        let seen = read(&mut reader, &pieces).unwrap();
        prop_assert!(!reader.is_within_frame());
        let written: Vec<_> = frames
            .into_iter()
            .map(|(name, value, payload)| (vec![(name, value)], payload))
            .collect();
        prop_assert_eq!(seen, written);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), headers in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&mut Reader::default(), &[&bytes]);
        let _ = Headers::read(&headers).map(Iterator::count);
    }
}
