//! Slows down whoever guesses credentials, by address.
//!
//! The table is bounded: a flood from many addresses forgets the quietest ones, which then have
//! their free guesses again, and never grows the process.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use sanmon_shared::clock::Clock;

/// Addresses that are remembered.
const ADDRESSES: usize = 4096;
/// Wrong credentials before an address has to wait.
const FREE: u32 = 10;
/// The longest wait, in milliseconds.
const LONGEST: i64 = 60_000;
/// After so long without a failure an address is forgotten, in milliseconds.
const FORGET: i64 = 300_000;

/// Which addresses showed wrong credentials.
#[derive(Debug)]
pub(crate) struct Throttle {
    clock: Clock,
    seen: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: i64,
    until: i64,
    /// Hash of the credential that last succeeded from there: it goes on working while others
    /// have to wait, so that a guesser behind the same proxy locks nobody out.
    good: Option<[u8; 32]>,
}

impl Throttle {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, seen: Mutex::default() }
    }

    /// Whether a credential with this hash may be tried from there; else how many seconds to wait.
    pub(crate) fn admit(&self, address: IpAddr, credential: &[u8; 32]) -> Result<(), u64> {
        let now = self.clock.millis();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(&bucket(address)) {
            Some(failures)
                if failures.until > now && failures.good.as_ref() != Some(credential) =>
            {
                Err(u64::try_from(failures.until - now).unwrap_or(1).div_ceil(1000))
            }
            _ => Ok(()),
        }
    }

    /// A credential was wrong.
    pub(crate) fn failed(&self, address: IpAddr) {
        let now = self.clock.millis();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let address = bucket(address);
        if seen.len() >= ADDRESSES && !seen.contains_key(&address) {
            make_room(&mut seen, now);
        }
        let failures =
            seen.entry(address).or_insert(Failures { count: 0, last: now, until: 0, good: None });
        if now - failures.last > FORGET {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        if failures.count >= FREE {
            let wait = 1000_i64.checked_shl(failures.count - FREE).unwrap_or(LONGEST);
            let wait = if (1..LONGEST).contains(&wait) { wait } else { LONGEST };
            failures.until = now + wait;
        }
    }

    /// A credential was right. Earlier failures still count, or a guesser with a key of its own
    /// could clear them.
    pub(crate) fn succeeded(&self, address: IpAddr, credential: &[u8; 32]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = seen.get_mut(&bucket(address)) {
            failures.good = Some(*credential);
        }
    }
}

/// Whoever has one IPv6 address has its /64.
fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

/// Forgets the old, and the quietest half where that is not enough.
fn make_room(seen: &mut HashMap<IpAddr, Failures>, now: i64) {
    seen.retain(|_, failures| now - failures.last <= FORGET);
    if seen.len() >= ADDRESSES {
        let mut counts: Vec<_> =
            seen.values().map(|failures| (failures.count, failures.last)).collect();
        let (_, median, _) = counts.select_nth_unstable(ADDRESSES / 2);
        let median = *median;
        seen.retain(|_, failures| (failures.count, failures.last) > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [u8; 32] = [1; 32];
    const GUESS: [u8; 32] = [2; 32];

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn guesses_have_to_wait_longer_and_longer() {
        let clock = Clock::manual(1_000_000);
        let throttle = Throttle::new(clock.clone());
        let guesser = address("192.0.2.1");
        let mut waits = Vec::new();
        for _ in 0..20 {
            match throttle.admit(guesser, &GUESS) {
                Ok(()) => throttle.failed(guesser),
                Err(seconds) => {
                    waits.push(seconds);
                    clock.advance(i64::try_from(seconds).unwrap() * 1000);
                    assert_eq!(throttle.admit(guesser, &GUESS), Ok(()));
                    throttle.failed(guesser);
                }
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(throttle.admit(address("192.0.2.2"), &GUESS), Ok(()));
    }

    #[test]
    fn the_key_that_worked_from_there_goes_on_working() {
        let throttle = Throttle::new(Clock::manual(0));
        let shared = address("192.0.2.1");
        throttle.failed(shared);
        throttle.succeeded(shared, &GOOD);
        for _ in 0..FREE {
            throttle.failed(shared);
        }
        assert!(throttle.admit(shared, &GUESS).is_err());
        assert_eq!(throttle.admit(shared, &GOOD), Ok(()));
    }

    #[test]
    fn a_network_of_the_sixth_version_counts_as_one() {
        let throttle = Throttle::new(Clock::manual(0));
        for host in 0..FREE {
            throttle.failed(address(&format!("2001:db8::{host:x}")));
        }
        assert!(throttle.admit(address("2001:db8::ffff"), &GUESS).is_err());
        assert!(throttle.admit(address("2001:db8:0:1::1"), &GUESS).is_ok());
    }

    #[test]
    fn the_table_is_bounded_and_keeps_the_loud() {
        let throttle = Throttle::new(Clock::manual(0));
        let loud = address("10.0.0.1");
        for _ in 0..FREE {
            throttle.failed(loud);
        }
        for n in 0..3 * u32::try_from(ADDRESSES).unwrap() {
            throttle.failed(IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0b00_0000 + n)));
        }
        assert!(throttle.seen.lock().unwrap().len() <= ADDRESSES);
        assert!(throttle.admit(loud, &GUESS).is_err());
    }

    #[test]
    fn old_failures_are_forgotten() {
        let clock = Clock::manual(0);
        let throttle = Throttle::new(clock.clone());
        let slow = address("192.0.2.1");
        for _ in 0..FREE * 2 {
            throttle.failed(slow);
            clock.advance(FORGET + 1);
        }
        assert_eq!(throttle.admit(slow, &GUESS), Ok(()));
    }
}
