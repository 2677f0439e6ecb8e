use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// No answer of ours comes near it.
const MAX_ANSWER: usize = 1024 * 1024;

/// One keep-alive connection, one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer; the body is borrowed from the connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(16 * 1024) })
    }

    /// Sends one complete request and reads its answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            if let Some(head) = Head::read(&self.received)?
                && self.received.len() >= head.end + head.length
            {
                let body = self.received.get(head.end..head.end + head.length).unwrap_or_default();
                return Ok(Reply { status: head.status, body });
            }
            ensure!(self.received.len() < MAX_ANSWER, "the answer does not end");
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
        }
    }
}

/// The first lines of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    length: usize,
}

impl Head {
    /// Nothing while it is incomplete.
    fn read(received: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = received.get(..end).map(std::str::from_utf8);
        let text = text.context("no head")?.context("the head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok()).context("no status")?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .context("the answer does not say how long it is")?;
        Ok(Some(Self { status, end: end + 4, length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_head_once_it_is_complete() {
        let answer = b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        for cut in 0..answer.len() - 2 {
            assert_eq!(Head::read(&answer[..cut]).unwrap(), None);
        }
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!(head, Head { status: 409, end: answer.len() - 2, length: 2 });
    }

    #[test]
    fn refuses_what_it_cannot_delimit() {
        Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap_err();
        Head::read(b"hello\r\n\r\n").unwrap_err();
    }

    #[tokio::test]
    async fn uses_one_connection_for_many_requests() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for piece in ["HTTP/1.1 200 OK\r\ncontent-le", "ngth: 3\r\n\r\na", "bc"] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            let mut request = [0; 3];
            stream.read_exact(&mut request).await.unwrap();
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        };
        let ask = async {
            let mut connection = Connection::open(address).await.unwrap();
            assert_eq!(connection.send(b"one").await.unwrap(), Reply { status: 200, body: b"abc" });
            assert_eq!(connection.send(b"two").await.unwrap().status, 503);
            connection.send(b"three").await.unwrap_err();
        };
        tokio::join!(serve, ask);
    }
}
