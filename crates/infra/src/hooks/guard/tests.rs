use super::*;

fn judge(text: &str, borders: &Borders) -> Result<(), UrlFault> {
    let url = HookUrl::parse(text).ok_or(UrlFault::Malformed)?;
    Address::read(&url, borders).map(drop)
}

fn strict(text: &str) -> Result<(), UrlFault> {
    judge(text, &Borders::default())
}

#[test]
fn public_addresses_pass() {
    for good in [
        "https://example.com",
        "https://example.com/hook?token=1",
        "https://example.com:443/",
        "https://example.com:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--bcher-kva.example/",
        "HTTPS://EXAMPLE.COM/",
    ] {
        assert_eq!(strict(good), Ok(()), "{good}");
    }
}

/// Every spelling of a number that the URL standard knows, and every disguise of loopback and
/// private networks that we have heard of.
#[test]
fn numbers_are_recognised_in_every_spelling() {
    for bad in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://0.0.0.0/",
        "https://127.0.0.1./",
        "https://1\u{ff12}7.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "https://10.1.2.3/",
        "https://172.20.1.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://100.64.0.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
    ] {
        let refused = strict(bad);
        let fits = matches!(refused, Err(UrlFault::NotPublic | UrlFault::Malformed));
        assert!(fits, "{bad}: {refused:?}");
    }
}

#[test]
fn anything_but_plain_https_is_refused() {
    for (bad, fault) in [
        ("http://example.com/", UrlFault::Scheme),
        ("ftp://example.com/", UrlFault::Scheme),
        ("file:///etc/passwd", UrlFault::Scheme),
        ("gopher://example.com/", UrlFault::Scheme),
        ("https://user@example.com/", UrlFault::Credentials),
        ("https://user:password@example.com/", UrlFault::Credentials),
        ("https://:password@example.com/", UrlFault::Credentials),
        ("https://example.com:22/", UrlFault::Port),
        ("https://example.com:80/", UrlFault::Port),
        ("https://example.com:0/", UrlFault::Port),
        ("https://", UrlFault::Malformed),
        ("example.com", UrlFault::Malformed),
        ("https://exa mple.com", UrlFault::Malformed),
        ("https://[::1", UrlFault::Malformed),
    ] {
        assert_eq!(strict(bad), Err(fault), "{bad}");
    }
}

#[test]
fn tests_may_open_a_network_and_operators_may_close_one() {
    let network = |text| Network::parse(text).unwrap();
    let borders = Borders { open: vec![network("127.0.0.0/8")], closed: vec![network("9.9.9.9")] };
    for good in ["http://127.0.0.1:9999/", "https://127.0.0.1:9999/", "http://localhost:8080/"] {
        assert_eq!(judge(good, &borders), Ok(()), "{good}");
    }
    for bad in ["http://8.8.8.8/", "http://10.0.0.1/", "https://10.0.0.1/", "https://9.9.9.9/"] {
        assert_eq!(judge(bad, &borders), Err(UrlFault::NotPublic), "{bad}");
    }
}

struct Fixed(Vec<&'static str>);

#[async_trait]
impl Names for Fixed {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.iter().map(|text| text.parse().unwrap()).collect())
    }
}

#[tokio::test]
async fn one_closed_address_closes_a_name() {
    for (addresses, opens) in [
        (vec!["8.8.8.8"], true),
        (vec!["8.8.8.8", "2606:4700::1111"], true),
        (vec!["8.8.8.8", "127.0.0.1"], false),
        (vec!["2606:4700::1111", "fd00::1"], false),
        (vec!["::1"], false),
        (vec!["::ffff:10.0.0.1"], false),
    ] {
        let gate = Gate::new(Arc::new(Fixed(addresses.clone())), Arc::default(), false);
        let found = gate.resolve("customer.example").await;
        assert_eq!(found.is_ok(), opens, "{addresses:?}");
    }
}
