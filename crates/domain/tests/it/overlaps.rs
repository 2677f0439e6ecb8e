//! Returns of one payment that overlap: a refund made at the gateway, a dispute, and a refund of
//! ours, each of which may come to nothing, in every order. Whatever came first, the customer has
//! what was paid less what the payer has back.

use std::sync::Arc;

use domain::{
    gateways::{DisputeReport, DisputeState, PaymentReport, RefundReport, RefundState},
    ledger::LedgerQueries,
    money::{Amount, Money},
    topups::{Topup, refund::RefundCommand},
};
use testkit::{FakeGateway, Market, Outcome};

const PAID: i64 = 50_000;

/// What may happen to the payment, by its place in a story. Each begins and then ends.
const CAUSES: usize = 3;
const FOREIGN: usize = 0;
const DISPUTE: usize = 1;
const OURS: usize = 2;

/// Whether the payer keeps the money of each cause.
type Ends = [bool; CAUSES];

/// Every order in which the causes can begin and end: each is named twice.
fn orders() -> Vec<Vec<usize>> {
    fn go(left: [u8; CAUSES], story: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if left == [0; CAUSES] {
            all.push(story.clone());
        }
        for cause in 0..CAUSES {
            let mut left = left;
            if let Some(rest) = left[cause].checked_sub(1) {
                left[cause] = rest;
                story.push(cause);
                go(left, story, all);
                story.pop();
            }
        }
    }
    let mut all = Vec::new();
    go([2; CAUSES], &mut Vec::new(), &mut all);
    all
}

fn ends() -> impl Iterator<Item = Ends> {
    (0..1_u8 << CAUSES).map(|bits| [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0])
}

/// A payment that is credited, and how much of it each cause sends back.
struct Story {
    market: Market,
    gateway: Arc<FakeGateway>,
    topup: Topup,
    payment: String,
    parts: [i64; CAUSES],
    /// What the payer has back, by cause, in rupiah.
    back: [i64; CAUSES],
    begun: [bool; CAUSES],
}

impl Story {
    async fn begin(dollars: bool, parts: [i64; CAUSES]) -> Outcome<Self> {
        let market = Market::new().await?;
        let gateway = Arc::clone(if dollars { &market.coins } else { &market.gateway });
        let (topup, payment) = market.started(&gateway, PAID).await?;
        gateway.pay(&payment);
        market.learn(&gateway, &payment, |_| {}).await?;
        let (back, begun) = ([0; CAUSES], [false; CAUSES]);
        Ok(Self { market, gateway, topup, payment, parts, back, begun })
    }

    /// What is charged for `part` rupiah.
    fn share(&self, part: i64) -> Option<Amount> {
        Amount::new(self.topup.charge.amount.get() / PAID * part)
    }

    async fn step(&mut self, cause: usize, keeps: bool) -> Outcome {
        let first = !std::mem::replace(&mut self.begun[cause], true);
        if first && cause == OURS {
            return self.order().await;
        }
        let part = self.parts[cause];
        let amount = self.share(part).ok_or("an amount")?;
        let amount = Money { amount, ..self.topup.charge };
        let change = |report: &mut PaymentReport| match (cause, first) {
            (FOREIGN, true) => report.refunds.push(RefundReport {
                id: "re_1".to_owned(),
                refund: None,
                amount,
                state: RefundState::Pending,
            }),
            (DISPUTE, true) => report.disputes.push(DisputeReport {
                id: "dp_1".to_owned(),
                amount,
                state: DisputeState::Open,
            }),
            (DISPUTE, false) => {
                let end = if keeps { DisputeState::Lost } else { DisputeState::Won };
                report.disputes.iter_mut().for_each(|it| it.state = end);
            }
            _ => {
                let end = if keeps { RefundState::Done } else { RefundState::Failed };
                let same = |it: &&mut RefundReport| it.refund.is_some() == (cause == OURS);
                report.refunds.iter_mut().filter(same).for_each(|it| it.state = end);
            }
        };
        let was_refused = cause == OURS && self.back[OURS] == 0;
        if !was_refused {
            self.back[cause] = if first || keeps { part } else { 0 };
        }
        self.market.learn(&self.gateway, &self.payment, change).await?;
        // What was heard is heard again.
        self.market.learn(&self.gateway, &self.payment, |_| {}).await
    }

    /// Operators refund a part, unless nothing is left to refund.
    async fn order(&mut self) -> Outcome {
        self.gateway.then_refund(Ok(RefundState::Pending));
        let command = RefundCommand {
            topup: self.topup.id,
            amount: Amount::new(self.parts[OURS]),
            operator: "Ada".to_owned(),
            approver: "Grace".to_owned(),
            reason: "asked for".to_owned(),
        };
        if self.market.order_refund().execute(&command).await.is_ok() {
            self.back[OURS] = self.parts[OURS];
        }
        self.market.run_tasks().await?;
        Ok(())
    }

    /// What the customer has, less what they owe.
    async fn standing(&self) -> Outcome<i64> {
        let wallet = LedgerQueries::wallet(&self.market.store, self.market.user).await?;
        Ok(wallet.available.get() - wallet.debt.get())
    }

    fn due(&self) -> i64 {
        PAID - self.back.iter().sum::<i64>().min(PAID)
    }

    async fn check(&self) -> Outcome {
        self.market.check_payins().await?;
        self.market.check_books().await?;
        let (has, due) = (self.standing().await?, self.due());
        if has == due { Ok(()) } else { Err(format!("{has} instead of {due}").into()) }
    }
}

async fn tell(dollars: bool, parts: [i64; CAUSES]) -> Outcome {
    for order in orders() {
        for ends in ends() {
            let mut story = Story::begin(dollars, parts).await?;
            for (place, cause) in order.iter().copied().enumerate() {
                let told = story.step(cause, ends[cause]).await;
                let told = if told.is_ok() { story.check().await } else { told };
                told.map_err(|error| format!("{parts:?} {order:?} {ends:?} at {place}: {error}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn every_order_is_told() {
    assert_eq!(orders().len(), 90);
    assert_eq!(ends().count(), 8);
}

/// A part refunded at the gateway, all of it disputed, a part refunded by us.
#[tokio::test]
async fn a_dispute_of_all_over_two_refunds() -> Outcome {
    tell(false, [15_000, PAID, 10_000]).await
}

/// Parts that are together more than the payment, though none is all of it.
#[tokio::test]
async fn parts_that_are_more_than_the_whole() -> Outcome {
    tell(false, [30_000, 40_000, 20_000]).await
}

/// The same in dollars, which are exchanged on their way.
#[tokio::test]
async fn parts_in_dollars() -> Outcome {
    tell(true, [30_000, 40_000, 20_000]).await
}
