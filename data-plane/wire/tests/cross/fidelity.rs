//! `docs/fidelity.md`: what becomes of each feature on its way, from the encoders themselves.

use std::fmt::Write as _;
use std::path::PathBuf;

use sanmon_wire::canonical::{Part, Request, Source};
use sanmon_wire::fidelity::{How, Losses};
use sanmon_wire::format::{Format, Media};
use sanmon_wire::registry::{DIALECTS, Dialect, usual};

use crate::{asked, cases, features, target};

/// The formats that callers speak, by the plugins that read them.
const PROTOCOLS: &[(Format, &str)] = &[
    (Format::Chat, "Chat Completions"),
    (Format::Completions, "Completions"),
    (Format::Responses, "Responses"),
    (Format::Anthropic, "Messages"),
];

const HEAD: &str = "# Fidelity

What becomes of each feature between the protocol that a caller speaks and the format that a provider
speaks. Written by `scripts/fidelity` from the encoders: each cell is a request or an answer with this one
feature, translated. A test fails when the page is stale.

- **exact**: it arrives as it was said, or the bytes pass through (the same format on both sides).
- **≈**: it arrives as something near to it; the note says as what. Reported in `x-sanmon-fidelity` as
  `approximated`.
- **dropped**: it is left out; the note says why. Reported as `dropped`. With `fidelity: strict` what is
  dropped or approximated is refused instead, but for labels (`metadata`).
- **refused**: the request is answered with 400, as leaving it out would fake an answer.
- **–**: the provider's format has no such thing to say.

The model is one of which nothing is known. What is known of models (sampling parameters that newer ones
refuse, how each is told to think) is dropped as the provider's `parameters` say, and reported too.
";

/// Notes of a table, each once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn number(&mut self, note: String) -> usize {
        let known = self.0.iter().position(|known| *known == note);
        known.unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        }) + 1
    }

    /// A cell for what was lost.
    fn cell(&mut self, losses: &Losses) -> String {
        if losses.is_empty() {
            return "exact".into();
        }
        let is_dropped = losses.iter().any(|loss| loss.how == How::Dropped);
        let mut cell = String::from(if is_dropped { "dropped" } else { "≈" });
        for loss in losses {
            let number = self.number(format!("`{}`: {}", loss.field, loss.note));
            write!(cell, " [{number}]").unwrap();
        }
        cell
    }
}

/// A table with a column per dialect of providers.
struct Table {
    columns: Vec<&'static Dialect>,
    rows: Vec<(&'static str, Vec<String>)>,
    notes: Notes,
}

impl Table {
    fn of(columns: Vec<&'static Dialect>) -> Self {
        Self { columns, rows: Vec::new(), notes: Notes::default() }
    }

    fn row(&mut self, name: &'static str, mut cell: impl FnMut(&Dialect, &mut Notes) -> String) {
        let cells = self.columns.iter().map(|back| cell(back, &mut self.notes)).collect();
        self.rows.push((name, cells));
    }

    fn write(&self, title: &str, out: &mut String) {
        let names: Vec<&str> = self.columns.iter().map(|dialect| dialect.name).collect();
        writeln!(out, "\n### {title}\n").unwrap();
        writeln!(out, "| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len())).unwrap();
        for (name, cells) in &self.rows {
            writeln!(out, "| {name} | {} |", cells.join(" | ")).unwrap();
        }
        for (index, note) in self.notes.0.iter().enumerate() {
            let lead = if index == 0 { "\n" } else { "" };
            writeln!(out, "{lead}{}. {note}", index + 1).unwrap();
        }
    }
}

/// Formats with their own dialects, and the vendors who speak like OpenAI.
fn columns() -> [Vec<&'static Dialect>; 2] {
    let openai = usual(Format::Chat).map(|dialect| dialect.name);
    let is_vendor =
        |dialect: &&Dialect| dialect.codec.format() == Format::Chat && Some(dialect.name) != openai;
    let (vendors, formats) = DIALECTS.iter().partition(is_vendor);
    [formats, vendors]
}

fn requests(front: &Dialect, columns: Vec<&'static Dialect>, title: &str, out: &mut String) {
    let mut table = Table::of(columns);
    let mut unsaid = Vec::new();
    for feature in features::features(front.codec.format()) {
        let mut losses = Losses::default();
        let body = front.codec.encode_request(&feature.request, &target(false), &mut losses);
        let (Ok(body), true) = (body, losses.is_empty()) else {
            unsaid.push(feature.name);
            continue;
        };
        let request = front.codec.decode_request(&body).unwrap();
        table.row(feature.name, |back, notes| {
            if back.codec.format() == front.codec.format() {
                return "exact".to_owned();
            }
            let (request, fetched) = fetched(request.clone(), back);
            let mut losses = Losses::default();
            let cell = match back.codec.encode_request(&request, &target(false), &mut losses) {
                Ok(_) => notes.cell(&losses),
                Err(error) => {
                    let note = format!("`{}`: {}", error.field, error.message);
                    format!("refused [{}]", notes.number(note))
                }
            };
            if fetched && !cell.starts_with("refused") {
                let note = "the gateway fetches it and sends what it is";
                return format!("{cell} [{}]", notes.number(note.to_owned()));
            }
            cell
        });
    }
    table.write(title, out);
    if !unsaid.is_empty() {
        writeln!(out, "\nThe protocol has no word for: {}.", unsaid.join(", ")).unwrap();
    }
}

/// What the gateway does before it encodes: the bytes take the place of addresses that the target does
/// not take.
fn fetched(mut request: Request, back: &Dialect) -> (Request, bool) {
    let mut any = false;
    for part in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        let (media, source, bytes) = match part {
            Part::Image(image) => (Media::Image, &mut image.source, features::pixel()),
            Part::Document(document) => (Media::Document, &mut document.source, features::pdf()),
            _ => continue,
        };
        if let Source::Url(url) = source
            && !back.codec.takes_url(media, url)
        {
            *source = bytes;
            any = true;
        }
    }
    (request, any)
}

fn answers(front: &Dialect, columns: Vec<&'static Dialect>, title: &str, out: &mut String) {
    let mut table = Table::of(columns);
    let names: Vec<&str> = cases::answers(Format::Chat).iter().map(|case| case.name).collect();
    for (index, name) in names.into_iter().enumerate() {
        table.row(name, |back, notes| {
            let case = &cases::answers(back.codec.format())[index];
            let mut losses = Losses::default();
            let body = back.codec.encode_response(&case.value, &asked(), &mut losses);
            if !losses.is_empty() {
                return "–".to_owned();
            }
            if back.codec.format() == front.codec.format() {
                return "exact".to_owned();
            }
            let answer = back.codec.decode_response(&body).unwrap();
            let mut losses = Losses::default();
            front.codec.encode_response(&answer, &asked(), &mut losses);
            notes.cell(&losses)
        });
    }
    table.write(title, out);
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    for &(format, name) in PROTOCOLS {
        let Some(front) = usual(format) else { continue };
        let [formats, vendors] = columns();
        writeln!(out, "\n## {name}").unwrap();
        requests(front, formats.clone(), "Requests", &mut out);
        // Their own format passes through, but for what a vendor's row leaves out.
        if format != Format::Chat {
            requests(front, vendors, "Requests to vendors who speak like OpenAI", &mut out);
        }
        answers(front, formats, "Answers", &mut out);
    }
    out
}

/// `scripts/fidelity` sets `SANMON_WRITE_FIDELITY`, so that it is written instead of compared.
#[test]
fn the_page_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/fidelity.md");
    let page = page();
    let writes = std::env::var_os("SANMON_WRITE_FIDELITY").is_some();
    if writes {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == committed, "docs/fidelity.md is not what the encoders do: scripts/fidelity");
}
