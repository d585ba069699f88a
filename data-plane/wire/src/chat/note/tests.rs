use proptest::prelude::*;

use bytes::Bytes;

use super::*;
use crate::canonical::Usage;
use crate::pass::{Pass as _, StreamEnd, Watched};

const PLAIN: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\\\"usage\\\":{\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
);
const USAGE: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn stream_of(strip: bool) -> Watched<ChatNote> {
    Watched::by(ChatNote::new(strip))
}

fn run(text: &[u8], cuts: &[usize], strip: bool) -> (Vec<u8>, Tally, StreamEnd) {
    let mut stream = stream_of(strip);
    let mut out = Vec::new();
    let mut from = 0;
    for &to in cuts.iter().chain([&text.len()]) {
        out.extend_from_slice(&stream.feed(&Bytes::copy_from_slice(&text[from..to])));
        from = to;
    }
    let (rest, end) = stream.finish(false);
    out.extend_from_slice(&rest);
    (out, stream.tally().clone(), end)
}

#[test]
fn the_usage_chunk_that_nobody_asked_for_is_taken_out() {
    let text = format!("{PLAIN}{USAGE}{DONE}");
    let (out, tally, end) = run(text.as_bytes(), &[], true);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{PLAIN}{DONE}"));
    assert_eq!(tally.usage, Some(Usage { input: 3, output: 2, ..Usage::default() }));
    assert_eq!(
        (tally.events, tally.content_chunks, tally.finished, tally.done),
        (6, 2, true, true)
    );
    assert_eq!(tally.content_bytes, "Hel\\\"usage\\\":{lo".len() as u64);
    assert_eq!(end, StreamEnd::Done);
    let (out, ..) = run(text.as_bytes(), &[], false);
    assert_eq!(out, text.as_bytes());
}

#[test]
fn a_piece_with_whole_events_is_not_copied() {
    let piece = Bytes::from(PLAIN);
    let out = stream_of(true).feed(&piece);
    assert_eq!(out.as_ptr(), piece.as_ptr());
    assert_eq!(out.len(), piece.len());
}

#[test]
fn wherever_it_is_cut_the_same_comes_out() {
    let comment = ": OPENROUTER PROCESSING\n\n";
    for text in [
        format!("{PLAIN}{comment}{USAGE}{DONE}"),
        format!("{comment}{PLAIN}{USAGE}{DONE}").replace('\n', "\r\n"),
        format!("\u{feff}{PLAIN}{USAGE}{DONE}").replace('\n', "\r"),
        format!("{PLAIN}{USAGE}data:[DONE]"),
        format!("{PLAIN}{USAGE}"),
    ] {
        for strip in [false, true] {
            let whole = run(text.as_bytes(), &[], strip);
            for cut in 0..=text.len() {
                assert_eq!(run(text.as_bytes(), &[cut], strip), whole, "cut at {cut}");
            }
            let each: Vec<usize> = (0..text.len()).collect();
            assert_eq!(run(text.as_bytes(), &each, strip), whole);
        }
    }
}

#[test]
fn usage_in_the_last_content_chunk_is_read_and_left_there() {
    let text = format!(
        "data: {{\"choices\": [{{\"delta\": {{\"content\": \"x\"}}, \"finish_reason\": \"stop\"}}], \"usage\": {{\"prompt_tokens\": 1, \"completion_tokens\": 1}}}}\n\n{DONE}"
    );
    let (out, tally, _) = run(text.as_bytes(), &[], true);
    assert_eq!(out, text.as_bytes());
    assert_eq!(tally.usage.unwrap().output, 1);
    assert!(tally.finished);
}

#[test]
fn how_a_stream_ends_is_told() {
    let end = |text: &str| run(text.as_bytes(), &[], true).2;
    assert_eq!(end(&format!("{PLAIN}{DONE}")), StreamEnd::Done);
    assert_eq!(end(PLAIN), StreamEnd::Finished);
    assert_eq!(end(PLAIN.split_at(200).0), StreamEnd::Cut);
    assert_eq!(end(PLAIN.split_at(50).0), StreamEnd::Cut);
    assert_eq!(end(""), StreamEnd::Empty);
    assert_eq!(end(": comment\n\n"), StreamEnd::Empty);
    assert_eq!(end("data: {\"error\":{\"message\":\"x\"}}\n\n"), StreamEnd::Error);
    let (out, ..) = run(PLAIN.as_bytes(), &[], true);
    assert_eq!(out, format!("{PLAIN}{DONE}").as_bytes());
    let mut stream = stream_of(false);
    stream.feed(&Bytes::from(PLAIN));
    assert_eq!(stream.finish(true).1, StreamEnd::Cut);
}

#[test]
fn half_an_event_is_not_passed_on_before_an_error() {
    let mut stream = stream_of(false);
    let out = stream.feed(&Bytes::from(format!("{PLAIN}data: {{\"id\":\"c\",\"choi")));
    assert_eq!(out, PLAIN);
    assert_eq!(stream.finish(false), (Vec::new(), StreamEnd::Cut));
}

#[test]
fn error_events_are_noted_with_what_they_say() {
    let text = "event: error\ndata: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n";
    let (out, tally, end) = run(text.as_bytes(), &[], true);
    assert_eq!(out, text.as_bytes());
    assert_eq!(end, StreamEnd::Error);
    let error = tally.error.unwrap();
    assert_eq!((error.message.as_deref(), error.status), (Some("slow down"), Some(429)));
    assert!(!error.after_content);
    let late = run(format!("{PLAIN}{text}").as_bytes(), &[], true).1.error.unwrap();
    assert!(late.after_content);
}

#[test]
fn a_huge_event_is_passed_on_as_it_comes() {
    let mut stream = stream_of(true);
    let begin = Bytes::from(format!("data: {{\"x\":\"{}", "a".repeat(64 * 1024)));
    assert_eq!(stream.feed(&begin), begin);
    assert!(!stream.at_boundary());
    assert_eq!(stream.feed(&Bytes::from("\"}\n")), "\"}\n");
    assert_eq!(stream.feed(&Bytes::from(format!("\n{USAGE}{DONE}"))), format!("\n{DONE}"));
    assert!(stream.at_boundary());
    assert!(stream.tally().usage.is_some());
}

proptest! {
    #[test]
    fn many_cuts_do_not_show(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12), strip in any::<bool>()) {
        let text = format!("{PLAIN}: c\r\n\r\n{USAGE}{DONE}");
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.sort_unstable();
        prop_assert_eq!(run(text.as_bytes(), &places, strip), run(text.as_bytes(), &[], strip));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(data: |\n|\r|[\\[\\]{}\",:a\\\\]|\"choices\"|\"usage\"|\"error\"|\"content\"){0,40}") {
        run(&bytes, &[], true);
        run(text.as_bytes(), &[text.len() / 2], true);
    }
}
