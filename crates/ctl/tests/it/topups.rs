//! Payments at the operator's desk.

use std::sync::Arc;

use ctl::Exit;
use domain::gateways::{DisputeReport, DisputeState};
use serde_json::{Value, json};
use testkit::FakeGateways;

use crate::support::Operator;

/// Starts a payment and answers its number and the gateway's id of it.
async fn started(operator: &Operator) -> (String, String) {
    let started = operator.does("topup start --email customer@example.com --amount 20000").await;
    let text = |name: &str| started.json[name].as_str().unwrap().to_owned();
    (text("id"), text("payment_id"))
}

/// A payment that is credited.
async fn paid(operator: &Operator) -> (String, String) {
    let (id, payment) = started(operator).await;
    operator.market.gateway.pay(&payment);
    operator.market.learn(&operator.market.gateway, &payment, |_| {}).await.unwrap();
    (id, payment)
}

fn listed(json: &Value) -> Vec<&str> {
    json.as_array().unwrap().iter().map(|topup| topup["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_gateway_is_named_where_there_are_several() {
    let mut operator = Operator::new().await;
    let both = vec![operator.market.gateway.clone(), operator.market.coins.clone()];
    operator.desk.gateways = Arc::new(FakeGateways::new(both));
    let line = "topup start --email customer@example.com --amount 20000";
    let (exit, told) = operator.fails(line).await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("--gateway stripe or heleket"), "{told}");
    let started = operator.does(&format!("{line} --gateway heleket")).await;
    assert_eq!(started.json["gateway"], "heleket");
    assert_eq!(started.json["charge"], "2.000000 USD");
    let (exit, told) = operator.fails(&format!("{line} --gateway duitku")).await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("[duitku] is not set up"), "{told}");
}

#[tokio::test]
async fn a_payment_is_shown_with_its_history() {
    let operator = Operator::new().await;
    let (id, payment) = paid(&operator).await;
    let market = &operator.market;
    let shown = operator.does(&format!("topup show {id}")).await;
    assert_eq!((&shown.json["state"], &shown.json["flag"]), (&json!("PAID"), &Value::Null));
    assert_eq!(shown.json["payments"][0]["credited"], 20_000);
    let amount = market.gateway.report(&payment).unwrap().charge.unwrap();
    let dispute = DisputeReport { id: "dp_1".to_owned(), amount, state: DisputeState::Open };
    market.learn(&market.gateway, &payment, |told| told.disputes.push(dispute)).await.unwrap();
    let shown = operator.does(&format!("topup show {id}")).await;
    assert_eq!(shown.json["state"], "DISPUTED");
    assert_eq!(shown.json["reversals"][0]["taken"], 20_000);
    assert!(shown.text.contains("DISPUTE dp_1: 20000 IDR went back"), "{}", shown.text);
}

#[tokio::test]
async fn payments_are_listed_by_customer_and_by_flag() {
    let operator = Operator::new().await;
    let (first, _) = paid(&operator).await;
    operator.market.clock.advance_seconds(1);
    let (second, payment) = started(&operator).await;
    let mine = operator.does("topup list --email customer@example.com").await;
    assert_eq!(listed(&mine.json), [second.as_str(), first.as_str()]);
    assert_eq!(listed(&operator.does("topup list --flagged").await.json), [""; 0]);
    let market = &operator.market;
    let wrong = |told: &mut domain::gateways::PaymentReport| {
        told.status = domain::gateways::PaymentStatus::Locked;
    };
    market.learn(&market.gateway, &payment, wrong).await.unwrap();
    let flagged = operator.does("topup list --flagged").await;
    assert_eq!(listed(&flagged.json), [second.as_str()]);
    assert_eq!(flagged.json[0]["flag"], "LOCKED");
    assert_eq!(
        operator
            .does("topup list --email customer@example.com --limit 1")
            .await
            .json
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let line = format!("topup resolve {second} --operator Ada --note asked");
    assert_eq!(operator.does(&line).await.json["flag"], Value::Null);
    let (exit, _) = operator.fails(&line).await;
    assert_eq!(exit, Exit::Conflict);
    let shown = operator.does(&format!("topup show {second}")).await;
    assert!(shown.text.contains("LOCKED dealt with by Ada: asked"), "{}", shown.text);
}

#[tokio::test]
async fn a_gateway_is_asked_now_and_the_worker_books() {
    let operator = Operator::new().await;
    let (id, payment) = started(&operator).await;
    let asked = operator.does(&format!("topup confirm {id}")).await;
    assert_eq!((&asked.json["status"], &asked.json["received"]), (&json!("open"), &Value::Null));
    operator.market.gateway.pay(&payment);
    let asked = operator.does(&format!("topup confirm {id}")).await;
    assert_eq!(asked.json["status"], "settled");
    assert_eq!(asked.json["received"], "20000 IDR");
    assert_eq!(operator.market.wallet().await.unwrap(), (0, 0), "nobody is credited by the desk");
    operator.market.run_tasks().await.unwrap();
    assert_eq!(operator.market.wallet().await.unwrap(), (20_000, 0));
    let (exit, _) = operator.fails("topup confirm 00000000-0000-0000-0000-0000000000ff").await;
    assert_eq!(exit, Exit::Conflict);
}

#[tokio::test]
async fn a_refund_takes_two_persons() {
    let operator = Operator::new().await;
    let (id, payment) = paid(&operator).await;
    let line = format!("topup refund {id} --amount 5000 --operator Ada --reason asked");
    let (exit, told) = operator.fails(&format!("{line} --approver ada")).await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("somebody else"), "{told}");
    let refund = operator.does(&format!("{line} --approver Grace")).await;
    assert_eq!(
        (&refund.json["amount"], &refund.json["state"]),
        (&json!(5000), &json!("REQUESTED"))
    );
    operator.market.run_tasks().await.unwrap();
    assert_eq!(operator.market.gateway.report(&payment).unwrap().refunds.len(), 1);
    let shown = operator.does(&format!("topup show {id}")).await;
    assert_eq!(shown.json["state"], "PARTIALLY_REFUNDED");
    assert_eq!(shown.json["refunds"][0]["state"], "DONE");
    let rest = format!("topup refund {id} --operator Ada --reason asked --approver Grace");
    assert_eq!(operator.does(&rest).await.json["amount"], 15_000);
    let (exit, told) = operator.fails(&rest).await;
    assert_eq!(exit, Exit::Conflict);
    assert!(told.contains("nothing of this top-up is left"), "{told}");
}

#[tokio::test]
async fn the_rate_is_shown_with_its_origin() {
    let operator = Operator::new().await;
    let shown = operator.does("rate show").await;
    assert_eq!(
        shown.json,
        json!({ "idr_per_usd": 10_000, "published": null, "published_at": null })
    );
    let rate = domain::rates::IdrPerUsd::new(16_123).unwrap();
    let made = testkit::start_of_time();
    operator.desk.rates.remember_rate(rate, made).await.unwrap();
    let shown = operator.does("rate show").await;
    assert_eq!(shown.json["idr_per_usd"], 16_123);
    assert_eq!(shown.json["published_at"], made.to_rfc3339());
}
