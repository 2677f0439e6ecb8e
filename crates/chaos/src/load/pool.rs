use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{sync::watch, task::JoinSet};

use super::{buyer::Buyer, drills::Drills, goods::Goods, payers::Payers, writers::Writers};
use crate::{history::History, stack::System};

/// How many calls each server answered with a success.
#[derive(Debug, Default)]
pub(crate) struct Served(Vec<(String, AtomicU64)>);

impl Served {
    pub(crate) fn by(names: impl Iterator<Item = String>) -> Self {
        Self(names.map(|name| (name, AtomicU64::new(0))).collect())
    }

    pub(crate) fn count(&self, name: &str) {
        if let Some((_, times)) = self.0.iter().find(|(known, _)| known == name) {
            times.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn times(&self, name: &str) -> Option<u64> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, times)| times.load(Ordering::Relaxed))
    }
}

/// What everybody who uses the system shares.
pub(super) struct Scene {
    pub(super) system: Arc<System>,
    pub(super) history: Arc<History>,
    pub(super) served: Arc<Served>,
    pub(super) seed: u64,
    stop: watch::Receiver<bool>,
}

impl Scene {
    /// Sleeps, unless it is time to stop; answers whether to go on.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => !*self.stop.borrow(),
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }
}

/// Everybody who uses the system.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    work: JoinSet<anyhow::Result<()>>,
}

impl Load {
    /// Lets them begin.
    pub(crate) async fn start(
        system: &Arc<System>,
        history: &Arc<History>,
        served: &Arc<Served>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let scene = Arc::new(Scene {
            system: Arc::clone(system),
            history: Arc::clone(history),
            served: Arc::clone(served),
            seed,
            stop: stopped,
        });
        let first = system.customers.first().context("nobody buys")?;
        let goods = Arc::new(Goods::look(&scene, first).await?);
        let mut work = JoinSet::new();
        for customer in &system.customers {
            let buyer = Buyer::new(Arc::clone(&scene), customer, Arc::clone(&goods))?;
            work.spawn(buyer.run());
        }
        work.spawn(Drills::new(Arc::clone(&scene)).run());
        work.spawn(Writers::new(Arc::clone(&scene)).run());
        work.spawn(Payers::new(scene).run());
        Ok(Self { stop, work })
    }

    /// Waits for the first of them to fail, which none should.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        loop {
            match self.work.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => return error,
                Some(Err(error)) => return error.into(),
                None => return anyhow::anyhow!("nobody is left"),
            }
        }
    }

    /// Lets them come to an end: what is open is asked again until the truth is known.
    pub(crate) async fn finish(mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        while let Some(ended) = self.work.join_next().await {
            ended??;
        }
        Ok(())
    }
}
