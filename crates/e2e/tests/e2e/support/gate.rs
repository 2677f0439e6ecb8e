//! A gate in front of a server that cannot be stopped because others use it too.

use std::{net::SocketAddr, sync::Mutex};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::ports::free_port;

/// Passes connections on to a server until it is closed.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    server: SocketAddr,
    open: Mutex<Option<JoinSet<()>>>,
}

impl Gate {
    /// An open gate to `server`.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let gate = Self { address, server, open: Mutex::new(None) };
        gate.open().await;
        gate
    }

    /// Lets connections through again.
    pub(crate) async fn open(&self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let mut gate = JoinSet::new();
        gate.spawn(pass(listener, self.server));
        *self.open.lock().unwrap() = Some(gate);
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) fn close(&self) {
        self.open.lock().unwrap().take();
    }
}

async fn pass(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(server).await {
                // Whoever ends it, both sides see the end.
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
