use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Extensions, HeaderMap};
use axum::middleware::{Next, from_fn};

const FORWARDED: &str = "x-forwarded-for";

/// Where a request comes from; in its extensions where [`with_client_ip`] is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// Lets handlers and layers know where requests come from.
///
/// Each of `trusted_proxies` in front of us adds who called it to the end of `X-Forwarded-For`, so
/// the caller is that many places from the end. What stands before it was written by the caller
/// and proves nothing; without proxies the whole header does.
pub fn with_client_ip(router: Router, trusted_proxies: usize) -> Router {
    router.layer(from_fn(move |mut request: Request, next: Next| {
        if let Some(ip) = client_ip(request.headers(), request.extensions(), trusted_proxies) {
            request.extensions_mut().insert(ClientIp(ip));
        }
        next.run(request)
    }))
}

fn client_ip(
    headers: &HeaderMap,
    extensions: &Extensions,
    trusted_proxies: usize,
) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Some(place) = trusted_proxies.checked_sub(1) else { return peer.map(canonical) };
    let lines = headers.get_all(FORWARDED).iter().rev();
    let mut entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    // A shorter list means that the request came past the proxies: then the peer is who it is.
    entries.nth(place).and_then(address).or(peer).map(canonical)
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    entry.parse().ok().or_else(with_port).or_else(bracketed)
}

fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &[&str], trusted_proxies: usize) -> String {
        let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
        for line in lines {
            headers.append(FORWARDED, line.parse().unwrap());
        }
        extensions.insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 1], 4711))));
        client_ip(&headers, &extensions, trusted_proxies).unwrap().to_string()
    }

    #[test]
    fn believes_nobody_without_trusted_proxies() {
        assert_eq!(seen(&["192.0.2.1"], 0), "203.0.113.1");
        assert_eq!(seen(&[], 0), "203.0.113.1");
    }

    #[test]
    fn counts_from_the_end() {
        let spoofed = &["10.0.0.1, 192.0.2.1, 198.51.100.2"];
        assert_eq!(seen(spoofed, 1), "198.51.100.2");
        assert_eq!(seen(spoofed, 2), "192.0.2.1");
        assert_eq!(seen(&["10.0.0.1", "192.0.2.1,198.51.100.2"], 2), "192.0.2.1");
        assert_eq!(seen(&["10.0.0.1", "192.0.2.1,198.51.100.2"], 3), "10.0.0.1");
    }

    #[test]
    fn falls_back_to_the_peer() {
        for line in ["", "unknown", "192.0.2.1, _hidden", "192.0.2.1,"] {
            assert_eq!(seen(&[line], 1), "203.0.113.1", "{line}");
        }
        assert_eq!(seen(&["192.0.2.1"], 2), "203.0.113.1");
        assert_eq!(seen(&[], 1), "203.0.113.1");
    }

    #[test]
    fn reads_addresses_as_proxies_write_them() {
        for (entry, ip) in [
            ("192.0.2.1:8080", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(seen(&[entry], 1), ip, "{entry}");
        }
    }
}
