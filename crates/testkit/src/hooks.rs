use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::hooks::{
    Guard, HookKeys, HookSecret, HookSender, HookUrl, Parcel, SendOutcome, Sent, Target, UrlFault,
};

use crate::Chaos;

/// A customer's server: takes every message unless it was told otherwise.
#[derive(Debug, Default)]
pub struct FakeReceiver {
    inner: Mutex<Inner>,
    chaos: Chaos,
}

#[derive(Debug, Default)]
struct Inner {
    answers: VecDeque<SendOutcome>,
    always: Option<SendOutcome>,
    wish: Option<Duration>,
    came: Vec<(Target, Parcel)>,
}

impl FakeReceiver {
    /// A receiver whose connection `chaos` may disturb.
    pub fn new(chaos: Chaos) -> Self {
        Self { chaos, ..Self::default() }
    }

    /// Answers a further message like this.
    pub fn then(&self, outcome: SendOutcome) {
        self.inner().answers.push_back(outcome);
    }

    /// Answers every message like this, once what was planned is over.
    pub fn always(&self, outcome: SendOutcome) {
        self.inner().always = Some(outcome);
    }

    /// Asks for this pause with every answer.
    pub fn wish(&self, pause: Duration) {
        self.inner().wish = Some(pause);
    }

    /// Everything that came, in order, whatever it was answered with.
    pub fn came(&self) -> Vec<(Target, Parcel)> {
        self.inner().came.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, target: &Target, parcel: &Parcel) -> SendOutcome {
        let mut inner = self.inner();
        inner.came.push((target.clone(), parcel.clone()));
        let always = inner.always.unwrap_or(SendOutcome::Answered(200));
        inner.answers.pop_front().unwrap_or(always)
    }
}

#[async_trait]
impl HookSender for FakeReceiver {
    async fn send(&self, target: &Target, parcel: &Parcel) -> Sent {
        let outcome = match self.chaos.before("send").await {
            Err(_) => SendOutcome::Unreachable,
            Ok(call) => {
                let outcome = self.take(target, parcel);
                let heard = self.chaos.after(call).await;
                heard.map_or(SendOutcome::TimedOut, |()| outcome)
            }
        };
        Sent {
            outcome,
            host: "receiver.example".to_owned(),
            took: Duration::from_millis(20),
            response: Some("thanks".to_owned()),
            wish: self.inner().wish,
        }
    }
}

/// Lets pass what begins with `https://`.
#[derive(Debug, Default, Clone, Copy)]
pub struct PlainGuard;

#[async_trait]
impl Guard for PlainGuard {
    async fn check(&self, url: &HookUrl) -> Result<(), UrlFault> {
        if url.as_str().starts_with("https://") { Ok(()) } else { Err(UrlFault::Scheme) }
    }
}

/// Makes secrets that count from one.
#[derive(Debug, Default)]
pub struct CountingKeys {
    last: AtomicU64,
}

impl HookKeys for CountingKeys {
    #[expect(clippy::expect_used, reason = "a short text is a secret")]
    fn fresh(&self) -> HookSecret {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        HookSecret::parse(&format!("whsec_{number}")).expect("a short text")
    }
}
