use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Passes connections on to the server and counts what clients say.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    executed: AtomicU64,
    parsed: AtomicU64,
    rounds: AtomicU64,
}

/// What clients said since a tap was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// Statements executed.
    pub(crate) executed: u64,
    /// Statements parsed: those that were not prepared already.
    pub(crate) parsed: u64,
    /// Times a client waited for an answer.
    pub(crate) rounds: u64,
}

impl Spoken {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            executed: self.executed - earlier.executed,
            parsed: self.parsed - earlier.parsed,
            rounds: self.rounds - earlier.rounds,
        }
    }
}

impl Tap {
    /// Listens on a free port until it is dropped.
    pub(crate) async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&counts);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let counts = Arc::clone(&shared);
                connections.spawn(async move {
                    // A connection that breaks is its client's to report.
                    let _ = pass_on(client, server, &counts).await;
                });
            }
        });
        Ok(Self { address, counts, _tasks: tasks })
    }

    pub(crate) fn spoken(&self) -> Spoken {
        Spoken {
            executed: self.counts.executed.load(Ordering::Relaxed),
            parsed: self.counts.parsed.load(Ordering::Relaxed),
            rounds: self.counts.rounds.load(Ordering::Relaxed),
        }
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, counts: &Counts) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut frames = Frames::default();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from_client.read(&mut buffer).await?;
            let said = buffer.get(..length).unwrap_or_default();
            if said.is_empty() {
                return to_server.shutdown().await;
            }
            frames.read(said, |kind| counts.count(kind));
            to_server.write_all(said).await?;
        }
    };
    let down = async { copy(&mut from_server, &mut to_client).await.map(drop) };
    tokio::try_join!(up, down).map(drop)
}

impl Counts {
    fn count(&self, kind: u8) {
        let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match kind {
            b'P' => _ = add(&self.parsed),
            b'E' => _ = add(&self.executed),
            b'S' => _ = add(&self.rounds),
            b'Q' => {
                add(&self.executed);
                add(&self.rounds);
            }
            _ => {}
        }
    }
}

/// Follows the messages of a client through the pieces they arrive in.
#[derive(Default)]
struct Frames {
    /// Whether the login has begun; before that, messages have no letter.
    greeted: bool,
    head: Vec<u8>,
    skip: usize,
}

impl Frames {
    /// Requests for encryption, after which the client begins again.
    const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

    fn read(&mut self, mut piece: &[u8], mut seen: impl FnMut(u8)) {
        while let Some((first, rest)) = piece.split_first() {
            if self.skip > 0 {
                let step = self.skip.min(piece.len());
                self.skip -= step;
                piece = piece.get(step..).unwrap_or_default();
                continue;
            }
            self.head.push(*first);
            piece = rest;
            match (self.greeted, self.head.as_slice()) {
                (false, &[l0, l1, l2, l3, ref code @ ..]) if code.len() == 4 => {
                    self.skip = rest_of(u32::from_be_bytes([l0, l1, l2, l3]), 8);
                    self.greeted =
                        !Self::ENCRYPTION.iter().any(|known| known.to_be_bytes() == code);
                    self.head.clear();
                }
                (true, &[kind, l0, l1, l2, l3]) => {
                    seen(kind);
                    self.skip = rest_of(u32::from_be_bytes([l0, l1, l2, l3]), 4);
                    self.head.clear();
                }
                _ => {}
            }
        }
    }
}

/// How many bytes of a message follow when `counted` of its length have been read.
fn rest_of(length: u32, counted: usize) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], length.as_slice(), body].concat()
    }

    #[test]
    fn follows_messages_however_they_are_cut() {
        let mut said = vec![0, 0, 0, 8, 4, 210, 22, 47]; // asks for TLS
        said.extend([0, 0, 0, 13, 0, 3, 0, 0]);
        said.extend(b"user\0");
        for (kind, body) in [(b'p', b"pw".as_slice()), (b'P', b"SSQ"), (b'B', b""), (b'S', b"")] {
            said.extend(message(kind, body));
        }
        for size in 1..said.len() {
            let mut frames = Frames::default();
            let mut kinds = Vec::new();
            for piece in said.chunks(size) {
                frames.read(piece, |kind| kinds.push(kind));
            }
            assert_eq!(kinds, b"pPBS", "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn passes_everything_on_and_counts() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Tap::open(server.local_addr().unwrap()).await.unwrap();
        let mut said = vec![0, 0, 0, 8, 0, 3, 0, 0];
        for (kind, body) in [(b'Q', b"a\0".as_slice()), (b'E', b""), (b'S', b"")] {
            said.extend(message(kind, body));
        }
        let mut client = TcpStream::connect(tap.address).await.unwrap();
        client.write_all(&said).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        let mut heard = vec![0; said.len()];
        accepted.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, said);
        accepted.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        assert_eq!(tap.spoken(), Spoken { executed: 2, parsed: 0, rounds: 2 });
    }
}
