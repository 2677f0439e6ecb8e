use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Client, header::CONTENT_TYPE, redirect};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a receiver may take; real providers give it three to ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Enough to keep a receiver busy, few enough not to exhaust local ports.
const PARALLEL: usize = 128;

/// Sends requests to the system under test, in the background until the sandbox stops.
#[derive(Clone)]
pub(crate) struct Courier {
    client: Client,
    tasks: TaskTracker,
    stop: CancellationToken,
    slots: Arc<Semaphore>,
}

impl Courier {
    pub(crate) fn new(client: Client, stop: CancellationToken) -> Self {
        let slots = Arc::new(Semaphore::new(PARALLEL));
        Self { client, tasks: TaskTracker::new(), stop, slots }
    }

    /// Runs `work` independently of the caller until it ends or the sandbox stops.
    pub(crate) fn run<T, W>(&self, work: W) -> impl Future<Output = Option<T>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let stop = self.stop.clone();
        let task = self.tasks.spawn(async move { stop.run_until_cancelled(work).await });
        async move { task.await.ok().flatten() }
    }

    /// As [`Self::run`], for work nobody waits for.
    pub(crate) fn detach(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.run(work));
    }

    /// Waits for `duration`, at most until the sandbox stops.
    pub(crate) async fn pause(&self, duration: Duration) {
        let _ = self.stop.run_until_cancelled(tokio::time::sleep(duration)).await;
    }

    /// The status the receiver of a JSON body answered, 0 when it did not.
    pub(crate) async fn post(&self, url: &str, signature: Option<&str>, body: Bytes) -> u16 {
        let signature = signature.map(|it| ("stripe-signature", it));
        let content_type = (CONTENT_TYPE.as_str(), "application/json");
        self.send(url, [content_type].into_iter().chain(signature), body).await
    }

    /// The status the receiver answered, 0 when it did not.
    pub(crate) async fn send(
        &self,
        url: &str,
        headers: impl IntoIterator<Item = (&'static str, &str)> + Send,
        body: Bytes,
    ) -> u16 {
        let Ok(_slot) = self.slots.acquire().await else { return 0 };
        let mut request = self.client.post(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match request.body(body).send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                // Reading the answer to its end lets the connection be used again.
                let _ = response.bytes().await;
                status
            }
            Err(error) => {
                tracing::debug!(%error, "nobody answered a callback");
                0
            }
        }
    }

    /// Cancels what is under way and waits until it is gone.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A client that talks to the given address only: no proxy, no redirect.
pub(crate) fn client() -> reqwest::Result<Client> {
    Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(PARALLEL)
        .build()
}
