use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{
    fuse::{Fuse, Way},
    pump::carry,
    weather::{Mode, View, Weather},
};

/// One wire: whoever connects to `address` speaks with the server behind it.
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    weather: watch::Sender<Weather>,
    fuse: Arc<Fuse>,
    made: Arc<AtomicU64>,
    _work: JoinSet<()>,
}

impl Link {
    pub(crate) async fn lay(
        name: String,
        address: SocketAddr,
        server: SocketAddr,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let (weather, seen) = watch::channel(Weather::FINE);
        let (fuse, made) = (Arc::new(Fuse::default()), Arc::new(AtomicU64::new(0)));
        let mut work = JoinSet::new();
        work.spawn(accept(listener, server, seen, (Arc::clone(&fuse), Arc::clone(&made))));
        Ok(Self { name, address, weather, fuse, made, _work: work })
    }

    /// Changes how it behaves.
    pub(crate) fn set(&self, mode: Mode) {
        self.weather.send_modify(|weather| weather.mode = mode);
    }

    /// Resets all connections; answers how many there ever were.
    pub(crate) fn cut(&self) -> u64 {
        let made = self.made.load(Ordering::Relaxed);
        self.weather.send_modify(|weather| weather.cut_below = made);
        made
    }

    /// Makes all present connections hear nothing any more, without telling either side. New ones
    /// work.
    pub(crate) fn deafen(&self) {
        let made = self.made.load(Ordering::Relaxed);
        self.weather.send_modify(|weather| weather.deaf_below = made);
    }

    /// Resets the connection that carries the byte after this many.
    pub(crate) fn light_fuse(&self, way: Way, bytes: u64) {
        self.fuse.light(way, bytes);
    }

    /// True until a lit fuse has burnt down.
    pub(crate) fn has_lit_fuse(&self) -> bool {
        self.fuse.is_lit()
    }

    /// Ends everything that is wrong with it. What was deaf is reset: a machine that comes back
    /// knows nothing of old connections.
    pub(crate) fn heal(&self) {
        self.fuse.put_out();
        self.weather.send_modify(|weather| {
            weather.mode = Mode::Clear;
            weather.cut_below = weather.cut_below.max(weather.deaf_below);
        });
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    weather: watch::Receiver<Weather>,
    (fuse, made): (Arc<Fuse>, Arc<AtomicU64>),
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // No file descriptors left: those of ended connections come back.
                let Ok((near, _)) = accepted else { tokio::task::yield_now().await; continue };
                let number = made.fetch_add(1, Ordering::Relaxed);
                let view = View { number, weather: weather.clone() };
                connections.spawn(connect(near, server, view, Arc::clone(&fuse)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(near: TcpStream, server: SocketAddr, view: View, fuse: Arc<Fuse>) {
    let far =
        if view.mode() == Mode::Refusing { None } else { TcpStream::connect(server).await.ok() };
    let Some(far) = far else {
        let _ = near.set_zero_linger();
        return;
    };
    // Nothing waits for more bytes to send along: the faults decide what is late.
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    carry(near, far, view, &fuse).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A wire to a server that sends back what it gets.
    async fn echo() -> (Link, JoinSet<()>) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let behind = server.local_addr().unwrap();
        let mut work = JoinSet::new();
        work.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((mut client, _)) = server.accept().await {
                clients.spawn(async move {
                    let (mut from, mut to) = client.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        (Link::lay("echo".to_owned(), free, behind).await.unwrap(), work)
    }

    async fn say(client: &mut TcpStream, words: &[u8]) -> std::io::Result<Vec<u8>> {
        client.write_all(words).await?;
        let mut heard = vec![0; words.len()];
        client.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn carries_bytes_in_fine_weather_and_ends_with_its_ends() {
        let (link, _server) = echo().await;
        let mut client = TcpStream::connect(link.address).await.unwrap();
        let long = vec![7; 100_000];
        let (mut from, mut to) = client.split();
        let mut heard = Vec::new();
        let sending = async {
            to.write_all(&long).await.unwrap();
            to.shutdown().await.unwrap();
        };
        let ((), read) = tokio::join!(sending, from.read_to_end(&mut heard));
        read.unwrap();
        assert_eq!(heard, long);
    }

    #[tokio::test]
    async fn resets_at_the_byte_the_fuse_was_lit_for() {
        let (link, _server) = echo().await;
        link.light_fuse(Way::Back, 5);
        let mut client = TcpStream::connect(link.address).await.unwrap();
        client.write_all(b"12345678").await.unwrap();
        let mut heard = [0; 5];
        client.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"12345");
        let error = client.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(!link.has_lit_fuse());
    }

    #[tokio::test]
    async fn cuts_old_connections_and_makes_new_ones() {
        let (link, _server) = echo().await;
        let mut old = TcpStream::connect(link.address).await.unwrap();
        say(&mut old, b"first").await.unwrap();
        link.cut();
        old.read_u8().await.unwrap_err();
        let mut new = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(say(&mut new, b"second").await.unwrap(), b"second");
    }

    #[tokio::test]
    async fn holds_everything_back_in_the_dark_and_delivers_it_afterwards() {
        let (link, _server) = echo().await;
        let mut client = TcpStream::connect(link.address).await.unwrap();
        say(&mut client, b"before").await.unwrap();
        link.set(Mode::Dark);
        client.write_all(b"meanwhile").await.unwrap();
        let mut heard = [0; 9];
        let waiting = client.read_exact(&mut heard);
        let early = tokio::time::timeout(std::time::Duration::from_millis(50), waiting).await;
        assert!(early.is_err());
        link.set(Mode::Clear);
        client.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"meanwhile");
    }

    #[tokio::test]
    async fn leaves_deaf_connections_open_and_resets_them_when_healed() {
        let (link, _server) = echo().await;
        let mut old = TcpStream::connect(link.address).await.unwrap();
        say(&mut old, b"first").await.unwrap();
        link.deafen();
        let mut new = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(say(&mut new, b"second").await.unwrap(), b"second");
        old.write_all(b"lost").await.unwrap();
        let early = tokio::time::timeout(std::time::Duration::from_millis(50), old.read_u8()).await;
        assert!(early.is_err());
        link.heal();
        old.read_u8().await.unwrap_err();
    }

    #[tokio::test]
    async fn refuses_newcomers_when_told_to() {
        let (link, _server) = echo().await;
        link.set(Mode::Refusing);
        let mut client = TcpStream::connect(link.address).await.unwrap();
        client.read_u8().await.unwrap_err();
    }
}
