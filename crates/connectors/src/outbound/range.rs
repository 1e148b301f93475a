//! Which addresses the guard may reach: public unicast only, whatever form an address is written in.
//!
//! Sources: the IANA special-purpose address registries (IPv4 and IPv6), RFC 6890, RFC 6052 (NAT64), RFC 3056 (6to4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const LOOPBACK: &str = "this machine itself";
const PRIVATE: &str = "a private network";
const LINK_LOCAL: &str =
    "a link-local network, where cloud machines answer with their own credentials";
const DOCUMENTATION: &str = "a network for documentation";
const RESERVED: &str = "a reserved network";
const MULTICAST: &str = "a multicast group";

/// The IPv4 networks that are not for everybody: network, prefix length, what it is.
const INSIDE_V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, RESERVED),
    ([10, 0, 0, 0], 8, PRIVATE),
    ([100, 64, 0, 0], 10, "a carrier's shared network"),
    ([127, 0, 0, 0], 8, LOOPBACK),
    // Azure's machines reach their host's agent here; the address is of a public range but is not public.
    ([168, 63, 129, 16], 32, "the host agent of Azure"),
    ([169, 254, 0, 0], 16, LINK_LOCAL),
    ([172, 16, 0, 0], 12, PRIVATE),
    ([192, 0, 0, 0], 24, RESERVED),
    ([192, 0, 2, 0], 24, DOCUMENTATION),
    ([192, 88, 99, 0], 24, RESERVED),
    ([192, 168, 0, 0], 16, PRIVATE),
    ([198, 18, 0, 0], 15, "a network for measurements"),
    ([198, 51, 100, 0], 24, DOCUMENTATION),
    ([203, 0, 113, 0], 24, DOCUMENTATION),
    ([224, 0, 0, 0], 4, MULTICAST),
    ([240, 0, 0, 0], 4, RESERVED),
];

/// What an address belongs to when it is not public; `None` for a public one.
pub(super) fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    INSIDE_V4
        .iter()
        .find(|(network, prefix, _)| {
            (bits ^ u32::from(Ipv4Addr::from(*network))) >> (32 - prefix) == 0
        })
        .map(|(_, _, what)| *what)
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    match (a, b) {
        // An IPv4 address in disguise (v4-mapped, NAT64, 6to4) is judged as what it leads to.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => inside_v4(v4(g, h)),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => inside_v4(v4(g, h)),
        (0x2002, _) => inside_v4(v4(b, c)),
        _ if address.is_loopback() => Some(LOOPBACK),
        (0xfe80..=0xfebf, _) => Some(LINK_LOCAL),
        (0xfc00..=0xfdff | 0xfec0..=0xfeff, _) => Some(PRIVATE),
        (0xff00..=0xffff, _) => Some(MULTICAST),
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => Some(DOCUMENTATION),
        // Protocol assignments, Teredo among them.
        (0x2001, 0..=0x01ff) => Some(RESERVED),
        (0x2000..=0x3fff, _) => None,
        _ => Some(RESERVED),
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(addresses: &[&str], expected: bool) {
        for text in addresses {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(inside(address).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn every_network_that_is_not_public_is_known_at_both_its_ends() {
        all(
            &[
                "0.0.0.0",
                "0.255.255.255",
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.255",
                "168.63.129.16",
                "169.254.0.0",
                "169.254.169.254",
                "169.254.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.0.0.1",
                "192.0.2.255",
                "192.88.99.1",
                "192.168.0.0",
                "192.168.255.255",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
            ],
            true,
        );
        all(
            &[
                "::",
                "::1",
                "::7f00:1",
                "fe80::1",
                "febf::1",
                "fec0::1",
                "feff::1",
                "fc00::1",
                "fd00:ec2::254",
                "fdff::1",
                "ff02::1",
                "2001:db8::1",
                "3fff::1",
                "3fff:fff::1",
                "2001::1",
                "2001:1ff::1",
                "100::1",
                "64:ff9b:1::1",
                "5f00::1",
                "4000::1",
            ],
            true,
        );
    }

    #[test]
    fn an_inside_address_stays_inside_in_every_ipv6_form() {
        for (network, _, _) in INSIDE_V4 {
            let bits = u32::from(Ipv4Addr::from(*network));
            let [high, low] = [bits >> 16, bits & 0xffff].map(|half| format!("{half:x}"));
            for text in [
                format!("::ffff:{high}:{low}"),
                format!("64:ff9b::{high}:{low}"),
                format!("2002:{high}:{low}::1"),
                format!("::{high}:{low}"),
            ] {
                all(&[&text], true);
            }
        }
    }

    #[test]
    fn the_neighbours_of_those_networks_and_public_forms_are_public() {
        all(
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "168.63.129.15",
                "168.63.129.17",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.0.3.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "2606:4700:4700::1111",
                "2001:200::1",
                "2001:db7::1",
                "2001:db9::1",
                "3fff:1000::1",
                "64:ff9b::101:101",
                "::ffff:1.1.1.1",
                "2002:101:101::1",
            ],
            false,
        );
    }
}
