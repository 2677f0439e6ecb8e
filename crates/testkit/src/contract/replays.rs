//! What comes a second time after every trace of the first was deleted.

use std::{sync::Arc, time::Duration};

use domain::{
    gateways::PaymentRef,
    ids::UserId,
    inbox::{Callback, receive::ReceiveSms},
    ledger::Gateway,
    money::Amount,
    orders::{Order, Status},
    providers::{NumberProvider, ProviderError, SmsText, UpstreamStatus},
    rates::{CurrentRate, IdrPerUsd},
    time::Clock,
    topups::{Applied, confirm::ConfirmPayment, record::RecordNotice, start::StartTopup},
};

use super::{
    Backend,
    stage::{COST_MICROS, Stage, customer, external, wallet},
};
use crate::{
    Chaos, FakeGateway, FakeGateways, FakeRegistry, FixedClock, Outcome, RecordingWake,
    ScriptedProvider, SeqIds, offer, start_of_time,
};

/// Longer than anything is kept that a repeat would be told by.
const LONG: Duration = Duration::from_hours(40 * 24);

/// One provider, and what takes in its callbacks.
struct Desk<'a, B> {
    stage: Stage<'a, B>,
    provider: Arc<ScriptedProvider>,
    clock: Arc<FixedClock>,
    receive: ReceiveSms,
}

impl<'a, B: Backend + Clone + 'static> Desk<'a, B> {
    async fn open(store: &'a B) -> Outcome<Self> {
        let stage = Stage::open(store, 1_000).await?;
        let cost = stage.offer.quote.cost;
        let provider = Arc::new(ScriptedProvider::new(offer(cost, 1), 1, Chaos::default()));
        let registry = FakeRegistry::default();
        registry.insert(stage.provider, Arc::clone(&provider));
        let clock = Arc::new(FixedClock::default());
        let store = Arc::new(store.clone());
        let signals = (Arc::new(RecordingWake::default()) as _, Arc::clone(&clock) as _);
        let receive = ReceiveSms::new(store.clone(), store, Arc::new(registry), signals);
        Ok(Self { stage, provider, clock, receive })
    }

    fn callback(&self, activation: &str) -> Outcome<Callback> {
        Ok(Callback {
            provider: self.stage.provider,
            external_id: external(activation)?,
            code: Some("1234".into()),
            text: SmsText::new("Your code is 1234"),
            received_at: "2027-01-15 08:00:00".to_owned(),
        })
    }

    async fn hear(&self, activation: &str, word: Word) -> Outcome {
        self.provider.then_status(word.said());
        self.receive.execute(&self.callback(activation)?).await?;
        // What nobody asked for is not left to the next.
        drop(self.provider.status(&external(activation)?).await);
        Ok(())
    }

    /// All that a repeat could change: the order, its messages, and every movement of money.
    async fn story(&self, order: &Order) -> Outcome<Story> {
        let store = self.stage.store;
        let mut unit = store.begin().await?;
        let messages = unit.inbox().messages(order).await?.len();
        drop(unit);
        let report = store.audit().await?;
        assert_eq!(report.findings, []);
        let late = report.trial_balance.iter().find(|line| line.class == "late_sms_expense");
        Ok(Story {
            status: self.stage.stored(order).await?.status(),
            messages,
            wallet: self.stage.wallet().await?,
            late_cost: late.map_or(0, |line| line.balance.abs()),
            movements: report.transfers,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Story {
    status: Status,
    messages: usize,
    wallet: (i64, i64),
    late_cost: i64,
    movements: i64,
}

/// What the provider says when it is asked about a callback in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Received,
    Ended,
    Nothing,
}

impl Word {
    fn said(self) -> Result<UpstreamStatus, ProviderError> {
        match self {
            Self::Received => Ok(UpstreamStatus::Received { code: None, text: None }),
            Self::Ended => Ok(UpstreamStatus::Ended),
            Self::Nothing => Err(ProviderError::Unavailable("nobody answers")),
        }
    }
}

/// A callback that comes again long after its row was deleted by `purge` changes nothing: not the
/// order, nor its messages, nor money, whatever the provider says by then.
pub async fn a_callback_does_nothing_twice<B: Backend + Clone + 'static>(
    store: &B,
    purge: impl AsyncFn() -> Outcome,
) -> Outcome {
    let desk = Desk::open(store).await?;
    let delivered = desk.stage.active("1").await?;
    desk.hear("1", Word::Received).await?;
    let finished = desk.stage.active("2").await?;
    desk.hear("2", Word::Received).await?;
    let heard = desk.stage.stored(&finished).await?;
    let at = heard.changed_at + Duration::from_secs(1);
    desk.stage.write(&heard.complete(at)?, None).await?;
    let late = desk.stage.canceled(desk.stage.active("3").await?).await?;
    desk.hear("3", Word::Received).await?;
    let free = desk.stage.canceled(desk.stage.active("4").await?).await?;
    desk.hear("4", Word::Ended).await?;
    let orders = [(delivered, "1"), (finished, "2"), (late, "3"), (free, "4")];
    let mut before = Vec::new();
    for (order, _) in &orders {
        before.push(desk.story(order).await?);
    }
    assert!(before.iter().all(|story| story.late_cost == COST_MICROS), "of one: {before:?}");
    desk.clock.advance(LONG);
    for word in [Word::Nothing, Word::Ended, Word::Nothing] {
        purge().await?;
        for (_, activation) in &orders {
            // The provider still knows the ones it was paid for.
            let paid = *activation != "4" && word == Word::Ended;
            desk.hear(activation, if paid { Word::Received } else { word }).await?;
            desk.hear(activation, word).await?;
        }
        let mut after = Vec::new();
        for (order, _) in &orders {
            after.push(desk.story(order).await?);
        }
        assert_eq!(after, before, "{word:?}");
    }
    Ok(())
}

/// A notification that comes again long after its row was deleted by `purge` credits nothing twice,
/// nor does it take anything.
pub async fn a_notice_does_nothing_twice<B: Backend + Clone + 'static>(
    store: &B,
    purge: impl AsyncFn() -> Outcome,
) -> Outcome {
    let user: UserId = customer(store, "payer@example.com", 0).await?;
    let gateway = Arc::new(FakeGateway::new(FakeGateway::EXACT, Chaos::default()));
    let (clock, ports) = (Arc::new(FixedClock::default()), Arc::new(store.clone()));
    let fixed = IdrPerUsd::new(16_000).ok_or("a rate")?;
    let rate = CurrentRate::new(ports.clone(), clock.clone(), Some(fixed), LONG);
    let sources = (Arc::clone(&clock) as _, Arc::new(SeqIds::default()) as _);
    let start = StartTopup::new(ports.clone(), Arc::clone(&gateway) as _, Arc::new(rate), sources);
    let topup = start.execute(user, Amount::new(50_000).ok_or("an amount")?).await?;
    let payment = topup.payment_id.ok_or("a payment")?;
    gateway.pay(&payment);
    let wake = Arc::new(RecordingWake::default());
    let record = RecordNotice::new(gateway.clone(), ports.clone(), wake, clock.clone());
    let gateways = Arc::new(FakeGateways::new(vec![Arc::clone(&gateway)]));
    let confirm = ConfirmPayment::new(ports, gateways, clock.clone());
    let raw = gateway.hint(Some(&payment));
    let signed =
        |name: &str| (name == FakeGateway::HEADER).then(|| FakeGateway::SIGNATURE.to_owned());
    let mut applied = Vec::new();
    for _ in 0..3 {
        record.execute(&signed, &raw).await?;
        let reference = PaymentRef::Payment(payment.clone());
        applied.push(confirm.execute(Gateway::Stripe, &reference, None).await?);
        assert_eq!(wallet(store, user).await?, (50_000, 0));
        purge().await?;
        clock.advance(LONG);
    }
    assert_eq!(applied, [Applied::Moved, Applied::Noted, Applied::Noted]);
    assert!(clock.now() > start_of_time() + LONG);
    assert_eq!(store.audit().await?.findings, []);
    Ok(())
}
