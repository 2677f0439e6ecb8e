use std::{fmt, net::IpAddr};

/// Neighbouring addresses, such as `192.0.2.0/24`; one address alone is a range as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpRange {
    network: IpAddr,
    prefix: u8,
}

impl IpRange {
    /// Reads `address/prefix` or an address. Bits after the prefix must be zero: who writes
    /// `192.0.2.7/24` means one of two things.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let longest = width(address);
        let prefix = prefix.unwrap_or(longest);
        let range = Self { network: address, prefix };
        (prefix <= longest && masked(address, prefix) == address).then_some(range)
    }

    /// Whether `address` is in it. IPv4 in the clothes of IPv6 is IPv4.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.prefix) == self.network
    }

    /// The range of `prefix` bits that `address` is in.
    pub fn around(address: IpAddr, prefix: u8) -> Self {
        let prefix = prefix.min(width(address));
        Self { network: masked(address, prefix), prefix }
    }

    /// Its first address.
    pub const fn network(self) -> IpAddr {
        self.network
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::from((v4.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::from((v6.to_bits() & mask).to_be_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.7/32", "::/0", "2001:db8::/32"] {
            assert_eq!(IpRange::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(IpRange::parse("192.0.2.7").unwrap().to_string(), "192.0.2.7/32");
        assert_eq!(IpRange::parse("2001:db8::1").unwrap().to_string(), "2001:db8::1/128");
    }

    #[test]
    fn refuses_what_could_mean_two_things_or_nothing() {
        for text in
            ["", "192.0.2.7/24", "192.0.2.0/33", "2001:db8::1/64", "::/129", "a/8", "192.0.2.0/"]
        {
            assert_eq!(IpRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contains_its_first_and_last_and_no_neighbour() {
        let range = IpRange::parse("192.0.2.16/28").unwrap();
        let contains = |text: &str| range.contains(text.parse().unwrap());
        assert!(contains("192.0.2.16") && contains("192.0.2.31") && contains("::ffff:192.0.2.20"));
        assert!(!contains("192.0.2.15") && !contains("192.0.2.32") && !contains("2001:db8::1"));
        let range = IpRange::parse("2001:db8:0:1::/64").unwrap();
        let contains = |text: &str| range.contains(text.parse().unwrap());
        assert!(contains("2001:db8:0:1:ffff::") && !contains("2001:db8:0:2::"));
        assert!(IpRange::parse("0.0.0.0/0").unwrap().contains("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn finds_the_network_of_an_address() {
        let around =
            |text: &str, prefix| IpRange::around(text.parse().unwrap(), prefix).to_string();
        assert_eq!(around("2001:db8:0:1:2:3:4:5", 64), "2001:db8:0:1::/64");
        assert_eq!(around("192.0.2.7", 64), "192.0.2.7/32");
    }
}
