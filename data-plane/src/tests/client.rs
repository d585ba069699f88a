use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a test waits for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A raw connection.
pub(super) struct Client {
    socket: TcpStream,
    read: Vec<u8>,
}

/// An answer, its body decoded from chunks.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
    /// Whether the body ended as its head promised.
    pub(super) complete: bool,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A request without a body.
pub(super) fn request(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: gateway.test\r\n{headers}\r\n")
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: &str) {
        self.socket.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// One exchange on a connection of its own.
    pub(super) async fn ask(address: SocketAddr, bytes: &str) -> Answer {
        let mut client = Self::connect(address).await;
        client.send(bytes).await;
        client.answer().await
    }

    /// Reads until `what` has come, or the end; gives everything so far.
    pub(super) async fn until(&mut self, what: &str) -> String {
        while !String::from_utf8_lossy(&self.read).contains(what) {
            if !self.more().await {
                break;
            }
        }
        String::from_utf8_lossy(&self.read).into_owned()
    }

    async fn more(&mut self) -> bool {
        let mut piece = vec![0; 65536];
        let read = timeout(PATIENCE, self.socket.read(&mut piece)).await;
        let read = read.expect("nothing came in time").unwrap_or(0);
        self.read.extend_from_slice(&piece[..read]);
        read > 0
    }

    /// Reads one answer.
    pub(super) async fn answer(&mut self) -> Answer {
        self.until("\r\n\r\n").await;
        let head_end = self.read.windows(4).position(|at| at == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8(self.read[..head_end].to_vec()).unwrap();
        let mut answer = Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::new(),
            complete: false,
        };
        if let Some(length) = answer.header("content-length") {
            let end = head_end + length.parse::<usize>().unwrap();
            while self.read.len() < end && self.more().await {}
            answer.complete = self.read.len() >= end;
            let end = end.min(self.read.len());
            answer.body = String::from_utf8_lossy(&self.read[head_end..end]).into_owned();
            self.read.drain(..end);
        } else if answer.header("transfer-encoding").is_some() {
            loop {
                let (body, over) = chunks(&self.read[head_end..]);
                if over || !self.more().await {
                    answer.body = String::from_utf8_lossy(&body).into_owned();
                    answer.complete = over;
                    break;
                }
            }
            self.read.clear();
        }
        answer
    }
}

/// The body in `bytes`, and whether its end has come.
fn chunks(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = bytes.windows(2).position(|at| at == b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&bytes[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let Some(chunk) = bytes.get(line + 2..line + 2 + size) else { return (body, false) };
        body.extend_from_slice(chunk);
        let Some(rest) = bytes.get(line + 4 + size..) else { return (body, false) };
        bytes = rest;
        if size == 0 {
            return (body, true);
        }
    }
}
