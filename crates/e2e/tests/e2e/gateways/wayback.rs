//! Money that goes back to payers.

use serde_json::{Value, json};

use super::till::{AMOUNT, Bill, Kind, Till};
use crate::support::{SOON, until};

/// Two parts and the rest, ordered by an operator.
pub(super) async fn in_parts(till: &Till<'_>) {
    let bill = paid(till).await;
    for (part, left, state) in [
        (Some("10000"), 40_000, "PARTIALLY_REFUNDED"),
        (Some("15000"), 25_000, "PARTIALLY_REFUNDED"),
        (None, 0, "REFUNDED"),
    ] {
        let mut words = vec!["topup", "refund", &bill.topup, "--operator", "ann"];
        words.extend(["--approver", "bob", "--reason", "the customer asked"]);
        words.extend(part.iter().flat_map(|part| ["--amount", part]));
        let refund = till.stack.ctl.run(&words).await;
        let id = refund["id"].as_str().unwrap().to_owned();
        assert_eq!(bill.customer.balance().await, left, "the money goes first");
        if till.kind == Kind::Btcpay {
            let sent = refund_becomes(till, &bill, &id, "SENT").await;
            let claim = sent["claim_url"].as_str().unwrap().to_owned();
            let pull = claim.rsplit('/').next().unwrap().to_owned();
            till.control("claim", json!({ "pull_payment_id": pull })).await;
            till.look(&bill).await;
        }
        refund_becomes(till, &bill, &id, "DONE").await;
        till.becomes(&bill, state).await;
    }
    assert_eq!(bill.customer.balance().await, 0);
}

async fn refund_becomes(till: &Till<'_>, bill: &Bill, id: &str, state: &str) -> Value {
    let what = format!("the refund at {} is {state}", till.kind.code());
    let sql = "SELECT state FROM topup_refunds WHERE id = $1::uuid";
    till.reads(&what, (sql, id), state).await;
    let shown = till.show(bill).await;
    let refunds = shown["refunds"].as_array().unwrap();
    refunds.iter().find(|refund| refund["id"] == id).cloned().unwrap_or_else(|| panic!("{shown}"))
}

/// Somebody refunds it at the gateway: the customer pays for that, by a debt if need be.
pub(super) async fn there(till: &Till<'_>) {
    let bill = paid(till).await;
    match till.kind {
        Kind::Stripe => {
            for (part, left) in [(1_000_000, 40_000), (1_500_000, 25_000)] {
                till.act(&bill, "refund", json!({ "amount": part })).await;
                till.becomes(&bill, "PARTIALLY_REFUNDED").await;
                until("the part is taken", SOON, async || bill.customer.balance().await == left)
                    .await;
            }
            till.act(&bill, "refund", json!({})).await;
        }
        Kind::Heleket => {
            till.act(&bill, "refund", json!({})).await;
            // Only what has left Heleket counts.
            till.act(&bill, "refund_paid", json!({})).await;
        }
        Kind::Btcpay => by_the_page_of_btcpay(till, &bill).await,
        Kind::Duitku => unreachable!("it gives nothing back"),
    }
    till.look(&bill).await;
    till.becomes(&bill, "REFUNDED").await;
    assert_eq!(bill.customer.balance().await, 0);
}

/// What the button on an invoice's page does.
async fn by_the_page_of_btcpay(till: &Till<'_>, bill: &Bill) {
    let url = format!(
        "{}/btcpay/api/v1/stores/SandboxStore/invoices/{}/refund",
        till.stack.sandbox.url, bill.payment
    );
    let refund = json!({ "refundVariant": "Fiat", "payoutMethodId": "BTC-CHAIN" });
    let request = till.stack.http.post(url).json(&refund);
    let key = format!("token {}", till.stack.keys.btcpay_key);
    let answer = request.header("authorization", key).send().await.unwrap();
    let pull = answer.json::<Value>().await.unwrap()["id"].clone();
    till.control("claim", json!({ "pull_payment_id": pull })).await;
}

pub(super) async fn won(till: &Till<'_>) {
    let bill = paid(till).await;
    let dispute = dispute(till, &bill).await;
    till.becomes(&bill, "DISPUTED").await;
    assert_eq!(bill.customer.balance().await, 0, "the bank has it");
    decide(till, &dispute, "won").await;
    till.becomes(&bill, "PAID").await;
    assert_eq!(bill.customer.balance().await, AMOUNT);
}

/// The money was spent before: what is missing is a debt, and nothing can be bought.
pub(super) async fn lost(till: &Till<'_>) {
    let bill = paid(till).await;
    let product = bill.customer.cheapest("wa", "ID").await;
    bill.customer.buy(&product.any()).await;
    let dispute = dispute(till, &bill).await;
    till.becomes(&bill, "DISPUTED").await;
    assert_eq!(bill.customer.balance().await, -product.price);
    let refused = bill.customer.create(None, &product.any()).await;
    assert!(matches!(refused.status, 403 | 409), "{}", refused.status);
    decide(till, &dispute, "lost").await;
    till.becomes(&bill, "LOST").await;
}

async fn dispute(till: &Till<'_>, bill: &Bill) -> String {
    let told = till.control("dispute", json!({ "session_id": bill.payment })).await;
    told["dispute_id"].as_str().unwrap_or_else(|| panic!("no dispute in {told}")).to_owned()
}

async fn decide(till: &Till<'_>, dispute: &str, status: &str) {
    till.control("dispute/decide", json!({ "dispute_id": dispute, "status": status })).await;
}

/// The gateway takes back what it had called final.
pub(super) async fn undone(till: &Till<'_>) {
    let bill = paid(till).await;
    till.act(&bill, "invalidate", json!({})).await;
    till.look(&bill).await;
    let shown = till.becomes(&bill, "REFUNDED").await;
    assert_eq!(shown["flag"], "UNDONE", "{shown}");
    assert_eq!(bill.customer.balance().await, 0);
}

async fn paid(till: &Till<'_>) -> Bill {
    let bill = till.bill().await;
    till.pay(&bill, "fresh").await;
    till.paid(&bill).await;
    bill
}
