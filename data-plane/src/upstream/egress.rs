use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be called, as resolved at connect time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Egress {
    /// What an admin configured: any address, except link-local ones and those where clouds keep
    /// the credentials of a machine.
    Configured,
    /// What an admin configured and declared to be link-local or a metadata service.
    Declared,
    /// What a caller supplied: public addresses only.
    Public,
}

impl Egress {
    /// Of an address that an admin configured.
    pub fn configured(allow_link_local: bool) -> Self {
        if allow_link_local { Self::Declared } else { Self::Configured }
    }

    /// Whether this address may be called.
    pub fn allows(self, address: IpAddr) -> bool {
        let address = embedded(address);
        match self {
            Self::Declared => true,
            Self::Configured => !is_metadata(address),
            Self::Public => !is_metadata(address) && is_public(address),
        }
    }
}

/// The address of the fourth version that an address of the sixth stands for.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let parts = v6.segments();
    let v4 = |high: usize, low: usize| {
        let half = |at: usize| u32::from(parts.get(at).copied().unwrap_or(0));
        IpAddr::V4(Ipv4Addr::from_bits((half(high) << 16) | half(low)))
    };
    match parts {
        // NAT64, and 6to4.
        [0x64, 0xff9b, ..] => v4(6, 7),
        [0x2002, ..] => v4(1, 2),
        _ => address.to_canonical(),
    }
}

fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_link_local()
                // Alibaba Cloud, Oracle Cloud and Azure.
                || v4 == Ipv4Addr::new(100, 100, 100, 200)
                || v4 == Ipv4Addr::new(192, 0, 0, 192)
                || v4 == Ipv4Addr::new(168, 63, 129, 16)
        }
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                // AWS, and Google Cloud.
                || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
                || v6 == Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let reserved = matches!(
                (a, b, c),
                (0 | 240.., _, _)
                    | (100, 64..=127, _)
                    | (192, 0, 0)
                    | (192, 88, 99)
                    | (198, 18..=19, _)
            );
            !(reserved
                || v4.is_private()
                || v4.is_loopback()
                || v4.is_multicast()
                || v4.is_documentation())
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            // Global unicast is 2000::/3; out of it go Teredo, ORCHID, benchmarks and examples.
            let global = (0x2000..0x4000).contains(&a);
            let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || (a == 0x3fff && b < 0x1000);
            global && !special
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(egress: Egress, addresses: &[&str]) {
        for address in addresses {
            assert!(egress.allows(address.parse().unwrap()), "{egress:?} should allow {address}");
        }
    }

    fn refused(egress: Egress, addresses: &[&str]) {
        for address in addresses {
            assert!(!egress.allows(address.parse().unwrap()), "{egress:?} should refuse {address}");
        }
    }

    const METADATA: &[&str] = &[
        "169.254.169.254",
        "169.254.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
    ];

    #[test]
    fn configured_addresses_may_be_private_but_no_metadata_service() {
        allowed(Egress::Configured, &["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "8.8.8.8"]);
        refused(Egress::Configured, METADATA);
        allowed(Egress::Declared, METADATA);
    }

    #[test]
    fn addresses_of_callers_are_public() {
        allowed(Egress::Public, &["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2002:808:808::1"]);
        refused(Egress::Public, METADATA);
        refused(
            Egress::Public,
            &[
                "127.0.0.1",
                "10.0.0.1",
                "172.16.0.1",
                "192.168.1.1",
                "0.0.0.0",
                "100.64.0.1",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "192.0.2.1",
                "::1",
                "::",
                "fc00::1",
                "ff02::1",
                "2001:db8::1",
                "2001::1",
                "::ffff:127.0.0.1",
                "64:ff9b::7f00:1",
                "2002:7f00:1::",
                "fec0::1",
            ],
        );
    }

    #[test]
    fn a_link_local_address_is_called_where_an_admin_declared_it() {
        let address = "169.254.169.254".parse().unwrap();
        assert!(!Egress::configured(false).allows(address));
        assert!(Egress::configured(true).allows(address));
    }
}
