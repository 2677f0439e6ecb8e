//! What the document of the API says holds for somebody who knows nothing else.

use crate::support::{Options, Stack, python};

#[tokio::test]
async fn answers_as_the_document_says() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let tester = stack.tester(&customer).await;
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let asked = python(
        "document.py",
        &[("BASE_URL", &tester.url), ("TOKEN", &tester.token), ("DOCUMENT", document)],
    )
    .await;
    assert_eq!(asked.lines().last(), Some("all promises kept"), "{asked}");
    stack.finish().await;
}
