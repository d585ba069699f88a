//! Reading a request, by hand: the upstream must see what was sent, not what a library makes of it.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

/// A request as read.
pub(super) struct Parts {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The next request of a connection; none where the caller closes or sends something else.
pub(super) async fn read_request(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> Option<Parts> {
    let end = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end;
        }
        more(from, buffer).await?;
    };
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value.trim()).ok()?,
        );
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let body = if text("transfer-encoding").is_some() {
        read_chunks(from, buffer).await?
    } else {
        let length = text("content-length").map_or(Some(0), |length| length.parse().ok())?;
        take(from, buffer, length).await?
    };
    Some(Parts { method, path, headers, body })
}

async fn read_chunks(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = find(buffer, b"\r\n") {
                break end;
            }
            more(from, buffer).await?;
        };
        let line = String::from_utf8(buffer.drain(..end + 2).collect()).ok()?;
        let length = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
        let chunk = take(from, buffer, length + 2).await?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

async fn take(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while buffer.len() < length {
        more(from, buffer).await?;
    }
    Some(buffer.drain(..length).collect())
}

async fn more(from: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> Option<()> {
    matches!(from.read_buf(buffer).await, Ok(1..)).then_some(())
}

fn find(buffer: &[u8], pattern: &[u8]) -> Option<usize> {
    buffer.windows(pattern.len()).position(|window| window == pattern)
}
