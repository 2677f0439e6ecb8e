//! A Redis that belongs to one stack, because locks and channels are global to a server.

use std::path::Path;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{
    ports::free_port,
    process::{Process, Program},
    wait::{SOON, eventually},
};

/// The running server.
pub(crate) struct Redis {
    pub(crate) process: Process,
    port: u16,
    password: String,
}

impl Redis {
    pub(crate) fn start(directory: &Path, password: &str) -> Self {
        let port = free_port();
        let settings = [
            ("--port", port.to_string()),
            ("--bind", "127.0.0.1".to_owned()),
            ("--requirepass", password.to_owned()),
            ("--dir", directory.display().to_string()),
            ("--save", String::new()),
            ("--appendonly", "no".to_owned()),
        ];
        let program = Program {
            name: "redis".to_owned(),
            path: "redis-server".into(),
            arguments: settings.into_iter().flat_map(|(key, it)| [key.to_owned(), it]).collect(),
            environment: Vec::new(),
            log: directory.join("redis.log"),
        };
        Self { process: Process::start(program), port, password: password.to_owned() }
    }

    /// Where one of the three instances is; here they are databases of one server.
    pub(crate) fn url(&self, number: u8) -> String {
        format!("redis://:{}@127.0.0.1:{}/{number}", self.password, self.port)
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&self) {
        eventually("Redis answers", SOON, async || match self.ask("PING").await {
            Ok(answer) if answer.starts_with("+PONG") => Ok(()),
            Ok(answer) => Err(answer),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    /// Forgets everything: locks, caches, limits.
    pub(crate) async fn flush(&self) {
        assert!(self.ask("FLUSHALL").await.unwrap().starts_with("+OK"));
    }

    /// The first line of the answer to a command.
    async fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut connection = BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await?);
        let request = format!("AUTH {}\r\n{command}\r\n", self.password);
        connection.write_all(request.as_bytes()).await?;
        let mut line = String::new();
        connection.read_line(&mut line).await?;
        line.clear();
        connection.read_line(&mut line).await?;
        Ok(line)
    }
}
