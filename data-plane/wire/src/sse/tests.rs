use proptest::prelude::*;

use super::*;

/// The events of a stream that is cut into these pieces, each as its bytes.
fn split(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut splitter = Splitter::default();
    let mut events: Vec<Vec<u8>> = Vec::new();
    let mut open = Vec::new();
    for piece in pieces {
        let mut from = splitter.leftover(piece);
        if from > 0 {
            events.last_mut().unwrap().push(b'\n');
        }
        while let Some(end) = splitter.next(piece, from) {
            open.extend_from_slice(&piece[from..end]);
            events.push(std::mem::take(&mut open));
            from = end;
        }
        open.extend_from_slice(&piece[from..]);
    }
    (events, open)
}

fn whole(text: &str) -> Vec<String> {
    split(&[text.as_bytes()]).0.into_iter().map(|event| String::from_utf8(event).unwrap()).collect()
}

#[test]
fn events_end_after_a_blank_line_of_any_sort() {
    assert_eq!(whole("data: a\n\ndata: b\n\n"), ["data: a\n\n", "data: b\n\n"]);
    assert_eq!(whole("data: a\r\n\r\ndata: b\r\n\r\n"), ["data: a\r\n\r\n", "data: b\r\n\r\n"]);
    assert_eq!(whole("data: a\r\rdata: b\r\r"), ["data: a\r\r", "data: b\r\r"]);
    assert_eq!(whole("\n\n: x\n\n"), ["\n\n: x\n\n"]);
    assert_eq!(split(&[b"data: a\n\ndata: b\n"]).1, b"data: b\n");
}

#[test]
fn fields_are_read_as_the_standard_says() {
    let data =
        |text: &'static str| Event::read(text.as_bytes()).data.map(std::borrow::Cow::into_owned);
    assert_eq!(data("data:a\n\n"), Some(b"a".to_vec()));
    assert_eq!(data("data:  a\n\n"), Some(b" a".to_vec()));
    assert_eq!(data("data: a\ndata\ndata: b\n\n"), Some(b"a\n\nb".to_vec()));
    assert_eq!(data("\u{feff}data: a\n\n"), Some(b"a".to_vec()));
    assert_eq!(data(": comment\r\nid: 1\r\n\r\n"), None);
    assert_eq!(Event::read(b"event: error\ndata: {}\n\n").name, Some(b"error".as_slice()));
}

proptest! {
    #[test]
    fn where_the_stream_is_cut_does_not_show(text in "(data: ?[ab]{0,3}|:c|)(\n|\r|\r\n){0,3}((data:[ab]{0,3}|e)(\n|\r|\r\n){1,3}){0,5}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let bytes = text.as_bytes();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        places.push(bytes.len());
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in places {
            pieces.push(&bytes[from..to]);
            from = to;
        }
        let (events, open) = split(&pieces);
        prop_assert_eq!(&split(&[bytes]), &(events.clone(), open.clone()));
        let mut all: Vec<u8> = events.concat();
        all.extend_from_slice(&open);
        prop_assert_eq!(all, bytes);
    }
}
