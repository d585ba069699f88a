use crate::canonical::Source;

/// Bedrock's words for media types. Where two have one word, the first is written.
const DOCUMENTS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
];

const IMAGES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpeg", "image/jpg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

fn word(table: &[(&'static str, &str)], media_type: &str) -> Option<&'static str> {
    // `text/plain; charset=utf-8`
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let mut rows = table.iter();
    rows.find(|(_, known)| known.eq_ignore_ascii_case(media_type)).map(|(word, _)| *word)
}

fn media_type(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, media_type)| *media_type)
}

/// The word for a picture of this media type.
pub(super) fn image_format(media_type: &str) -> Option<&'static str> {
    word(IMAGES, media_type)
}

/// The media type of a picture.
pub(super) fn image_type(format: &str) -> Option<&'static str> {
    media_type(IMAGES, format)
}

/// The word for a file of this media type.
pub(super) fn document_format(media_type: &str) -> Option<&'static str> {
    word(DOCUMENTS, media_type)
}

/// The media type of a file.
pub(super) fn document_type(format: &str) -> Option<&'static str> {
    media_type(DOCUMENTS, format)
}

/// Whether Bedrock fetches this itself.
pub(super) fn is_s3(url: &str) -> bool {
    url.starts_with("s3://")
}

/// The word for what an address ends with.
pub(super) fn format_of_address(source: &Source) -> Option<&'static str> {
    let Source::Url(url) = source else { return None };
    let (_, ending) = url.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let ending = if ending == "jpg" { "jpeg" } else { ending.as_str() };
    let mut words = IMAGES.iter().chain(DOCUMENTS).map(|(word, _)| *word);
    words.find(|word| *word == ending)
}
