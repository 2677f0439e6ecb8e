//! What gateways answer when they are asked about money: a document, and perhaps others behind
//! lines with nothing but `---`. Each is read as the answer of every gateway.

use domain::{
    gateways::{PaymentReport, PaymentStatus, RefundState},
    ids::TopupId,
    money::{Amount, Currency, Money},
    rates::IdrPerUsd,
};
use infra::pay::{btcpay, cryptomus, duitku, stripe};
use serde_json::Value;

use crate::bytes;

/// Parts of answers.
pub(crate) const WORDS: &[&str] = &[
    "\"amount\":\"25.00\"",
    "\"currency\":\"USD\"",
    "\"currency\":\"idr\"",
    "\"uuid\":\"u-1\"",
    "\"status\":\"",
    "paid_over",
    "paid",
    "wrong_amount",
    "refund_paid",
    "confirm_check",
    "\"is_final\":true",
    "\"payment_amount_usd\":\"",
    "\"payer_amount\":\"",
    "\"payment_amount\":\"",
    "\"paidAmount\":\"",
    "Settled",
    "Expired",
    "PaidLate",
    "Marked",
    "\"statusCode\":\"00\"",
    "\"amount_received\":1000000",
    "succeeded",
    "unpaid",
    "complete",
    "\"amount_total\":1000000",
    "\n---\n",
    "[{\"payments\":[{\"status\":\"Settled\"}]}]",
    "null",
    "0198c2d1-0000-7000-8000-000000000001",
    "9223372036854775807",
    "1e5",
    "0.000000001",
    "\"result\":\"success\"",
    "\"rates\":{\"IDR\":16123.45}",
];
const ORDER: &str = "0198c2d1-0000-7000-8000-000000000001";

/// Nothing has arrived that the answer does not tell of, and nothing is out of range.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    let mut documents = text.split("\n---\n");
    let first = documents.next().unwrap_or_default();
    let (second, third) = (documents.next().unwrap_or("[]"), documents.next().unwrap_or("[]"));
    check_cryptomus(first);
    check_duitku(first);
    check_btcpay(first, second, third);
    check_stripe(first);
    check_rate(first);
}

fn check_cryptomus(invoice: &str) {
    let Some(Ok(report)) = cryptomus::fuzz::report(invoice.as_bytes()) else { return };
    check_report(&report);
    let Some(document) = document(invoice) else { return };
    let words = ["status", "payment_status"].map(|name| document[name].as_str());
    let word = words.into_iter().flatten().next().unwrap_or_default();
    let Some(received) = report.received else {
        assert!(report.refunds.is_empty());
        return;
    };
    assert_eq!(report.charge.map(|it| it.currency), Some(received.currency));
    let charge = report.charge.unwrap().amount;
    match word {
        "paid" => assert_eq!(received.amount, charge),
        "paid_over" => assert!(received.amount >= charge),
        "wrong_amount" | "wrong_amount_waiting" => assert!(received.amount <= charge),
        "refund_paid" | "refund_fail" => {}
        _ => panic!("{word:?} brought {received}"),
    }
    let is_final = document["is_final"].as_bool().unwrap_or_default();
    let is_settled = report.status == PaymentStatus::Settled;
    assert!(!is_settled || is_final || word.starts_with("refund"), "{word:?} is not final");
    assert_eq!(report.refunds.len(), usize::from(word == "refund_paid"));
}

fn check_duitku(status: &str) {
    let topup = TopupId::parse(ORDER).unwrap();
    let Some(outcome) = duitku::fuzz::report(status.as_bytes(), topup) else { return };
    let Some(document) = document(status) else { return };
    let Ok(report) = outcome else {
        let is_known = matches!(document["statusCode"].as_str(), Some("00" | "01" | "02"));
        assert!(!is_known || document["merchantOrderId"] != ORDER, "{outcome:?}");
        return;
    };
    check_report(&report);
    assert_eq!(document["merchantOrderId"], ORDER);
    let is_paid = document["statusCode"] == "00";
    assert_eq!(report.status == PaymentStatus::Settled, is_paid);
    assert_eq!(report.received, report.charge.filter(|_| is_paid));
}

fn check_btcpay(invoice: &str, methods: &str, payouts: &str) {
    if let Some(standing) = btcpay::fuzz::standing(invoice.as_bytes(), methods.as_bytes()) {
        let Some(document) = document(invoice) else { return };
        check_arrival(standing.status, standing.received);
        if let Some(received) = standing.received {
            let paid = document["paidAmount"].as_str().unwrap();
            assert!(is_within(received, paid), "{received} of {paid}");
            assert_eq!(Some(received.currency.code()), document["currency"].as_str());
            let words = [&document["status"], &document["additionalStatus"]];
            let is_sure = methods.contains("Settled") || methods.contains('\\');
            assert!(is_sure || words[0] == "Settled", "{words:?} without sure coins");
            assert!(words[0] != "Processing" && words[0] != "New", "{words:?}");
        }
    }
    let received = Money::usd(Amount::new(25_000_000).unwrap());
    let parts = [invoice, payouts, methods].map(str::as_bytes);
    if let Some((value, state)) = btcpay::fuzz::refund(parts[0], parts[1], parts[2], received) {
        assert!(value.is_none_or(|it| it.currency == received.currency));
        assert!(value.is_none_or(|it| it.amount <= received.amount), "{value:?}");
        let is_moved = payouts.contains("Completed") || invoice.contains("amount");
        assert!(state != RefundState::Done || is_moved);
    }
}

fn check_stripe(object: &str) {
    if let Some(standing) = stripe::fuzz::standing(object.as_bytes()) {
        if standing.status == Some(PaymentStatus::Settled) {
            let said = ["paid", "no_payment_required", "succeeded"];
            assert!(object.contains('\\') || said.iter().any(|word| object.contains(word)));
        }
        for money in [standing.charge, standing.received].into_iter().flatten() {
            check_money(money);
        }
    }
    let refund = stripe::fuzz::refund(object.as_bytes()).map(|it| it.amount);
    let dispute = stripe::fuzz::dispute(object.as_bytes()).map(|it| it.amount);
    for money in [refund, dispute].into_iter().flatten() {
        check_money(money);
        // What left is never less than the gateway says; rupiah have two decimals there.
        let Some(document) = document(object) else { return };
        let minor = document["amount"].as_i64().unwrap();
        let units = i128::from(money.amount.get());
        let (units, minor) = match money.currency {
            Currency::Idr | Currency::Xts => (units * 100, i128::from(minor)),
            Currency::Usd => (units, i128::from(minor) * 10_000),
        };
        assert!((minor..minor + 100).contains(&units), "{units} for {minor}");
    }
}

/// A dollar is never worth more than the source says.
fn check_rate(answer: &str) {
    let Ok((rate, _)) = infra::rates::parse(answer.as_bytes()) else { return };
    assert_eq!(IdrPerUsd::new(rate.get()), Some(rate));
    let Some(document) = document(answer) else { return };
    assert_eq!((&document["result"], &document["base_code"]), (&"success".into(), &"USD".into()));
    let said = document["rates"]["IDR"].as_f64().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^53")]
    let below = said - rate.get() as f64;
    assert!((0.0..=1.0).contains(&below), "{rate:?} for {said}");
}

/// The document as a whole. There may be none: a number that we do not read can be out of range.
fn document(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn check_report(report: &PaymentReport) {
    let PaymentReport { payment_id, status, charge, received, refunds, disputes, .. } = report;
    assert!((1..=255).contains(&payment_id.len()), "{payment_id:?}");
    check_arrival(*status, *received);
    for money in [charge, received].into_iter().flatten() {
        check_money(*money);
    }
    assert!(disputes.is_empty());
    for refund in refunds {
        assert!((1..=300).contains(&refund.id.len()), "{refund:?}");
        assert!(received.is_some_and(|it| it.amount >= refund.amount.amount), "{refund:?}");
    }
}

/// Money counts as there only in states in which it is.
fn check_arrival(status: PaymentStatus, received: Option<Money>) {
    let may_be_there = matches!(status, PaymentStatus::Settled | PaymentStatus::Short);
    assert!(received.is_none() || may_be_there, "{received:?} while {status:?}");
}

fn check_money(money: Money) {
    assert_eq!(Amount::new(money.amount.get()), Some(money.amount));
}

/// Whether `money` is not more than the decimal `text` says, read digit by digit.
fn is_within(money: Money, text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let places = match money.currency {
        Currency::Idr | Currency::Xts => 0,
        Currency::Usd => 6,
    };
    let digits: String = fraction.chars().chain("000000".chars()).take(places).collect();
    format!("{whole}{digits}")
        .parse()
        .is_ok_and(|units: u128| units >= u128::try_from(money.amount.get()).unwrap_or(u128::MAX))
}
