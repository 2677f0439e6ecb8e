//! Reports of one payment in every possible order, as when hints, polls and slow answers overlap:
//! with the newest one at last, exactly what the gateway knows is booked.

use std::sync::Arc;

use domain::{
    gateways::{
        DisputeReport, DisputeState, PaymentReport, PaymentStatus, RefundReport, RefundState,
    },
    ledger::LedgerQueries,
    money::{Amount, Money},
};
use testkit::{FakeGateway, Market, Outcome};

const PAID: i64 = 50_000;

/// Every order of `0..length`.
fn orders(length: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..length {
        let longer = all.iter().flat_map(|shorter| {
            (0..=shorter.len()).map(|place| {
                let mut longer = shorter.clone();
                longer.insert(place, next);
                longer
            })
        });
        all = longer.collect();
    }
    all
}

type Change = fn(&mut PaymentReport);

/// What happened to a payment, one step after the other, as reports.
fn told(first: &PaymentReport, changes: &[Change]) -> Vec<PaymentReport> {
    let mut reports = vec![first.clone()];
    let mut report = first.clone();
    for change in changes {
        change(&mut report);
        reports.push(report.clone());
    }
    reports
}

fn money(report: &PaymentReport, part: i64) -> Option<Money> {
    let charge = report.charge?;
    Some(Money { amount: Amount::new(charge.amount.get() * part / 10)?, ..charge })
}

fn settle(report: &mut PaymentReport, tenths: i64) {
    report.status = PaymentStatus::Settled;
    report.received = money(report, tenths);
}

fn refund(report: &mut PaymentReport, id: &str, tenths: i64, state: RefundState) {
    report.refunds.retain(|known| known.id != id);
    if let Some(amount) = money(report, tenths) {
        report.refunds.push(RefundReport { id: id.to_owned(), refund: None, amount, state });
    }
}

fn dispute(report: &mut PaymentReport, tenths: i64, state: DisputeState) {
    report.disputes.clear();
    if let Some(amount) = money(report, tenths) {
        report.disputes.push(DisputeReport { id: "dp_1".to_owned(), amount, state });
    }
}

/// Books the reports in every order, each once more at the end, and expects what the customer has
/// less what they owe.
async fn ends_right(coins: bool, changes: &[Change], expected: i64) -> Outcome {
    for order in orders(changes.len() + 1) {
        let market = Market::new().await?;
        let gateway: &Arc<FakeGateway> = if coins { &market.coins } else { &market.gateway };
        let (_, payment) = market.started(gateway, PAID).await?;
        let first = gateway.report(&payment).ok_or("a payment")?;
        let reports = told(&first, changes);
        for index in order.iter().chain(&order) {
            market.learn(gateway, &payment, |report| *report = reports[*index].clone()).await?;
            market.check_books().await.map_err(|error| format!("{order:?}: {error}"))?;
        }
        let newest = reports.last().ok_or("a report")?.clone();
        market.learn(gateway, &payment, |report| *report = newest).await?;
        market.check_payins().await.map_err(|error| format!("{order:?}: {error}"))?;
        market.check_books().await?;
        let wallet = LedgerQueries::wallet(&market.store, market.user).await?;
        assert_eq!(wallet.shown(), expected, "{order:?}");
    }
    Ok(())
}

#[test]
fn orders_are_complete() {
    let mut all = orders(5);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 120);
}

#[tokio::test]
async fn a_payment_with_a_refund_and_a_dispute_that_is_won() -> Outcome {
    let changes: [Change; 5] = [
        |report| report.status = PaymentStatus::Processing,
        |report| settle(report, 10),
        |report| refund(report, "re_1", 3, RefundState::Done),
        |report| dispute(report, 7, DisputeState::Open),
        |report| dispute(report, 7, DisputeState::Won),
    ];
    ends_right(false, &changes, 35_000).await
}

#[tokio::test]
async fn a_late_payment_whose_dispute_is_lost() -> Outcome {
    let changes: [Change; 5] = [
        |report| report.status = PaymentStatus::Expired,
        |report| settle(report, 10),
        |report| dispute(report, 10, DisputeState::Inquiry),
        |report| dispute(report, 10, DisputeState::Open),
        |report| dispute(report, 10, DisputeState::Lost),
    ];
    ends_right(false, &changes, 0).await
}

#[tokio::test]
async fn a_payment_in_parts_with_a_refund_that_fails() -> Outcome {
    let changes: [Change; 5] = [
        |report| report.status = PaymentStatus::Short,
        |report| settle(report, 2),
        |report| settle(report, 12),
        |report| refund(report, "re_1", 5, RefundState::Pending),
        |report| refund(report, "re_1", 5, RefundState::Failed),
    ];
    ends_right(true, &changes, 60_000).await
}

#[tokio::test]
async fn a_payment_in_parts_with_two_refunds() -> Outcome {
    let changes: [Change; 5] = [
        |report| settle(report, 2),
        |report| settle(report, 7),
        |report| refund(report, "re_1", 3, RefundState::Done),
        |report| refund(report, "re_2", 2, RefundState::Pending),
        |report| refund(report, "re_2", 2, RefundState::Done),
    ];
    ends_right(true, &changes, 10_000).await
}

#[tokio::test]
async fn a_final_payment_that_is_undone() -> Outcome {
    let changes: [Change; 4] = [
        |report| report.status = PaymentStatus::Processing,
        |report| settle(report, 10),
        |report| refund(report, "re_1", 1, RefundState::Done),
        |report| report.status = PaymentStatus::Failed,
    ];
    ends_right(true, &changes, 0).await
}
