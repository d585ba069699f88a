//! Ports that nobody else takes: neither another test process nor an outgoing connection.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Below the range from which Linux takes ports of outgoing connections.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Locks held until this process ends.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 that is free now and that no other test process gets while this one lives.
pub fn free() -> u16 {
    let folder = std::env::temp_dir().join("sanmon-test-ports");
    std::fs::create_dir_all(&folder).unwrap();
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let start = u16::try_from(std::process::id() % u32::from(RANGE.end - RANGE.start)).unwrap();
    for offset in 0..RANGE.end - RANGE.start {
        let port = RANGE.start + (start + offset) % (RANGE.end - RANGE.start);
        let path = folder.join(port.to_string());
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
        if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            held.push(file);
            return port;
        }
    }
    panic!("no free port in {RANGE:?}")
}
