use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::ensure;
use reqwest::Client;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::sse::{Event, Stream};
use crate::{
    history::{History, What},
    random::Random,
    stack::{Customer, System},
};

/// Customers whose streams are listened to.
const LISTENERS: usize = 5;
/// Before a broken stream is opened again.
const PAUSE_MS: (u64, u64) = (20, 500);
/// How long the first or the last events may be on their way.
const PATIENCE: Duration = Duration::from_mins(1);

/// The newest place each listener has reached; nothing before the first.
type Places = Arc<Mutex<HashMap<i64, u64>>>;

/// Customers who listen to their streams through all faults, resuming where they were cut off.
pub(crate) struct Listeners {
    places: Places,
    work: JoinSet<anyhow::Result<()>>,
}

impl Listeners {
    /// Opens the streams and waits until each has a place to resume from.
    pub(crate) async fn start(
        system: &Arc<System>,
        history: &Arc<History>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let places = Places::default();
        let mut work = JoinSet::new();
        for customer in system.customers.iter().take(LISTENERS) {
            let listener = Listener {
                fronts: system.fronts(),
                history: Arc::clone(history),
                places: Arc::clone(&places),
                customer: customer.clone(),
                random: Random::of(seed, &format!("listener {}", customer.id)),
            };
            work.spawn(listener.run());
        }
        let listeners = Self { places, work };
        let started = listeners.work.len();
        listeners.wait(|places| places.len() == started).await?;
        Ok(listeners)
    }

    /// Waits until each has heard of what is newest for its customer, if that ever comes, and ends.
    pub(crate) async fn finish(self, newest: &HashMap<i64, u64>) -> anyhow::Result<()> {
        let is_heard = |places: &HashMap<i64, u64>| {
            places.iter().all(|(customer, place)| newest.get(customer).is_none_or(|it| it <= place))
        };
        // What is missing then is for the check to say.
        let _ = self.wait(is_heard).await;
        Ok(())
    }

    async fn wait(&self, is_done: impl Fn(&HashMap<i64, u64>) -> bool) -> anyhow::Result<()> {
        let start = Instant::now();
        while !is_done(&self.places.lock().unwrap_or_else(PoisonError::into_inner)) {
            ensure!(start.elapsed() < PATIENCE, "a stream is silent");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

struct Listener {
    /// Where the servers are reached.
    fronts: Vec<String>,
    history: Arc<History>,
    places: Places,
    customer: Customer,
    random: Random,
}

impl Listener {
    async fn run(mut self) -> anyhow::Result<()> {
        let http = Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build()?;
        loop {
            if let Some(front) = self.random.pick(&self.fronts) {
                let mut request = http.get(format!("{front}/v1/orders/stream"));
                if let Some(place) = self.place() {
                    request = request.header("last-event-id", place.to_string());
                }
                let sent = request.bearer_auth(&self.customer.token).send().await;
                if let Ok(response) = sent.and_then(reqwest::Response::error_for_status) {
                    self.listen(Stream::of(response)).await?;
                }
            }
            let pause = self.random.between(PAUSE_MS.0, PAUSE_MS.1);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn listen(&self, mut stream: Stream) -> anyhow::Result<()> {
        while let Some(event) = stream.next().await {
            self.hear(&event)?;
        }
        Ok(())
    }

    fn hear(&self, event: &Event) -> anyhow::Result<()> {
        let customer = self.customer.id;
        if let (true, Some(seq)) = (event.kind == "snapshot", event.id) {
            self.history.tell(What::Listens { customer, after: seq })?;
        }
        if let (true, Some(seq)) = (event.kind.starts_with("order."), event.id) {
            let order = event.data["data"]["id"].as_i64().unwrap_or_default();
            let event = event.kind.clone();
            self.history.tell(What::Heard { customer, seq, event, order })?;
        }
        if let Some(seq) = event.id {
            self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(customer, seq);
        }
        Ok(())
    }

    fn place(&self) -> Option<u64> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&self.customer.id).copied()
    }
}
