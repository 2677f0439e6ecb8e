//! Which wire leads where. Every server has its own wires, so that one can be cut off alone.

use std::net::SocketAddr;

use anyhow::Context;

use super::ports::free_address;
use crate::proxy::Link;

/// All wires of a system.
#[derive(Default)]
pub(super) struct Wiring(Vec<Link>);

impl Wiring {
    /// Lays a wire to a port of this machine and answers where it begins.
    pub(super) async fn lay(
        &mut self,
        name: impl Into<String>,
        port: u16,
    ) -> anyhow::Result<SocketAddr> {
        let (name, server) = (name.into(), SocketAddr::from(([127, 0, 0, 1], port)));
        let address = free_address()?;
        let link = Link::lay(name, address, server).await.context("cannot lay a wire")?;
        self.0.push(link);
        Ok(address)
    }

    pub(super) fn into_links(self) -> Vec<Link> {
        self.0
    }
}
