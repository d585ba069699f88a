//! Pictures and files that a request names by address, brought here for providers that take bytes
//! only. Addresses come from callers: public ones are called, and nothing else.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use sanmon_wire::canonical::{Part, Request, Source};
use sanmon_wire::format::{Codec, Media};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::upstream::{Call, Deadlines, Endpoint, Transport};

/// How many addresses a request may name.
const MOST: usize = 32;

/// The largest file, and all files of a request together, in bytes.
const LARGEST: usize = 20 * 1024 * 1024;
const TOGETHER: usize = 48 * 1024 * 1024;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Puts the bytes in the place of every address that `codec`'s providers cannot be given.
pub(crate) async fn inline(
    exchange: &Exchange,
    codec: &dyn Codec,
    request: &mut Request,
) -> Result<(), GatewayError> {
    let (mut count, mut total) = (0, 0);
    let mut places: Vec<(&mut Source, Media)> = Vec::new();
    for message in &mut request.messages {
        gather(&mut message.content, codec, &mut places);
    }
    for (source, media) in places {
        let Source::Url(url) = &*source else { continue };
        count += 1;
        if count > MOST {
            let text = format!("a request may name {MOST} pictures and files by address");
            return Err(GatewayError::new(Code::BadRequest, text));
        }
        let (media_type, bytes) = fetch(exchange, url, media).await?;
        total += bytes.len();
        if total > TOGETHER {
            return Err(refused("the pictures and files of the request are too large together"));
        }
        *source = Source::Data { media_type, data: STANDARD.encode(&bytes) };
    }
    Ok(())
}

fn gather<'a>(parts: &'a mut [Part], codec: &dyn Codec, places: &mut Vec<(&'a mut Source, Media)>) {
    for part in parts {
        let (source, media) = match part {
            Part::Image(image) => (&mut image.source, Media::Image),
            Part::Document(document) => (&mut document.source, Media::Document),
            Part::ToolResult(result) => {
                gather(&mut result.content, codec, places);
                continue;
            }
            _ => continue,
        };
        // Schemes of vendors (`gs:`, `s3:`) are for the codec to refuse.
        let fetched = matches!(&*source, Source::Url(url)
            if is_web(url) && !codec.takes_url(media, url));
        if fetched {
            places.push((source, media));
        }
    }
}

fn is_web(url: &str) -> bool {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

async fn fetch(
    exchange: &Exchange,
    url: &str,
    media: Media,
) -> Result<(String, bytes::Bytes), GatewayError> {
    let transport = Transport {
        connect_timeout: Duration::from_secs(5),
        egress: exchange.worker.limits.fetches,
        ..Transport::default()
    };
    let endpoint = Endpoint::new(url, transport).map_err(|error| {
        refused("an address of the request cannot be called").detail(error.to_string())
    })?;
    let deadlines = Deadlines::within(PATIENCE);
    let call = Call::new(&endpoint, Method::GET, deadlines)
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let failed = |error: &crate::upstream::UpstreamError| {
        refused("a picture or file of the request cannot be fetched").detail(error.to_string())
    };
    let mut answer = exchange.worker.upstream.fetch(call).await.map_err(|e| failed(&e))?;
    if !answer.status.is_success() {
        return Err(refused("a picture or file of the request cannot be fetched")
            .detail(answer.status.to_string()));
    }
    let told = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let told =
        told.map(|told| told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let bytes = answer.gather(LARGEST).await.map_err(|e| failed(&e))?;
    let media_type =
        sniffed(&bytes).map(str::to_owned).or(told).filter(|kind| fits(kind, media)).ok_or_else(
            || refused("an address of the request holds no picture or file of a known kind"),
        )?;
    Ok((media_type, bytes))
}

fn refused(text: &'static str) -> GatewayError {
    GatewayError::new(Code::BadRequest, text).param("messages")
}

fn fits(kind: &str, media: Media) -> bool {
    match media {
        Media::Image => kind.starts_with("image/"),
        Media::Document => kind == "application/pdf" || kind.starts_with("text/"),
    }
}

/// What bytes are, by how they begin: servers are often wrong about it.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 6] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"BM", "image/bmp"),
    ];
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    KINDS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_first_bytes() {
        assert_eq!(sniffed(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(sniffed(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(sniffed(b"<html>"), None);
        assert!(fits("text/plain", Media::Document) && !fits("text/html", Media::Image));
        assert!(is_web("HTTPS://a") && !is_web("gs://a") && !is_web("a"));
    }
}
