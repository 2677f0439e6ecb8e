//! What every gateway may do to us, gateway by gateway.

mod arrivals;
mod signatures;
mod till;
mod troubles;
mod wayback;

use std::{panic::AssertUnwindSafe, time::Instant};

use futures_util::{FutureExt as _, StreamExt as _, future, stream};
use serde_json::json;

use self::till::{Kind, Till};
use crate::support::{Options, SOON, Stack, until};

/// Everything that gateways and payers were seen doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    Duplicate,
    Reordered,
    StaleSignature,
    TamperedBody,
    SecretRotation,
    UnderPayment,
    OverPayment,
    LatePayment,
    SecondDeposit,
    RefundInParts,
    RefundThere,
    DisputeWon,
    DisputeLost,
    Undone,
    EarlyCallback,
    UnknownOrder,
    AheadOfUs,
    LostAnswer,
    MissingCallback,
    Mismatch,
    TestMode,
}

impl Scenario {
    const ALL: [Self; 21] = [
        Self::Duplicate,
        Self::Reordered,
        Self::StaleSignature,
        Self::TamperedBody,
        Self::SecretRotation,
        Self::UnderPayment,
        Self::OverPayment,
        Self::LatePayment,
        Self::SecondDeposit,
        Self::RefundInParts,
        Self::RefundThere,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::Undone,
        Self::EarlyCallback,
        Self::UnknownOrder,
        Self::AheadOfUs,
        Self::LostAnswer,
        Self::MissingCallback,
        Self::Mismatch,
        Self::TestMode,
    ];

    /// Why it cannot happen with that gateway; nothing where it can, and then it is played.
    const fn excuse(self, kind: Kind) -> Option<&'static str> {
        use Kind::{Btcpay, Duitku, Heleket, Stripe};
        match (self, kind) {
            (Self::Reordered, Duitku) => Some("tells of a payment in one callback"),
            (Self::StaleSignature, Heleket | Duitku | Btcpay) => Some("signs no time"),
            (Self::UnderPayment | Self::OverPayment, Stripe | Duitku) => Some("takes exact sums"),
            (Self::LatePayment, Stripe) => Some("a closed page takes no money"),
            (Self::SecondDeposit, Duitku) => Some("its status tells of one payment only"),
            (Self::RefundInParts | Self::RefundThere, Duitku) => Some("gives nothing back"),
            (Self::RefundInParts, Heleket) => Some("gives all back or nothing, to an address"),
            (Self::DisputeWon | Self::DisputeLost, Heleket | Duitku | Btcpay) => {
                Some("no bank takes its payments back")
            }
            (Self::Undone, Stripe | Heleket | Duitku) => Some("what is final there stays final"),
            (Self::TestMode, Heleket | Duitku | Btcpay) => Some("its messages carry no mode"),
            _ => None,
        }
    }

    async fn play(self, till: &Till<'_>) {
        match self {
            Self::Duplicate => arrivals::duplicate(till).await,
            Self::Reordered => arrivals::reordered(till).await,
            Self::EarlyCallback => arrivals::early(till).await,
            Self::UnknownOrder => arrivals::unknown(till).await,
            Self::AheadOfUs => arrivals::ahead(till).await,
            Self::MissingCallback => arrivals::missing(till).await,
            Self::StaleSignature => signatures::stale(till).await,
            Self::TamperedBody => signatures::tampered(till).await,
            Self::SecretRotation => signatures::rotation(till).await,
            Self::TestMode => signatures::test_mode(till).await,
            Self::UnderPayment => troubles::under(till).await,
            Self::OverPayment => troubles::over(till).await,
            Self::LatePayment => troubles::late(till).await,
            Self::SecondDeposit => troubles::second(till).await,
            Self::LostAnswer => troubles::lost_answer(till).await,
            Self::Mismatch => troubles::mismatch(till).await,
            Self::RefundInParts => wayback::in_parts(till).await,
            Self::RefundThere => wayback::there(till).await,
            Self::DisputeWon => wayback::won(till).await,
            Self::DisputeLost => wayback::lost(till).await,
            Self::Undone => wayback::undone(till).await,
        }
    }

    /// Whether it changes how the gateway treats everybody.
    const fn needs_the_gateway_alone(self, kind: Kind) -> bool {
        match self {
            Self::Reordered | Self::EarlyCallback | Self::UnknownOrder | Self::LostAnswer => true,
            Self::SecretRotation => matches!(kind, Kind::Btcpay),
            _ => false,
        }
    }
}

/// Scenarios at once: most of them wait, and each has processes of its own.
const SIDE_BY_SIDE: usize = 4;

/// Plays everything that can happen with one gateway; the books are checked at the end.
async fn play_all(kind: Kind) {
    let stack = Stack::start(Options::default().all_gateways()).await;
    let till = Till { stack: &stack, kind };
    let played = Scenario::ALL.into_iter().filter(|it| it.excuse(kind).is_none());
    let (alone, others): (Vec<_>, Vec<_>) = played.partition(|it| it.needs_the_gateway_alone(kind));
    let mut failed = Vec::new();
    for (scenarios, at_once) in [(others, SIDE_BY_SIDE), (alone, 1)] {
        let plays = stream::iter(scenarios).map(|it| play(it, &till)).buffer_unordered(at_once);
        failed.extend(plays.filter_map(future::ready).collect::<Vec<_>>().await);
    }
    assert!(failed.is_empty(), "{}: {failed:?}", kind.code());
    stack.finish().await;
}

/// Answers the scenario when it failed; the others go on.
async fn play(scenario: Scenario, till: &Till<'_>) -> Option<Scenario> {
    let started = Instant::now();
    let outcome = AssertUnwindSafe(scenario.play(till)).catch_unwind().await;
    let took = started.elapsed();
    eprintln!("{}: {scenario:?}: {took:.1?}, fine: {}", till.kind.code(), outcome.is_ok());
    outcome.is_err().then_some(scenario)
}

/// L9, L14, I-12: whatever happens at Stripe.
#[tokio::test]
async fn stripe() {
    play_all(Kind::Stripe).await;
}

/// L9, L14, I-12: whatever happens at Heleket.
#[tokio::test]
async fn heleket() {
    play_all(Kind::Heleket).await;
}

/// L9, L14, I-12: whatever happens at Duitku.
#[tokio::test]
async fn duitku() {
    play_all(Kind::Duitku).await;
}

/// L9, L14, I-12: whatever happens at a BTCPay Server.
#[tokio::test]
async fn btcpay() {
    play_all(Kind::Btcpay).await;
}

/// L9: no notification is lost while our database is away; each gateway gets the answer after
/// which it tries again.
#[tokio::test]
async fn asks_every_gateway_to_come_back_while_the_database_is_away() {
    let stack = Stack::start(Options::default().all_gateways().gated()).await;
    let mut bills = Vec::new();
    for kind in Kind::ALL {
        let till = Till { stack: &stack, kind };
        bills.push((kind, till.bill().await));
    }
    let gate = stack.gate.as_ref().unwrap();
    gate.close();
    for (kind, bill) in &bills {
        let till = Till { stack: &stack, kind: *kind };
        let told = till.act(bill, "pay", json!({ "deliver": "fresh" })).await;
        // BTCPay sends later, one notification after the other.
        let later = *kind == Kind::Btcpay && told.is_empty();
        let served = told.first().is_some_and(|status| *status >= 500);
        assert!(later || served, "{}: {told:?}", kind.code());
    }
    gate.open().await;
    for (_, bill) in &bills {
        until("the API is back", SOON, async || {
            bill.customer.get("/v1/balance").await.status == 200
        })
        .await;
    }
    for (kind, bill) in &bills {
        Till { stack: &stack, kind: *kind }.paid(bill).await;
    }
    stack.finish().await;
}
