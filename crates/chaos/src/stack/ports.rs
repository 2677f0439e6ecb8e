use std::{
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::ensure;

/// Below the range from which systems choose ports of outgoing connections: whoever is killed must
/// find its port again.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// An address nobody listens on; each is given out once.
pub(super) fn free_address() -> anyhow::Result<SocketAddr> {
    static TURN: AtomicU16 = AtomicU16::new(0);
    // Two runs at once begin at different places.
    let offset = u16::try_from(std::process::id() * 89 % u32::from(COUNT))?;
    loop {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        ensure!(turn < COUNT, "no free port");
        let address = SocketAddr::from(([127, 0, 0, 1], FIRST + (offset + turn) % COUNT));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
}
