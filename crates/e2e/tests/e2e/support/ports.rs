use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which systems choose ports of outgoing connections, so that none of those
/// takes a port between choosing and listening.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

/// A port nobody listens on. Each is given out once, so that a server can be started again on its
/// own.
pub(crate) fn free_port() -> u16 {
    static TURN: AtomicU16 = AtomicU16::new(0);
    // Two test runs at once begin at different places.
    let offset = u16::try_from(std::process::id() * 97 % u32::from(COUNT)).unwrap();
    loop {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        assert!(turn < COUNT, "no free port");
        let port = FIRST + (offset + turn) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
