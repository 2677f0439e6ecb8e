//! Addresses of customers' servers: one in the first line, networks of operators in the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use domain::hooks::{HookUrl, UrlFault};
use infra::hooks::{
    Network,
    fuzz::{Judged, is_called, judge},
};

use crate::bytes;

/// Parts of addresses.
pub(crate) const WORDS: &[&str] = &[
    "https://",
    "HTTPS:\\\\",
    "http://",
    "https://shop.example/hook",
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::a00:1]",
    "169.254.169.254",
    "１２７.0.0.1",
    "%31%32%37.0.0.1",
    "localhost",
    "user:secret@",
    ":443",
    ":8443",
    ":22",
    ":0",
    "\n10.0.0.0/8",
    "/0",
    "#",
    "@",
    "\\",
];

/// What is called is encrypted, at a port that servers of the web have, without credentials, and if
/// it is a number, one of the public network, in whatever spelling. What operators closed stays so.
pub(crate) fn check(input: &[u8]) {
    let (line, rest) = bytes::first_line(input);
    let rest = bytes::text(rest);
    let networks: Vec<_> = rest.split_ascii_whitespace().filter_map(Network::parse).collect();
    networks.iter().for_each(check_network);
    check_addresses(input);
    let Some(url) = HookUrl::parse(line.trim()) else { return };
    let judged = judge(&url, &[], &[]);
    if let Ok(judged) = &judged {
        check_called(url.as_str(), judged);
    }
    let closed = judge(&url, &[], &networks);
    match (&judged, &closed) {
        (Ok(open), Ok(narrow)) => {
            assert_eq!(open, narrow);
            let number = narrow.number.map(|number| number.to_canonical());
            let within = |network: &Network| number.is_some_and(|it| network.contains(it));
            assert!(!networks.iter().any(within), "{narrow:?} is closed");
        }
        (Ok(open), Err(fault)) => {
            assert!(open.number.is_some() && *fault == UrlFault::NotPublic, "{open:?} {fault:?}");
        }
        (Err(_), Ok(narrow)) => panic!("closing networks opened {narrow:?}"),
        (Err(_), Err(_)) => {}
    }
    // For tests networks can be opened, and with them clear text: to what is in them, no further.
    if let Ok(open) = judge(&url, &networks, &[])
        && let Some(number) = open.number
        && (open.plain || judged.is_err())
    {
        let number = number.to_canonical();
        assert!(networks.iter().any(|network| network.contains(number)), "{open:?}");
    }
}

fn check_called(url: &str, judged: &Judged) {
    assert!(!judged.plain && url.to_ascii_lowercase().starts_with("https:"), "{url}");
    assert!(judged.port == 443 || judged.port >= 1024, "{url}");
    let authority = url.get("https:".len()..).unwrap_or_default();
    let authority = authority.trim_start_matches(['/', '\\']);
    let end = authority.find(['/', '\\', '?', '#']).unwrap_or(authority.len());
    let authority = &authority[..end];
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    assert!(user.bytes().all(|byte| byte == b':'), "{url} has credentials");
    if let Some(number) = judged.number {
        assert!(is_called(number) && is_plausible(number), "{url} is {number}");
        return;
    }
    // A resolver would take such a name for a number. One that ends with an empty label leads
    // nowhere.
    let host = judged.host.strip_suffix('.').unwrap_or(&judged.host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = |digits: &str| digits.bytes().all(|it| it.is_ascii_digit());
    let is_hex = |digits: &str| digits.bytes().all(|it| it.is_ascii_hexdigit());
    assert!(last.is_empty() || !is_number(last), "{url}");
    assert!(!last.strip_prefix("0x").is_some_and(is_hex), "{url}");
}

/// By the words of the standard library, which knows fewer ranges.
fn is_plausible(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let near = v4.is_private() || v4.is_loopback() || v4.is_link_local();
            let nobody = v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            !(near || nobody || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            let special = v6.is_loopback() || v6.is_unspecified() || v6.is_multicast();
            !(special || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

/// An address is judged as the same one in any clothes.
fn check_addresses(input: &[u8]) {
    if let Some(four) = input.first_chunk::<4>() {
        let address = Ipv4Addr::from(*four);
        let called = is_called(IpAddr::V4(address));
        assert!(!called || is_plausible(IpAddr::V4(address)), "{address}");
        assert_eq!(is_called(IpAddr::V6(address.to_ipv6_mapped())), called, "{address}");
        let [a, b, c, d] = four.map(u16::from);
        let (high, low) = ((a << 8) | b, (c << 8) | d);
        for disguise in [
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        ] {
            assert!(!is_called(IpAddr::V6(disguise)), "{disguise}");
        }
    }
    if let Some(sixteen) = input.first_chunk::<16>() {
        let address = IpAddr::V6(Ipv6Addr::from(*sixteen));
        assert!(!is_called(address) || is_plausible(address), "{address}");
    }
}

/// A network has the addresses it is written with, and none of the other family.
fn check_network(network: &Network) {
    let (four, six) = (IpAddr::from([1, 2, 3, 4]), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let families = [network.contains(four), network.contains(six)];
    assert!(families != [true, true], "{network:?} is of both families");
}
