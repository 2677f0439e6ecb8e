//! The judge of addresses, for the crate that tries it on anything.

use std::net::IpAddr;

use domain::hooks::{HookUrl, UrlFault};

use super::{
    guard::{Address, Borders},
    network::Network,
};

/// What is left of an address that may be called: its host, its port, and whether it is called
/// without encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The name or the number.
    pub host: String,
    /// The number of a host that is one.
    pub number: Option<IpAddr>,
    /// The port, also where it is not written.
    pub port: u16,
    /// Without encryption.
    pub plain: bool,
}

/// Judges an address as it is judged when it is saved: `open` networks may be called although they
/// are not public, `closed` ones may not although they are.
///
/// # Errors
/// Why it is not called.
pub fn judge(url: &HookUrl, open: &[Network], closed: &[Network]) -> Result<Judged, UrlFault> {
    let borders = Borders { open: open.to_vec(), closed: closed.to_vec() };
    let address = Address::read(url, &borders)?;
    let host = address.url.host_str().unwrap_or_default().to_owned();
    let number = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let port = address.url.port_or_known_default().unwrap_or_default();
    Ok(Judged { host, number, port, plain: address.plain })
}

/// Whether a name that leads to `address` is called.
pub fn is_called(address: IpAddr) -> bool {
    Borders::default().allows(address, false)
}
