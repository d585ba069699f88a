//! HTTP/1.1 as a client speaks it, in few lines.

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scan::Scan;

#[derive(Debug)]
pub enum Fail {
    /// Nothing came back on a connection that had been used before.
    Stale,
    Other(&'static str),
}

impl From<std::io::Error> for Fail {
    fn from(_: std::io::Error) -> Fail {
        Fail::Other("io")
    }
}

#[derive(Clone, Copy)]
pub enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

pub struct Connection {
    pub stream: TcpStream,
    pub buffer: Vec<u8>,
    pub used: bool,
}

pub struct Reply {
    pub status: u16,
    pub keep: bool,
    pub bytes: u64,
}

impl Connection {
    pub async fn open(address: &str) -> Result<Connection, Fail> {
        let stream = TcpStream::connect(address).await.map_err(|_| Fail::Other("connect"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(64 << 10), used: false })
    }

    /// Reads more into the buffer; false at the end of the connection.
    pub async fn more(&mut self) -> Result<bool, Fail> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    pub async fn round(
        &mut self,
        request: &[u8],
        streams: bool,
        scan: &mut Scan,
    ) -> Result<Reply, Fail> {
        let stale = if self.used { Fail::Stale } else { Fail::Other("closed") };
        self.used = true;
        self.buffer.clear();
        if self.stream.write_all(request).await.is_err() {
            return Err(stale);
        }
        let (status, mut keep, framing, head) = loop {
            match self.more().await {
                Ok(true) => {}
                _ if self.buffer.is_empty() => return Err(stale),
                _ => return Err(Fail::Other("truncated")),
            }
            if let Some((status, keep, framing, head)) = parse_head(&self.buffer)? {
                if status >= 200 {
                    break (status, keep, framing, head);
                }
                self.buffer.drain(..head);
            }
        };
        let scanning = streams && status == 200;
        self.buffer.drain(..head);
        let bytes = match framing {
            Framing::Length(length) => {
                let mut seen = 0;
                loop {
                    seen += self.buffer.len();
                    if scanning {
                        scan.feed(&self.buffer);
                    }
                    self.buffer.clear();
                    if seen >= length {
                        break seen;
                    }
                    if !self.more().await? {
                        return Err(Fail::Other("truncated"));
                    }
                }
            }
            Framing::UntilClose => {
                keep = false;
                let mut seen = 0;
                loop {
                    seen += self.buffer.len();
                    if scanning {
                        scan.feed(&self.buffer);
                    }
                    self.buffer.clear();
                    if !self.more().await? {
                        break seen;
                    }
                }
            }
            Framing::Chunked => {
                let mut chunked = Chunked::default();
                loop {
                    let used = chunked.feed(&self.buffer, |part| {
                        if scanning {
                            scan.feed(part)
                        }
                    })?;
                    self.buffer.drain(..used);
                    if chunked.ended {
                        break chunked.bytes;
                    }
                    if !self.more().await? {
                        return Err(Fail::Other("truncated"));
                    }
                }
            }
        };
        Ok(Reply { status, keep, bytes: bytes as u64 })
    }
}

pub fn parse_head(buffer: &[u8]) -> Result<Option<(u16, bool, Framing, usize)>, Fail> {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(buffer) {
        Ok(httparse::Status::Complete(n)) => n,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Fail::Other("protocol")),
    };
    let status = response.code.unwrap_or(0);
    let mut keep = response.version == Some(1);
    let mut framing = if matches!(status, 100..200 | 204 | 304) {
        Framing::Length(0)
    } else {
        Framing::UntilClose
    };
    for h in response.headers.iter() {
        let is = |name: &str| h.name.eq_ignore_ascii_case(name);
        let value = std::str::from_utf8(h.value).unwrap_or("").trim();
        if is("content-length") && !matches!(framing, Framing::Chunked) {
            framing = Framing::Length(value.parse().map_err(|_| Fail::Other("protocol"))?);
        } else if is("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            framing = Framing::Chunked;
        } else if is("connection") && value.eq_ignore_ascii_case("close") {
            keep = false;
        }
    }
    Ok(Some((status, keep, framing, head)))
}

/// A decoder for the chunked transfer coding.
#[derive(Default)]
pub struct Chunked {
    pub left: usize,
    /// The line end after a chunk's data is still to come.
    pub tail: bool,
    pub last: bool,
    pub ended: bool,
    pub bytes: usize,
}

impl Chunked {
    /// Takes what it can from `input` and says how much that was.
    pub fn feed(&mut self, input: &[u8], mut give: impl FnMut(&[u8])) -> Result<usize, Fail> {
        let mut at = 0;
        while !self.ended {
            let rest = &input[at..];
            if self.left > 0 {
                let n = self.left.min(rest.len());
                if n == 0 {
                    break;
                }
                give(&rest[..n]);
                (self.left, self.bytes, at) = (self.left - n, self.bytes + n, at + n);
                self.tail = self.left == 0;
                continue;
            }
            let Some(end) = memmem::find(rest, b"\r\n") else {
                break;
            };
            at += end + 2;
            let line = &rest[..end];
            if self.tail {
                self.tail = false;
            } else if self.last {
                self.ended = line.is_empty(); // else a trailer
            } else {
                let digits = line.split(|c| *c == b';').next().unwrap_or(b"").trim_ascii();
                let digits = std::str::from_utf8(digits).map_err(|_| Fail::Other("protocol"))?;
                self.left =
                    usize::from_str_radix(digits, 16).map_err(|_| Fail::Other("protocol"))?;
                self.last = self.left == 0;
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_bodies_are_decoded_however_they_are_cut() {
        let wire = b"5\r\nhello\r\n1;x=y\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT";
        for size in 1..wire.len() {
            let (mut decoder, mut out, mut held, mut used) =
                (Chunked::default(), Vec::new(), Vec::new(), 0);
            for part in wire.chunks(size) {
                held.extend_from_slice(part);
                let n = decoder.feed(&held, |p| out.extend_from_slice(p)).unwrap();
                held.drain(..n);
                used += n;
            }
            assert_eq!(out, b"hello 0123456789");
            assert!(decoder.ended);
            assert_eq!((decoder.bytes, used), (16, wire.len() - 4));
        }
    }

    #[test]
    fn heads_tell_framing() {
        let (status, keep, framing, n) =
            parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc").unwrap().unwrap();
        assert!(status == 200 && keep && n == 38 && matches!(framing, Framing::Length(3)));
        let head = b"HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let (status, keep, framing, _) = parse_head(head).unwrap().unwrap();
        assert!(status == 429 && !keep && matches!(framing, Framing::Chunked));
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n").unwrap().is_none());
    }
}
