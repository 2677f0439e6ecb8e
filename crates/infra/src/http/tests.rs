use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

const CALL: Duration = Duration::from_secs(5);

/// Asks a listener that answers every connection with `reply`; what came back, and each request.
async fn exchange(
    client: Client,
    reply: &'static str,
) -> (reqwest::Result<reqwest::Response>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut asked = Vec::new();
    let serve = async {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let read = socket.read(&mut bytes).await.unwrap();
            asked.push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            socket.write_all(reply.as_bytes()).await.unwrap();
        }
    };
    let answer = tokio::select! {
        answer = client.get(url).send() => answer,
        () = serve => unreachable!(),
    };
    (answer, asked)
}

#[tokio::test]
async fn redirects_are_answers() {
    let reply = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (answer, asked) = exchange(provider_client(CALL, CALL).unwrap(), reply).await;
    assert_eq!(answer.unwrap().status(), 302);
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn introduces_itself() {
    let reply = "HTTP/1.1 204 No Content\r\n\r\n";
    let (answer, asked) = exchange(gateway_client(CALL).unwrap(), reply).await;
    assert_eq!(answer.unwrap().status(), 204);
    let line = format!("user-agent: switchboard/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert!(asked[0].contains(&line), "{}", asked[0]);
}

#[tokio::test]
async fn a_connection_cut_without_answer_is_not_tried_again() {
    let (answer, asked) = exchange(provider_client(CALL, CALL).unwrap(), "").await;
    assert!(answer.is_err());
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn gives_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = gateway_client(Duration::from_millis(20)).unwrap();
    assert!(client.get(url).send().await.unwrap_err().is_timeout());
}
