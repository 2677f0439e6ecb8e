//! The published client, unchanged but for the address.

use crate::support::{Options, Stack, python};

/// Its own server is on this machine.
const HERE: &str = "webhooks.allow_plain_http_to";

#[tokio::test]
async fn serves_the_published_client() {
    let stack = Stack::start(Options::default().lifetime(300, 3).with(HERE, "127.0.0.0/8")).await;
    let (customer, poor) = tokio::join!(stack.customer(500_000), stack.customer(0));
    let told = python(
        "client.py",
        &[
            ("BASE_URL", &customer.url),
            ("SANDBOX_URL", &stack.sandbox.url),
            ("TOKEN", &customer.token),
            ("POOR_TOKEN", &poor.token),
        ],
    )
    .await;
    assert_eq!(told.lines().last(), Some("all promises kept"), "{told}");
    stack.finish().await;
}
