//! Whose word counts about the address of a caller.

use std::net::IpAddr;
use std::str::FromStr;

use crate::network::{Network, NetworkError};

/// The proxies in front of a listener, as addresses and networks. Nobody is trusted by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl FromStr for TrustedProxies {
    type Err = NetworkError;

    /// Addresses and networks, separated by commas or spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        parts.map(Network::from_str).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// Whether what this peer says of others counts.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(peer))
    }

    /// Who called: `peer`, or, where it is trusted, the last address of `X-Forwarded-For` that is
    /// not itself a trusted proxy. `forwarded` gives the header's values in their order.
    ///
    /// The list is read from its end, since only what trusted proxies appended is true.
    pub fn caller<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut caller = peer.to_canonical();
        if self.0.is_empty() {
            return caller;
        }
        for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.trusts(caller) {
                break;
            }
            match hop_address(hop.trim()) {
                Some(address) => caller = address.to_canonical(),
                None => break,
            }
        }
        caller
    }
}

/// `1.2.3.4`, `1.2.3.4:5678`, `::1`, `[::1]:5678`.
fn hop_address(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|address: std::net::SocketAddr| address.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.caller(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(caller("", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(caller("10.0.0.0/8", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(caller("10.0.0.0/8", "10.1.2.3", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(caller("10.0.0.0/8", "::ffff:10.1.2.3", &["1.1.1.1"]), "1.1.1.1");
    }

    #[test]
    fn what_a_caller_forged_before_the_first_proxy_does_not_count() {
        let forged = ["6.6.6.6, 1.1.1.1", "10.0.0.2"];
        assert_eq!(caller("10.0.0.0/8", "10.0.0.1", &forged), "1.1.1.1");
        assert_eq!(caller("10.0.0.0/8", "10.0.0.1", &["6.6.6.6, nonsense"]), "10.0.0.1");
        assert_eq!(caller("10.0.0.0/8", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ports_and_the_sixth_version_are_read() {
        assert_eq!(caller("::1, 127.0.0.1", "::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(caller("2001:db8::/32", "2001:db8::1", &["4.4.4.4:81"]), "4.4.4.4");
    }

    #[test]
    fn a_mistake_is_refused_with_its_text() {
        for text in ["10.0.0.0/33", "10.0.0/8", "example.com", "::1/129", "1.1.1.1/x"] {
            let error = text.parse::<TrustedProxies>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
