//! Which addresses are called.
//!
//! Checked twice: when an address is saved, and whenever it is called. A name is resolved by us and
//! connected to nothing but what was resolved and judged, so that it cannot lead elsewhere in
//! between.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use domain::hooks::{HookUrl, UrlFault};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::network::{Network, is_public};

/// Finds the addresses of a name.
#[async_trait]
pub trait Names: Send + Sync {
    /// All of them.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the system, as every program does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Which networks are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Borders {
    /// Open although they are not public, and without encryption: for tests.
    pub(super) open: Vec<Network>,
    /// Closed although they are public: our own.
    pub(super) closed: Vec<Network>,
}

impl Borders {
    fn is_open(&self, address: IpAddr) -> bool {
        self.open.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// Whether an address may be called, in clear text if `plain`.
    pub(super) fn allows(&self, address: IpAddr, plain: bool) -> bool {
        let closed = self.closed.iter().any(|network| network.contains(address.to_canonical()));
        !closed && (self.is_open(address) || (!plain && is_public(address)))
    }
}

/// An address whose text alone gives no reason to refuse it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) url: Url,
    /// Without encryption.
    pub(super) plain: bool,
}

impl Address {
    /// Reads an address and judges what can be seen: a host that is a number, in whatever spelling,
    /// never reaches a resolver.
    pub(super) fn read(url: &HookUrl, borders: &Borders) -> Result<Self, UrlFault> {
        let url = Url::parse(url.as_str()).map_err(|_| UrlFault::Malformed)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" if !borders.open.is_empty() => true,
            _ => return Err(UrlFault::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::Credentials);
        }
        let port = url.port_or_known_default().ok_or(UrlFault::Port)?;
        if port != if plain { 80 } else { 443 } && port < 1024 {
            return Err(UrlFault::Port);
        }
        let number = match url.host().ok_or(UrlFault::Malformed)? {
            Host::Ipv4(v4) => Some(IpAddr::from(v4)),
            Host::Ipv6(v6) => Some(IpAddr::from(v6)),
            Host::Domain(_) => None,
        };
        match number {
            Some(number) if !borders.allows(number, plain) => Err(UrlFault::NotPublic),
            _ => Ok(Self { url, plain }),
        }
    }

    /// The name to be resolved, if the host is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self.url.host()? {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}

/// Resolves names to what may be called, and to nothing when any of it may not.
#[derive(Clone)]
pub(super) struct Gate {
    names: Arc<dyn Names>,
    borders: Arc<Borders>,
    plain: bool,
}

impl Gate {
    pub(super) fn new(names: Arc<dyn Names>, borders: Arc<Borders>, plain: bool) -> Self {
        Self { names, borders, plain }
    }

    /// The addresses of a name.
    pub(super) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, GateError> {
        let found = self.names.lookup(host).await.map_err(GateError::Unknown)?;
        if found.iter().all(|address| self.borders.allows(*address, self.plain)) {
            Ok(found)
        } else {
            Err(GateError::Closed)
        }
    }
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let found = gate.resolve(name.as_str()).await?;
            // The port is that of the URL: the client puts it in.
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum GateError {
    /// It leads to an address that is not called.
    #[error("the name leads to an address that is not called")]
    Closed,
    /// It could not be resolved.
    #[error("the name could not be resolved")]
    Unknown(#[source] io::Error),
}

#[cfg(test)]
mod tests;
