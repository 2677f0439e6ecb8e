use std::{net::IpAddr, str::FromStr};

/// A range of addresses, such as `10.0.0.0/8` or `fd00::/8`; without a length, one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// Reads the usual notation; nothing where bits are set behind the length.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address = IpAddr::from_str(address).ok()?;
        let bits = width(address);
        let length = length.map_or(Some(bits), |text| text.parse().ok())?;
        let network = Self { address, length };
        let host_bits = number(address).checked_shl(u32::from(128 - bits + length));
        let is_clean = length == bits || host_bits.unwrap_or(0) == 0;
        (length <= bits && is_clean).then_some(network)
    }

    /// Whether `address` is in it; one of the other family never is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = width(self.address);
        if bits != width(address) {
            return false;
        }
        let shift = u32::from(bits - self.length);
        let top = |address| u128::checked_shr(number(address), shift).unwrap_or(0);
        top(self.address) == top(address)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Ranges of IPv4 that do not lead to somebody on the public network.
const SPECIAL_V4: [&str; 16] = [
    "0.0.0.0/8",       // this network
    "10.0.0.0/8",      // private
    "100.64.0.0/10",   // behind a carrier's translation
    "127.0.0.0/8",     // loopback
    "169.254.0.0/16",  // link-local, and the metadata of clouds
    "172.16.0.0/12",   // private
    "192.0.0.0/24",    // protocol assignments
    "192.0.2.0/24",    // documentation
    "192.31.196.0/24", // name servers that swallow
    "192.52.193.0/24", // multicast relays
    "192.88.99.0/24",  // relays of 6to4
    "192.168.0.0/16",  // private
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/3",     // multicast, reserved, broadcast
];

/// All of IPv6 that is given out for the public network; the rest is closed.
const PUBLIC_V6: &str = "2000::/3";

/// Ranges in it that are special all the same.
const SPECIAL_V6: [&str; 4] = [
    "2001::/23",     // protocol assignments, among them Teredo
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4: an IPv4 address in disguise
    "3fff::/20",     // documentation
];

/// Whether an address is one of the public network. An IPv4 address in the clothes of IPv6 is
/// judged as what it is.
pub(super) fn is_public(address: IpAddr) -> bool {
    let within = |text: &str, address| Network::parse(text).is_some_and(|it| it.contains(address));
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => !SPECIAL_V4.iter().any(|special| within(special, v4)),
        v6 @ IpAddr::V6(_) => {
            within(PUBLIC_V6, v6) && !SPECIAL_V6.iter().any(|special| within(special, v6))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_special_range_is_well_written() {
        for text in SPECIAL_V4.iter().chain(&SPECIAL_V6).chain([&PUBLIC_V6]) {
            assert!(Network::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn reads_the_usual_notation_only() {
        for good in ["10.0.0.0/8", "127.0.0.1", "::/0", "0.0.0.0/0", "fd00::/8", "10.1.2.3/32"] {
            assert!(Network::parse(good).is_some(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0.1/8", "fd00::1/8", "::/129", "10.0.0.0/", "a/8"] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn contains_its_first_and_last_address() {
        let network = Network::parse("172.16.0.0/12").unwrap();
        for inside in ["172.16.0.0", "172.31.255.255"] {
            assert!(network.contains(ip(inside)));
        }
        for outside in ["172.15.255.255", "172.32.0.0", "::ffff:172.16.0.1", "::1"] {
            assert!(!network.contains(ip(outside)));
        }
        assert!(Network::parse("::/0").unwrap().contains(ip("::1")));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains(ip("255.1.2.3")));
    }

    #[test]
    fn closes_every_special_range_at_both_ends() {
        for closed in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff::",
        ] {
            assert!(!is_public(ip(closed)), "{closed}");
        }
    }

    #[test]
    fn leaves_their_neighbours_open() {
        for open in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.17.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(ip(open)), "{open}");
        }
    }
}
