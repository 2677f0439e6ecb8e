use std::{net::SocketAddr, time::Instant};

use anyhow::ensure;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An open stream of server-sent events.
pub(crate) struct EventStream {
    stream: TcpStream,
    received: Vec<u8>,
}

impl EventStream {
    /// Opens it and reads what it begins with, so that the server listens for news from then on.
    pub(crate) async fn open(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /v1/orders/stream HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut opened = Self { stream, received: Vec::new() };
        while !contains(&opened.block().await?, b"event: snapshot\n") {}
        Ok(opened)
    }

    /// Reads until the event `name` about `order` is here, and says when its last byte was.
    pub(crate) async fn about(&mut self, name: &str, order: i64) -> anyhow::Result<Instant> {
        let [name, order] = [format!("event: {name}\n"), format!("\"id\":{order},")];
        loop {
            let block = self.block().await?;
            let at = Instant::now();
            if contains(&block, name.as_bytes()) && contains(&block, order.as_bytes()) {
                return Ok(at);
            }
        }
    }

    /// Everything up to the next blank line.
    async fn block(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.received.windows(2).position(|two| two == b"\n\n") {
                return Ok(self.received.drain(..end + 2).collect());
            }
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server closed the stream");
        }
    }
}

fn contains(block: &[u8], part: &[u8]) -> bool {
    block.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn finds_the_event_about_an_order_among_others() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for piece in [
                "HTTP/1.1 200 OK\r\n\r\n20\r\nevent: snap",
                "shot\ndata: []\nid: 0\n\n: heartbeat\n\n",
                "event: a\ndata: {\"id\":71,\"x\":1}\n\nevent: b\ndata: {\"id\":7,\"x\":1}\n\n",
                "event: a\ndata: {\"id\":7,\"x\":1}\n\n",
            ] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let listen = async {
            let mut events = EventStream::open(address, "token").await.unwrap();
            events.about("a", 7).await.unwrap();
            assert!(events.received.is_empty());
            events.about("a", 7).await.unwrap_err();
        };
        tokio::join!(serve, listen);
    }
}
